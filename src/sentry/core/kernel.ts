// Kernel: what all tasks share. Its class, SentryKernel, says what else is in it.

export interface Kernel {
  /** The host's CLOCK_MONOTONIC, nanoseconds: what the sentry itself counts by. */
  monotonicNs(): number
}
