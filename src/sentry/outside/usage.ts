// Usage: what a sandbox tells its owner of what it uses, and of its processes.

/** Processes that are told of: those with the lowest pids. A guest decides how many there are. */
export const MOST_SHOWN = 2048

/**
 * What a sandbox uses at the moment; the last five count from when the sandbox was made, and never fall.
 *
 * @example
 * const {programs, memoryBytes, syscalls}: SandboxUsage = await sandbox.stats()
 * console.log(programs, memoryBytes > 0, syscalls) // e.g. 0 true 0
 */
export interface SandboxUsage {
  /** Programs that `run` and `spawn` have started and that have not ended. */
  programs: number
  /** Processes, zombies included, and their threads together. */
  processes: number
  tasks: number
  maxTasks: number
  /** Guest memory in use, with the files that are in memory. */
  memoryBytes: number
  maxMemoryBytes: number
  /** Files in memory. */
  diskBytes: number
  /** Absent: no limit but memory. */
  maxDiskBytes?: number
  /** What the guest makes the sentry hold besides guest memory, an estimate from above. */
  heldBytes: number
  maxHeldBytes: number
  /** CPU time of all programs, the ended ones included. */
  cpuMs: number
  startedPrograms: number
  startedTasks: number
  /** System calls that the sentry answered. */
  syscalls: number
  faults: number
}

/**
 * A process of a sandbox.
 *
 * @example
 * const child = sandbox.spawn('/bin/busybox', ['sh', '-c', 'echo ready; read line'])
 * for await (const line of child) if (line === 'ready') break
 * const [process]: ProcessInfo[] = await sandbox.processes()
 * console.log(process.name, process.threads) // busybox 1
 * child.kill()
 */
export interface ProcessInfo {
  /** In the guest. */
  pid: number
  /** 1: its parent has ended, or it is a program that `run` or `spawn` started. */
  parentPid: number
  /** The pid of the program that `run` or `spawn` started, from which it descends. */
  programPid: number
  /** /proc/PID/comm: at most 15 bytes. */
  name: string
  /** Its arguments, with blanks between them: at most 256 bytes. Empty for a zombie. */
  command: string
  /** The letter of /proc/PID/stat: R running, S sleeping, D in a call that no signal ends, T stopped, t traced, Z zombie. */
  state: string
  threads: number
  uid: number
  memoryBytes: number
  cpuMs: number
}
