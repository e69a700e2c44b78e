// The addon's part of the jail: one call for each layer.

/** Whose calls are allowed: a sentry's, by its platform; a bare machine's, once it is made; or a kernel's machine's. */
export type Caller = 'kvm' | 'ptrace' | 'machine' | 'kernel'

/**
 * How it may change names, modes, owners and times of host files: not at all; through what it has opened, besides names; or in any way,
 * as nothing leads out of its tree.
 */
export type Changes = 'none' | 'through open files' | 'any'

/** native/napi/jail.cc. Each answers 0, or the errno of the host's refusal: then nothing has changed, or not every thread. */
export interface JailAddon {
  /** native/programs/launcher.c, open for execution; closed at execve(2), with this thread, and by hostClose. @throws Error with `errno` */
  openLauncher(): number
  /**
   * Lowers a limit of man 2 getrlimit. `data`: what this process allocates for itself, in bytes, without shared memory; `nofile`: its
   * descriptors; `nproc`: its user's processes and threads.
   */
  limitResource(name: 'data' | 'nofile' | 'nproc', most: number): number
  /** Core scheduling: no other process runs on the other threads of a core. */
  shareNoCore(): number
  /** For this thread and its future children: branch predictors are shared with nobody. */
  limitSpeculation(): number
  /** For this thread: signals reach only what is born from it from now on; no TCP. Names move between directories only beneath `/` and these. */
  restrictReach(writablePaths: readonly string[]): number
  /** Also for the other threads. From now on only files beneath these descriptors can be opened: to read, or to change. */
  restrictFiles(fds: readonly number[], writableFds: readonly number[]): number
  /**
   * Enters new ones, named as in /proc/PID/ns. The tree of files then has nothing but these directories, for reading. The descriptors,
   * of files to read and of files to change, then lead into mounts of their own.
   */
  enterNamespaces(
    directories: readonly string[],
    fds: readonly number[],
    writableFds: readonly number[],
  ): Record<string, number>
  /** Drops all but these capabilities, by number; with `uid` and `gid`, the user too. The last layer but the filter. */
  giveUpRights(capabilities: readonly number[], uid?: number, gid?: number): number
  /** From now on allows only the calls that it needs. @param isUndecided a machine may still be made, and then another filter comes */
  filterCalls(
    caller: Caller,
    hasChildren: boolean,
    isUndecided: boolean,
    accepts: boolean,
    dumps: boolean,
    changes: Changes,
  ): number
}
