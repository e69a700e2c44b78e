// onOpen, onConnect: handlers of onSyscall that put all calls that open a file or connect a socket to one function.

import type {SocketAddress, SyscallArgument} from '../../sentry/trace/argument-value.ts'
import type {SandboxSyscall, SyscallHandler} from './on-syscall.ts'

type PolicyVerdict = ReturnType<SyscallHandler>

/** A file that a guest is about to open. @see {@link onOpen} */
export interface SandboxOpen {
  /** As the guest wrote it; undefined if its pointer leads nowhere, and then the call fails. */
  readonly path: string | undefined
  /**
   * Where that leads now: an absolute path in the sandbox's tree, without links and `..`; a file to be made need not exist. undefined:
   * nowhere, and the call would fail in the tree as it is now.
   */
  readonly resolved: string | undefined
  /** `['O_WRONLY', 'O_CREAT']`. */
  readonly flags: readonly string[]
  /** The call could change the file, or make one. */
  readonly mayWrite: boolean
  /** The call itself. */
  readonly call: SandboxSyscall
}

/** A socket that a guest is about to connect. @see {@link onConnect} */
export interface SandboxConnect {
  /** undefined if the guest's pointer leads nowhere or there is no address, and then the call fails. */
  readonly address: SocketAddress | undefined
  /** The call itself. */
  readonly call: SandboxSyscall
}

const CREAT_FLAGS = ['O_WRONLY', 'O_CREAT', 'O_TRUNC']
const WRITING: ReadonlySet<string> = new Set([
  ...CREAT_FLAGS,
  'O_RDWR',
  // Access mode 3, which some devices take for read and write.
  'O_ACCMODE',
  'O_TMPFILE',
])

/**
 * Handlers for open, openat, openat2 and creat, as far as the architecture has them.
 *
 * They are for observation, advice and tests, and are no wall: between the policy's look and the call, another thread of the guest can
 * change the path in its memory, or the tree. Use `unveil` to keep programs out of paths. Calls that open nothing (rename, unlink,
 * truncate, link) change files too, and execve opens programs.
 *
 * @example
 * const keep = onOpen(({resolved, mayWrite}) => (mayWrite && resolved === '/tmp/kept' ? {errno: 'EACCES'} : undefined))
 * await using sandbox = await Sandbox.create({onSyscall: {...keep}})
 * console.log((await sandbox.run('/bin/busybox', ['touch', '/tmp/kept'])).stderr) // touch: /tmp/kept: Permission denied
 */
export function onOpen(policy: (open: SandboxOpen) => PolicyVerdict): Record<OpenCall, SyscallHandler> {
  const handler: SyscallHandler = (call) => policy(openOf(call))
  return {open: handler, openat: handler, openat2: handler, creat: handler}
}

/**
 * A handler for connect. As with {@link onOpen}, another thread may change the address after the look. sendto, sendmsg and sendmmsg also
 * send datagrams to an address, without connect.
 *
 * @example
 * const only = onConnect(({address}) => (address?.path === '/dev/log' ? undefined : {errno: 'ECONNREFUSED'}))
 * await using sandbox = await Sandbox.create({onSyscall: {...only}})
 * await sandbox.run('/bin/busybox', ['logger', 'hello'])
 */
export function onConnect(
  policy: (connect: SandboxConnect) => PolicyVerdict,
): Record<'connect', SyscallHandler> {
  return {connect: (call) => policy({address: find(call, 'address')?.value, call})}
}

type OpenCall = 'open' | 'openat' | 'openat2' | 'creat'

function openOf(call: SandboxSyscall): SandboxOpen {
  const path = find(call, 'path')
  const flags = flagsOf(call)
  return {
    path: path?.value,
    resolved: path?.resolved,
    flags,
    mayWrite: flags.some((flag) => WRITING.has(flag)),
    call,
  }
}

function flagsOf(call: SandboxSyscall): readonly string[] {
  if (call.name === 'creat') return CREAT_FLAGS
  return find(call, 'flags')?.value ?? find(call, 'open_how')?.value?.flags ?? []
}

type Of<Kind> = Extract<SyscallArgument, {kind: Kind}>

function find<Kind extends SyscallArgument['kind']>(call: SandboxSyscall, kind: Kind): Of<Kind> | undefined {
  return call.decoded.find((each): each is Of<Kind> => each.kind === kind)
}
