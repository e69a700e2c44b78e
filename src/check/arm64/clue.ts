// arm64: a clue: one thing that was read, and the modes that it leaves possible.

import type {Mode} from './modes.ts'

/** Kinds are independent of one another: a kernel that lies in one does not lie in the others. */
export type ClueKind =
  | 'kernel log'
  | 'KVM'
  | 'vCPU registers'
  | 'sysfs'
  | 'interrupts'
  | 'old kernel log'
  | 'processor'
  | 'command line'

export interface Clue {
  kind: ClueKind
  /** What was read, verbatim or in a few words. */
  text: string
  modes: readonly Mode[]
}
