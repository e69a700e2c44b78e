// The part of the addon that only a command's run needs: native/napi/watchdog.cc, images.cc, gdb_pipes.cc.

export interface RunAddon {
  /**
   * Ends this process with `status` at `deadlineNs` (CLOCK_MONOTONIC), with `line` on standard error, whatever its threads are
   * doing. It replaces an earlier one.
   */
  startWatchdog(deadlineNs: number, status: number, line: string): void
  stopWatchdog(): void
  /** native/programs/machine_init.c: an ELF file. */
  machineInit(): Uint8Array
  /**
   * Two pipes, and a file named `hv-gdb` with the numbers of those ends that are this process's: for `hv gdb`, which opens the pipes in
   * /proc/PID/fd.
   * @returns descriptors: the input's end to read and its other one, the output's other end and the one to write, the file. Reads and
   * writes never wait
   * @throws Error with `errno`
   */
  openGdbPipes(): Int32Array
}
