// onSyscall: what a Sandbox asks its owner before a guest's call is made, and what can be answered.

/** A system call that a guest is about to make. */
export interface SandboxSyscall {
  /** As in the handlers' names: `openat`. */
  readonly name: string
  readonly pid: number
  /** The argument words, unsigned 64 bits each: numbers, descriptors, flags, and addresses in the guest. */
  readonly args: readonly bigint[]
  /**
   * The arguments that are paths, in order, as the guest wrote them: maybe relative, maybe through links. undefined where
   * the guest's pointer leads nowhere. A copy: what the call itself reads may have changed since.
   */
  readonly paths: readonly (string | undefined)[]
}

/** In place of the call: it fails with an errno, a name (`EACCES`) or number, or gives a result. */
export type SyscallVerdict = {readonly errno: string | number} | {readonly result: number | bigint}

/** May take its time: the guest sleeps meanwhile. Without a verdict the call is made. */
export type SyscallHandler = (
  call: SandboxSyscall,
  // biome-ignore lint/suspicious/noConfusingVoidType: a handler that only looks returns nothing
) => SyscallVerdict | undefined | void | Promise<SyscallVerdict | undefined | void>

/** By the names of the calls. */
export type SyscallHandlers = Readonly<Record<string, SyscallHandler>>
