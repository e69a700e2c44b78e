// What the emulated processor of the SVM bed cannot do.

/** It raises no SIMD exceptions, lets ring 3 run wbinvd, and takes one step too many over `rep`. */
export const UNABLE = ['exceptions', 'hostile-privileged', 'single-step']

/** A kernel's timer by TSC deadlines: at some time a guest runs on, and no interrupt of the bed's own processor gets through any more. */
export const KERNEL_PARAMETERS = 'quiet lapic=notscdeadline'
