// What the emulated processor of the SVM bed cannot do, and what it does wrongly now and then.

import type {Outcome} from './matrix.ts'

/** It raises no SIMD exceptions, lets ring 3 run wbinvd, and takes one step too many over `rep`. */
export const UNABLE = ['exceptions', 'hostile-privileged', 'single-step']

/** It may deliver a timer's interrupt twice, and a kernel in a machine then panics: ci/README.md. Other beds do not. */
export const isSpoilt =
  (bed: string) =>
  ({stdout, stderr}: Outcome): boolean =>
    bed === 'svm' && (stdout + stderr).includes('Fatal exception in interrupt')
