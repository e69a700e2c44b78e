// What the emulated processor of the SVM bed cannot do.

/** It raises no SIMD exceptions and lets ring 3 run wbinvd. */
export const UNABLE = ['exceptions', 'hostile-privileged']
