// The part of the addon that only a command's run needs: native/napi/watchdog.cc, images.cc.

export interface RunAddon {
  /**
   * Ends this process with `status` at `deadlineNs` (CLOCK_MONOTONIC), with `line` on standard error, whatever its threads are
   * doing. It replaces an earlier one.
   */
  startWatchdog(deadlineNs: number, status: number, line: string): void
  stopWatchdog(): void
  /** native/programs/machine_init.c: an ELF file. */
  machineInit(): Uint8Array
}
