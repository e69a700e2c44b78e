// Turns a Sandbox's arguments into requests to its sentry. A table says what each takes; a wrong one is refused by name.

import {isAbsolute} from 'node:path'
import * as v from 'valibot'
import {PERMISSION_BITS} from '../../abi/file-mode.ts'
import {MAX_ID} from '../../abi/ids.ts'
import {NSIG, signalByName} from '../../abi/signal.ts'
import {HvError} from '../../errors.ts'
import {JAIL_CHOICES} from '../../jail/layer.ts'
import * as takes from '../../options.ts'
import {DEFAULT_MEMORY_BYTES, MAX_CPUS, PLATFORM_CHOICES} from '../../platform/choice.ts'
import {PATCH_CHOICES} from '../../sentry/call/patch-choice.ts'
import {HOSTNAME, HOSTNAME_TAKES} from '../../sentry/outside/hostname.ts'
import {MAX_TASKS} from '../../sentry/task/pids.ts'
import {LEAST_DISK_BYTES} from '../../vfs/disk-quota.ts'
import type {RunRequest, SentrySettings} from '../protocol/messages.ts'
import {isBun} from '../protocol/runtime.ts'
import type {SandboxTerminalSize} from '../protocol/terminal-size.ts'
import type {SyscallHandlers} from './on-syscall.ts'
import type {
  Isolation,
  SandboxLinesOptions,
  SandboxOptions,
  SandboxRunOptions,
  SandboxSpawnOptions,
  SandboxTraceOptions,
} from './options.ts'
import type {InputSource} from './streams/input-feed.ts'
import {MOST_TEXT_BYTES, requireFits} from './streams/text.ts'

const DEFAULT_MAX_OUTPUT_BYTES = 2 ** 26
const DEFAULT_COLUMNS = 80
const DEFAULT_ROWS = 24
/** struct winsize has 16 bits for each. */
const MAX_TERMINAL_SIZE = 65_535
const DEFAULT_MAX_LINE_BYTES = 2 ** 20
/** Host timers take no more: 30 years. */
const LONGEST_MS = 1e12
/** The longest buffer that every Node version holds. */
const MAX_OUTPUT_BYTES = 2 ** 31

const texts = takes.list(takes.text, 'an array of strings')
const variable = takes.named(/^[^=\0]+$/, 'names without = and NUL characters')
const call = takes.named(/^[a-z0-9_]+$/, 'names of system calls')
const letters = takes.named(/^[rwxc]*$/, 'some of the letters r, w, x and c')

const sandboxOptions = takes.options({
  root: v.optional(takes.path),
  image: v.optional(takes.path),
  withLibraries: v.optional(takes.truth),
  volumes: v.optional(
    takes.list(
      takes.options({host: takes.path, guest: takes.guestPath, writable: v.optional(takes.truth)}),
      'an array of {host, guest, writable}',
    ),
  ),
  memoryBytes: v.optional(takes.finiteNumber),
  hostname: v.optional(takes.named(HOSTNAME, HOSTNAME_TAKES)),
  cpus: v.optional(takes.integer(1, MAX_CPUS)),
  maxTasks: v.optional(takes.integer(1, MAX_TASKS)),
  cpuQuotaPercent: v.optional(takes.integer(1, 100 * MAX_CPUS)),
  diskBytes: v.optional(takes.integer(LEAST_DISK_BYTES, Number.MAX_SAFE_INTEGER)),
  unpackBytes: v.optional(takes.integer(1, Number.MAX_SAFE_INTEGER)),
  tmpfs: v.optional(
    takes.list(
      takes.options({
        guest: takes.guestPath,
        maxBytes: v.optional(takes.integer(LEAST_DISK_BYTES, Number.MAX_SAFE_INTEGER)),
        mode: v.optional(takes.integer(0, PERMISSION_BITS)),
      }),
      'an array of {guest, maxBytes, mode}',
    ),
  ),
  readOnly: v.optional(takes.truth),
  patchCalls: v.optional(takes.oneOf(PATCH_CHOICES)),
  platform: v.optional(takes.oneOf(PLATFORM_CHOICES)),
  isolation: v.optional(takes.oneOf(['process', 'thread'])),
  jail: v.optional(takes.oneOf(JAIL_CHOICES)),
  user: v.optional(takes.text),
  dropTo: v.optional(takes.options({uid: takes.integer(1, MAX_ID), gid: takes.integer(1, MAX_ID)})),
  cgroupParent: v.optional(takes.path),
  pledge: v.optional(takes.either([takes.text, texts], 'a string or an array of strings')),
  unveil: v.optional(takes.record(takes.guestPath, letters, 'an object of paths and letters')),
  onSyscall: v.optional(
    takes.record(
      call,
      takes.either(
        [
          takes.callback,
          takes.options({before: v.optional(takes.callback), after: v.optional(takes.callback)}),
        ],
        'a function or {before, after}',
      ),
      'an object of functions',
    ),
  ),
})

const terminalSize = takes.integer(1, MAX_TERMINAL_SIZE)
const terminalOptions = takes.options({
  columns: v.optional(terminalSize),
  rows: v.optional(terminalSize),
  name: v.optional(takes.text),
})

const programFields = {
  env: v.optional(takes.record(variable, takes.text, 'an object of strings')),
  cwd: v.optional(takes.guestPath),
  signal: v.optional(takes.abortSignal),
  timeoutMs: v.optional(takes.timeLimit),
  cpuTimeoutMs: v.optional(takes.timeLimit),
}
const spawnOptions = takes.options({
  ...programFields,
  // Errors in an object name its field.
  pty: v.optional(
    v.lazy((pty) => (typeof pty === 'object' ? terminalOptions : v.boolean('true, false or an object'))),
  ),
})

const runOptions = takes.options({
  ...programFields,
  stdin: v.optional(
    takes.either(
      [takes.anyText, takes.bytes, takes.asyncIterable],
      'a string, a Uint8Array or an async iterable of them',
    ),
  ),
  maxOutputBytes: v.optional(takes.integer(0, MAX_OUTPUT_BYTES)),
  encoding: v.optional(takes.oneOf(['utf8', 'buffer'])),
})

const linesOptions = takes.options({
  from: v.optional(takes.oneOf(['stdout', 'stderr'])),
  maxLineBytes: v.optional(takes.integer(1, MOST_TEXT_BYTES)),
})

const traceOptions = takes.options({
  calls: v.optional(takes.text),
  signals: v.optional(takes.text),
  statuses: v.optional(takes.text),
  stringLimit: v.optional(takes.integer(0, Number.MAX_SAFE_INTEGER)),
  showsPaths: v.optional(takes.truth),
})

/** @throws HvError BAD_ARGUMENT; the sentry checks promises and the size of memory */
export function toSettings(given: SandboxOptions): {
  isolation: Isolation
  settings: Omit<SentrySettings, 'hooked'>
  handlers: SyscallHandlers
} {
  const options = takes.checked(sandboxOptions, given, 'options')
  const {root, image, withLibraries = false, volumes = [], memoryBytes = DEFAULT_MEMORY_BYTES} = options
  const {platform = 'auto', cpus, maxTasks, cpuQuotaPercent, diskBytes, unpackBytes} = options
  const {tmpfs, readOnly, hostname, patchCalls, pledge, unveil, cgroupParent, user} = options
  const {isolation = 'process', dropTo, jail = 'best', onSyscall = {}} = options
  if (isolation === 'thread' && (jail === 'required' || (dropTo ?? cgroupParent) !== undefined))
    throw new HvError(
      'BAD_ARGUMENT',
      'a thread of this process has no jail of its own',
      "leave out isolation: 'thread'",
    )
  if (isolation === 'thread' && isBun)
    throw new HvError(
      'BAD_ARGUMENT',
      'a thread of Bun can take all memory of this process',
      "leave out isolation: 'thread', or use Node.js",
    )
  requireOne({root, image, withLibraries: withLibraries || undefined})
  return {
    isolation,
    settings: {
      root: root && fromHere(root),
      image: image && fromHere(image),
      withLibraries,
      volumes: volumes.map(({host, guest, writable = false}) => ({host: fromHere(host), guest, writable})),
      tmpfs,
      readOnly,
      hostname,
      memoryBytes,
      cpus,
      maxTasks,
      cpuQuotaPercent,
      diskBytes,
      unpackBytes,
      patchCalls,
      platform,
      jail,
      user,
      dropTo,
      cgroupParent: cgroupParent && fromHere(cgroupParent),
      pledge: Array.isArray(pledge) ? pledge.join(' ') : pledge,
      unveil: unveil && Object.entries(unveil).map(([path, permissions]) => ({path, permissions})),
    },
    handlers: onSyscall as SyscallHandlers,
  }
}

/** Each of them determines what a guest sees. */
function requireOne(trees: Readonly<Record<string, unknown>>): void {
  const given = Object.keys(trees).filter((name) => trees[name] !== undefined)
  if (given.length <= 1) return
  const names = given.map((name) => `\`${name}\``).join(' and ')
  throw new HvError('BAD_ARGUMENT', `${names}: each says what the guest sees`, 'give one of them')
}

/** @param program undefined, if it `mayLack` one: the image's entry point. @throws HvError BAD_ARGUMENT */
export function toRequest(
  program: string | undefined,
  args: readonly string[],
  given: SandboxRunOptions,
  mayLack = false,
): {request: RunRequest; encoding: 'utf8' | 'buffer'; input: InputSource | undefined} {
  const options = takes.checked(runOptions, given, 'options')
  const {env, cwd, timeoutMs, cpuTimeoutMs, stdin = '', maxOutputBytes = DEFAULT_MAX_OUTPUT_BYTES} = options
  if (options.encoding !== 'buffer') requireFits(maxOutputBytes, 'maxOutputBytes')
  const isWhole = typeof stdin === 'string' || takes.isBytes(stdin)
  const input = isWhole ? undefined : stdin
  const request: RunRequest = {
    kind: 'run',
    id: 0,
    live: input === undefined ? 'none' : 'input',
    program: mayLack && program === undefined ? program : takes.checked(takes.path, program, 'program'),
    args: takes.checked(texts, args, 'args'),
    env: {...env},
    cwd,
    stdin: isWhole ? wholeOf(stdin) : new Uint8Array(0),
    timeoutMs: timeoutMs && Math.min(timeoutMs, LONGEST_MS),
    cpuTimeoutMs: cpuTimeoutMs && Math.min(cpuTimeoutMs, LONGEST_MS),
    maxOutputBytes,
  }
  return {request, encoding: options.encoding ?? 'utf8', input}
}

/** Copies it. */
function wholeOf(stdin: string | Uint8Array): Uint8Array {
  return typeof stdin === 'string' ? new TextEncoder().encode(stdin) : new Uint8Array(stdin)
}

/** @throws HvError BAD_ARGUMENT */
export function toSpawnRequest(
  program: string | undefined,
  args: readonly string[],
  given: SandboxSpawnOptions,
  mayLack = false,
): RunRequest {
  const {pty = false, ...options} = takes.checked(spawnOptions, given, 'options')
  const {request} = toRequest(program, args, options, mayLack)
  if (pty === false) return {...request, live: 'all'}
  const {columns = DEFAULT_COLUMNS, rows = DEFAULT_ROWS, name} = pty === true ? {} : pty
  const env = name === undefined ? request.env : {TERM: name, ...request.env}
  return {...request, env, live: 'all', terminal: {columns, rows}}
}

/** @throws HvError BAD_ARGUMENT */
export function toTerminalSize(given: SandboxTerminalSize): SandboxTerminalSize {
  return takes.checked(takes.options({columns: terminalSize, rows: terminalSize}), given, 'size')
}

/** @throws HvError BAD_ARGUMENT */
export function toLinesOptions(given: SandboxLinesOptions): Required<SandboxLinesOptions> {
  const {from = 'stdout', maxLineBytes = DEFAULT_MAX_LINE_BYTES} = takes.checked(
    linesOptions,
    given,
    'options',
  )
  return {from, maxLineBytes}
}

/** @throws HvError BAD_ARGUMENT; there is no such signal */
export function toSignal(given: unknown): number {
  const number = typeof given === 'string' ? signalByName(given) : given
  if (typeof number === 'number' && Number.isInteger(number) && number >= 1 && number <= NSIG) return number
  throw new HvError(
    'BAD_ARGUMENT',
    `there is no signal ${String(given)}`,
    'use a name such as SIGTERM, or a number from 1 to 64',
  )
}

/** @returns a copy. @throws HvError BAD_ARGUMENT; the sentry checks what the sets name */
export function toTraceOptions(listener: unknown, options: SandboxTraceOptions): SandboxTraceOptions {
  takes.checked(takes.callback, listener, 'listener')
  return takes.checked(traceOptions, options, 'options')
}

/** The sentry may run in another directory. Otherwise unchanged: `..` after a link leads where the kernel says. */
export function fromHere(path: string): string {
  return isAbsolute(path) ? path : `${process.cwd()}/${path}`
}
