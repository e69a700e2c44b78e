// The addon's part that a command's run alone needs: native/napi/watchdog.cc.

export interface RunAddon {
  /**
   * Ends this process with `status` at `deadlineNs` (CLOCK_MONOTONIC), with `line` on standard error, whatever its threads are
   * doing. In place of the one there was.
   */
  startWatchdog(deadlineNs: number, status: number, line: string): void
  stopWatchdog(): void
}
