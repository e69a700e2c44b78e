// What the emulated processor of the SVM bed cannot do.

/** It raises no SIMD exceptions, lets ring 3 run wbinvd, and takes one step too many over `rep`. */
export const UNABLE = ['exceptions', 'hostile-privileged', 'single-step']
