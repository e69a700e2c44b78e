// The addon's part of the jail: one call for each layer.

/** Whose calls are let through: a sentry's, by its platform, or those of a bare machine that is made. */
export type Caller = 'kvm' | 'ptrace' | 'machine' | 'kernel'

/** native/napi/jail.cc. Each answers 0, or the errno of what the host refused: then nothing, or not every thread, has changed. */
export interface JailAddon {
  /** native/programs/launcher.c, open to be executed; it closes at execve(2), with this thread, and by hostClose. @throws Error with `errno` */
  openLauncher(): number
  /** Of Landlock's ABI, 1 or more, or a negative errno. */
  landlockVersion(): number
  /** What this process allocates for itself: man 2 getrlimit, RLIMIT_DATA. Shared memory does not count. */
  limitData(bytes: number): number
  /** Core scheduling: no other process runs on the other threads of a core. */
  shareNoCore(): number
  /** Of this thread, and of what is born from it: branch predictors are shared with nobody. */
  limitSpeculation(): number
  /** Of this thread: signals only to what is born from it from now on; no TCP. */
  restrictReach(): number
  /** The other threads' reach, too. From now on only what lies beneath these descriptors is opened: to read, or to change. */
  restrictFiles(fds: readonly number[], writableFds: readonly number[]): number
  /** New ones, by their names in /proc/PID/ns. In the tree of files nothing is but these directories, for reading. */
  enterNamespaces(directories: readonly string[]): Record<string, number>
  /** All but these capabilities, by number; with `uid` and `gid`, the user too. The last layer but the filter. */
  giveUpRights(capabilities: readonly number[], uid?: number, gid?: number): number
  /** From now on only the calls that it needs. @param isUndecided a machine may be made yet, and another filter comes */
  filterCalls(
    caller: Caller,
    hasTerminal: boolean,
    isUndecided: boolean,
    accepts: boolean,
    dumps: boolean,
  ): number
}
