// onSyscall: what a Sandbox asks its owner before a guest's call is made, what can be answered, and what is told after it.

import type {SyscallArgument} from '../../sentry/trace/argument-value.ts'

/**
 * A system call that a guest is about to make, or has made.
 *
 * @example
 * await using sandbox = await Sandbox.create({
 *   onSyscall: {write: ({name, args, decoded}) => console.log(name, args[0], decoded[1].text)}, // write 1n "hi\n"
 * })
 * await sandbox.run('/bin/busybox', ['echo', 'hi'])
 */
export interface SandboxSyscall {
  /** As handlers are named: `openat`. */
  readonly name: string
  /** The process's pid in the guest. */
  readonly pid: number
  /** The pid, as `SandboxProcess.pid`, of the program that `run` or `spawn` started: the caller itself, or what made it. */
  readonly programPid: number
  /** The thread's id; a thread makes one call at a time. */
  readonly tid: number
  /** The argument words, unsigned 64 bits each: numbers, descriptors, flags, and addresses in the guest. */
  readonly args: readonly bigint[]
  /**
   * The arguments that are paths, in order, as the guest wrote them: maybe relative, maybe through links. undefined if the guest's pointer
   * leads nowhere. A copy: what the call itself reads may have changed since.
   */
  readonly paths: readonly (string | undefined)[]
  /**
   * The decoded arguments, one for each of `args`: paths with where they lead, flags by name, the data that is written. A copy, and a look
   * at the tree as it is now: another thread may change both before the call is made.
   */
  readonly decoded: readonly SyscallArgument[]
}

/** How a call ended: one of `result` and `errno` is set. @see {@link SyscallHooks} */
export interface SyscallOutcome {
  /** What the program got: an address, a descriptor, a count. */
  readonly result: number | undefined
  /** `ENOENT`. */
  readonly errno: string | undefined
  /**
   * A signal ended its sleep, and the program's signal handler already runs; `errno` is mostly `EINTR`. If the call is then made again,
   * that is another call.
   */
  readonly interrupted: boolean
}

/**
 * What happens in place of the call: it fails with an errno, by name (`EACCES`) or number, or gives a result.
 * @see {@link SyscallHandlers}
 */
export type SyscallVerdict = {readonly errno: string | number} | {readonly result: number | bigint}

/**
 * A function that is asked before a call is made. It may take its time: the guest sleeps meanwhile. Without a verdict the call is made.
 * @see {@link SyscallHandlers}
 */
export type SyscallHandler = (
  call: SandboxSyscall,
  // biome-ignore lint/suspicious/noConfusingVoidType: a handler that only looks returns nothing
) => SyscallVerdict | undefined | void | Promise<SyscallVerdict | undefined | void>

/**
 * A function that is called when a call has ended. It may take its time: the guest gets the result when it is done, so that what it
 * records is in order. What it returns is ignored.
 * @see {@link SyscallHooks}
 */
export type SyscallObserver = (call: SandboxSyscall, outcome: SyscallOutcome) => unknown

/**
 * `before` is asked like a {@link SyscallHandler}. `after` is told, once, of each call that was made and has ended. It is not told of calls
 * that `before` has answered, that do not return (exit, a successful execve, rt_sigreturn), in which the thread dies, or that a pledge
 * forbids.
 *
 * @example
 * const failed: SyscallObserver = ({paths}, {errno}) => console.log(paths[0], errno) // /nosuch ENOENT
 * await using sandbox = await Sandbox.create({onSyscall: {execve: {after: failed}}})
 * await sandbox.run('/bin/busybox', ['sh', '-c', '/nosuch'])
 */
export interface SyscallHooks {
  /** Before the call is made. */
  readonly before?: SyscallHandler
  /** When it has ended. */
  readonly after?: SyscallObserver
}

/**
 * Handlers by the names of their calls. Calls through x86_64's vsyscall page (time, gettimeofday, getcpu) are not asked about.
 *
 * @example
 * const keepLogs: SyscallHandler = ({paths}) => (paths[0]?.endsWith('.log') ? {errno: 'EPERM'} : undefined)
 * await using sandbox = await Sandbox.create({
 *   onSyscall: {unlink: keepLogs, unlinkat: keepLogs, getuid: () => ({result: 1000})},
 * })
 * await sandbox.files.write('/tmp/a.log', '')
 * console.log((await sandbox.run('/bin/busybox', ['rm', '/tmp/a.log'])).exitCode) // 1
 * console.log((await sandbox.run('/bin/busybox', ['id', '-ru'])).stdout) // 1000
 */
export type SyscallHandlers = Readonly<Record<string, SyscallHandler | SyscallHooks>>
