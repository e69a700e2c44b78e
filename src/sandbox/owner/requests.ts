// Turns a Sandbox's arguments into requests to its sentry. A table says what each takes; a wrong one is refused by name.

import * as v from 'valibot'
import {NSIG, signalByName} from '../../abi/signal.ts'
import type {ConnectHandler} from '../../broker/decisions.ts'
import {badArgument} from '../../errors.ts'
import {programRows} from '../../launch/options/program.ts'
import {fieldsOf, settingsOf} from '../../launch/options/schema.ts'
import {settingRows} from '../../launch/options/settings.ts'
import {requireOneTree} from '../../launch/options/tree.ts'
import * as takes from '../../options.ts'
import {DEFAULT_MEMORY_BYTES} from '../../platform/choice.ts'
import {DEFAULT_MAX_CONNECTIONS, MAX_CONNECTIONS} from '../../sentry/outside/net/connection-limits.ts'
import type {RunRequest, SentrySettings} from '../protocol/messages.ts'
import {isBun} from '../protocol/runtime.ts'
import type {SandboxTerminalSize} from '../protocol/terminal-size.ts'
import type {SandboxNetOptions} from './net/net-options.ts'
import {netOptions, toNetRate, toNetRules, toOnConnect, toServices} from './net/net-settings.ts'
import type {NetRules} from './net/own-broker.ts'
import type {ServiceHandler} from './net/remote-connections.ts'
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
const DEFAULTS = {
  ...{volumes: [], withLibraries: false, memoryBytes: DEFAULT_MEMORY_BYTES},
  ...({platform: 'auto', jail: 'best'} as const),
}
/** The longest buffer that every Node version holds. */
const MAX_OUTPUT_BYTES = 2 ** 31

const texts = takes.list(takes.text, 'an array of strings')
const handler = takes.either(
  [takes.callback, takes.options({before: v.optional(takes.callback), after: v.optional(takes.callback)})],
  'a function or {before, after}',
)
const handlers = takes.record(
  takes.named(/^[a-z0-9_]+$/, 'names of system calls'),
  handler,
  'an object of functions',
)

/** What a Sandbox takes. */
export const sandboxFields = {
  ...fieldsOf(settingRows),
  isolation: v.optional(takes.oneOf(['process', 'thread'])),
  onSyscall: v.optional(handlers),
  net: v.optional(netOptions),
  maxConnections: v.optional(takes.integer(1, MAX_CONNECTIONS)),
}
const sandboxOptions = takes.options(sandboxFields)

const terminalSize = takes.integer(1, MAX_TERMINAL_SIZE)
const terminalOptions = takes.options({
  columns: v.optional(terminalSize),
  rows: v.optional(terminalSize),
  name: v.optional(takes.text),
})

const programFields = {...fieldsOf(programRows), signal: v.optional(takes.abortSignal)}
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
  from: v.optional(takes.oneOf(['stdout', 'stderr']), 'stdout'),
  maxLineBytes: v.optional(takes.integer(1, MOST_TEXT_BYTES), DEFAULT_MAX_LINE_BYTES),
})

const traceOptions = takes.options({
  calls: v.optional(takes.text),
  signals: v.optional(takes.text),
  statuses: v.optional(takes.text),
  stringLimit: v.optional(takes.integer(0, Number.MAX_SAFE_INTEGER)),
  showsPaths: v.optional(takes.truth),
})

/** What the owner does for its guest. */
export interface SentryHandlers {
  handlers: SyscallHandlers
  /** By the index of the service in the settings. */
  serviceHandlers: readonly ServiceHandler[]
}

/** What a Sandbox was given, checked. */
interface CheckedOptions extends SentryHandlers {
  isolation: Isolation
  settings: Omit<SentrySettings, 'hooked'>
  /** Absent: its programs reach nothing outside. */
  netRules: NetRules | undefined
  onConnect: ConnectHandler | undefined
}

/** @throws HvError BAD_ARGUMENT; the sentry checks promises and the size of memory */
export function toSettings(given: SandboxOptions): CheckedOptions {
  const options = takes.checked(sandboxOptions, given, 'options')
  const {isolation = 'process', onSyscall = {}, net = {}, jail, dropTo, cgroupParent} = options
  const {maxConnections = DEFAULT_MAX_CONNECTIONS} = options
  if (isolation === 'thread' && (jail === 'required' || (dropTo ?? cgroupParent) !== undefined))
    throw badArgument('a thread of this process has no jail of its own', "leave out isolation: 'thread'")
  if (isolation === 'thread' && isBun)
    throw badArgument(
      'a thread of Bun can take all memory of this process',
      "leave out isolation: 'thread', or use Node.js",
    )
  requireOneTree(options, (name) => `\`${name}\``)
  const netGiven = net as SandboxNetOptions
  const {services, serviceHandlers} = toServices(netGiven)
  const netRules = toNetRules(netGiven)
  return {
    isolation,
    settings: {
      ...DEFAULTS,
      ...settingsOf(settingRows, options),
      maxConnections,
      ...(services.length > 0 && {services}),
      ...toNetRate(netGiven),
    },
    handlers: onSyscall as SyscallHandlers,
    serviceHandlers,
    netRules: netGiven.allow === undefined && netRules.publish.length === 0 ? undefined : netRules,
    onConnect: toOnConnect(netGiven),
  }
}

/** @param program undefined, if it `mayLack` one: the image's entry point. @throws HvError BAD_ARGUMENT */
export function toRequest(
  program: string | undefined,
  args: readonly string[],
  given: SandboxRunOptions,
  mayLack = false,
): {request: RunRequest; encoding: 'utf8' | 'buffer'; input: InputSource | undefined} {
  const options = takes.checked(runOptions, given, 'options')
  const {stdin = '', maxOutputBytes = DEFAULT_MAX_OUTPUT_BYTES} = options
  if (options.encoding !== 'buffer') requireFits(maxOutputBytes, 'maxOutputBytes')
  const isWhole = typeof stdin === 'string' || takes.isBytes(stdin)
  const input = isWhole ? undefined : stdin
  const request: RunRequest = {
    kind: 'run',
    id: 0,
    live: input === undefined ? 'none' : 'input',
    program: mayLack && program === undefined ? program : takes.checked(takes.path, program, 'program'),
    args: takes.checked(texts, args, 'args'),
    env: {},
    ...settingsOf(programRows, options),
    stdin: isWhole ? wholeOf(stdin) : new Uint8Array(0),
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
  return takes.checked(linesOptions, given, 'options')
}

/** @throws HvError BAD_ARGUMENT; there is no such signal */
export function toSignal(given: unknown): number {
  const number = typeof given === 'string' ? signalByName(given) : given
  if (typeof number === 'number' && Number.isInteger(number) && number >= 1 && number <= NSIG) return number
  throw badArgument(
    `there is no signal ${String(given)}`,
    'use a name such as SIGTERM, or a number from 1 to 64',
  )
}

/** @returns a copy. @throws HvError BAD_ARGUMENT; the sentry checks what the sets name */
export function toTraceOptions(listener: unknown, options: SandboxTraceOptions): SandboxTraceOptions {
  takes.checked(takes.callback, listener, 'listener')
  return takes.checked(traceOptions, options, 'options')
}
