// What the emulated processor of the SVM bed cannot do.

/** It raises no SIMD exceptions, lets ring 3 run wbinvd, and goes its own way with segments and single steps. */
export const UNABLE = ['exceptions', 'hostile-privileged', 'segments', 'single-step']
