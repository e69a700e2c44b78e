// What a machine's devices count.

/** What a disk has carried out since its machine began. @see {@link MachineUsage} */
export interface DiskCounts {
  reads: number
  readBytes: number
  writes: number
  writtenBytes: number
  flushes: number
  /** Given back to the host, or zeroed. */
  discardedBytes: number
}

/** What a network card has carried since its machine began; bytes of frames. @see {@link MachineUsage} */
export interface NetworkCounts {
  /** By the guest. */
  receivedFrames: number
  receivedBytes: number
  sentFrames: number
  sentBytes: number
}
