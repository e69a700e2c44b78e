// What a Sandbox takes and gives, and the check of what it was given.

import {HvError} from '../errors.ts'
import type {PlatformChoice} from '../platform/choice.ts'
import {guestEnvironment} from '../run/options.ts'
import type {BrokenPledge} from '../sentry/pledge/broken-promise.ts'
import type {Unveiled} from '../sentry/pledge/unveiled.ts'
import type {RunStats} from '../sentry/program-result.ts'
import type {SyscallHandlers} from './on-syscall.ts'
import type {RunRequest} from './protocol.ts'

const DEFAULT_MAX_OUTPUT_BYTES = 2 ** 26
/** The longest buffer that every Node holds. */
const MAX_OUTPUT_BYTES = 2 ** 31

export interface SandboxVolume {
  /** Host directory or file. */
  host: string
  /** Where the guest sees it: an absolute path. */
  guest: string
  /** Default: false, the guest gets EROFS. */
  writable?: boolean
}

export interface SandboxOptions {
  /**
   * Host directory that is the guest's `/`. The guest's changes to it are kept in memory, for the sandbox's life; the
   * host's files stay as they are. Absent: an empty tree, and programs are host paths.
   */
  root?: string
  volumes?: readonly SandboxVolume[]
  /** Guest memory in bytes, 1 MiB to 4 GiB, files in memory included; default 512 MiB. The host gives what is touched. */
  memoryBytes?: number
  /** What runs the guests. `auto`, the default: KVM if it works here, else ptrace. */
  platform?: PlatformChoice
  /**
   * Promises of OpenBSD's pledge(2), as a text with spaces between them or a list. Each program keeps to them from its first
   * instruction, or ends with SIGSYS. Default: everything is allowed.
   */
  pledge?: string | readonly string[]
  /**
   * The only paths that programs see, each with letters of `r` (read), `w` (write), `x` (execute), `c` (create and remove):
   * `{'/data': 'r', '/tmp': 'rwc'}`. What lies below a directory is seen with it. Default: all.
   */
  unveil?: Readonly<Record<string, string>>
  /**
   * Functions that are asked before a program makes the system calls of their names, which may fail them or give a result
   * in their place. The calls that are not named cost nothing more. Calls that a pledge forbids are not asked about.
   */
  onSyscall?: SyscallHandlers
}

export interface SandboxRunOptions {
  /** Standard input; a string goes as UTF-8. Default: empty. */
  stdin?: string | Uint8Array
  /** Variables on top of PATH, HOME and TERM; nothing of this process's environment goes in. */
  env?: Readonly<Record<string, string>>
  /** Guest path, absolute; default `/`. */
  cwd?: string
  /** Stops the guest; `run` then rejects with the signal's reason. */
  signal?: AbortSignal
  /** Milliseconds until the guest is killed; waiting for its turn does not count. Default: never. */
  timeoutMs?: number
  /** Bound for standard output and for standard error, in bytes each; default 64 MiB. Behind it the guest gets ENOSPC. */
  maxOutputBytes?: number
  /** `buffer`: output as bytes. Default: as text, from UTF-8. */
  encoding?: 'utf8' | 'buffer'
}

/** What a trace tells, and how much of it. Sets of names are those of strace's -e. */
export interface SandboxTraceOptions {
  /** Names, `%classes` and `/regular expressions` of system calls, separated by commas; `!` in front: all others. Default: all. */
  calls?: string
  /** Names of signals: `SIGINT,SIGTERM`. Default: all. */
  signals?: string
  /** Of `successful`, `failed`, `unfinished` and `detached`. Default: all. */
  statuses?: string
  /** Bytes of a string, elements of an array; default 32. */
  stringLimit?: number
  /** Each descriptor with what it leads to: `3</etc/passwd>`. */
  showsPaths?: boolean
}

/** How a program ended. Exactly one of `exitCode` and `signal` is set, or neither after a time-out. */
export interface SandboxResult<Output = string> {
  exitCode: number | null
  /** The name of the signal that killed it: `SIGSEGV`. */
  signal: string | null
  timedOut: boolean
  stdout: Output
  stderr: Output
  /** The program wrote more than `maxOutputBytes`. */
  outputTruncated: boolean
  /** It was killed by SIGSYS for what it had not promised: what that was. */
  broken?: BrokenPledge
  /** Counters and times by name; names of times end in `Ns`, nanoseconds. */
  stats: RunStats
}

/** @throws HvError BAD_ARGUMENT */
export function toRequest(program: string, args: readonly string[], options: SandboxRunOptions): RunRequest {
  const {env = {}, cwd, timeoutMs, stdin = '', maxOutputBytes = DEFAULT_MAX_OUTPUT_BYTES} = options
  requireText('the program', program)
  if (program === '') throw bad('the program has no name', 'give a path')
  for (const argument of args) requireText('an argument', argument)
  for (const [name, value] of Object.entries(env)) {
    requireText(`the variable ${name}`, value)
    if (name === '' || /[=\0]/.test(name)) throw bad(`${JSON.stringify(name)} is no name of a variable`, '')
  }
  if (cwd !== undefined && !cwd.startsWith('/')) throw bad(`cwd ${cwd} is not absolute`, 'give a guest path')
  if (timeoutMs !== undefined && !(timeoutMs >= 0 && Number.isFinite(timeoutMs)))
    throw bad(`timeoutMs ${timeoutMs} is no time`, 'give milliseconds')
  if (!(Number.isInteger(maxOutputBytes) && maxOutputBytes >= 0 && maxOutputBytes <= MAX_OUTPUT_BYTES))
    throw bad(`maxOutputBytes ${maxOutputBytes} is out of range`, `give 0 to ${MAX_OUTPUT_BYTES} bytes`)
  return {
    kind: 'run',
    id: 0,
    program,
    args: [...args],
    env: {...guestEnvironment(), ...env},
    cwd,
    stdin: typeof stdin === 'string' ? new TextEncoder().encode(stdin) : new Uint8Array(stdin),
    timeoutMs,
    maxOutputBytes,
  }
}

/** @returns a copy. @throws HvError BAD_ARGUMENT; what is in the sets is checked by the sentry */
export function checkTraceOptions(options: SandboxTraceOptions): SandboxTraceOptions {
  const {calls, signals, statuses, stringLimit, showsPaths} = options
  for (const [name, set] of Object.entries({calls, signals, statuses})) {
    if (set !== undefined) requireText(name, set)
  }
  if (stringLimit !== undefined && !(Number.isSafeInteger(stringLimit) && stringLimit >= 0))
    throw bad(`stringLimit ${stringLimit} is no number of bytes`, 'give a whole number')
  return {calls, signals, statuses, stringLimit, showsPaths}
}

/** What every program of a sandbox is held to. @throws HvError BAD_ARGUMENT; what promises there are, the sentry checks */
export function toRestrictions({pledge, unveil, onSyscall = {}}: SandboxOptions): {
  pledge: string | undefined
  unveil: Unveiled[] | undefined
  handlers: SyscallHandlers
} {
  const promises = typeof pledge === 'object' ? [...pledge].join(' ') : pledge
  if (promises !== undefined) requireText('pledge', promises)
  const unveiled = unveil && Object.entries(unveil).map(([path, permissions]) => ({path, permissions}))
  for (const {path, permissions} of unveiled ?? []) {
    requireText(`the permissions of ${path}`, permissions)
    if (!path.startsWith('/') || path.includes('\0'))
      throw bad(`unveil: ${JSON.stringify(path)} is not absolute`, 'give guest paths')
  }
  for (const [name, handler] of Object.entries(onSyscall)) {
    if (typeof handler !== 'function') throw bad(`onSyscall: ${name} is no function`, 'give functions')
  }
  return {pledge: promises, unveil: unveiled, handlers: {...onSyscall}}
}

function requireText(what: string, text: unknown): void {
  if (typeof text !== 'string') throw bad(`${what} is no string`, 'give strings')
  if (text.includes('\0')) throw bad(`${what} has a NUL in it`, 'strings of a program end there: remove it')
}

function bad(message: string, nextStep: string): HvError {
  return new HvError('BAD_ARGUMENT', message, nextStep)
}
