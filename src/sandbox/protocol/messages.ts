// What a Sandbox and its sentry, in another thread or process, say to each other.

import {HvError} from '../../errors.ts'
import type {JailChoice, JailLayer} from '../../jail/layer.ts'
import type {ProgramStart} from '../../launch/options/program.ts'
import type {Settings} from '../../launch/options/settings.ts'
import type {ChosenPlatform} from '../../platform/choice.ts'
import type {NetRate} from '../../sentry/core/net-rate.ts'
import type {FileOperation} from '../../sentry/outside/files/operations.ts'
import type {HookedCall, Question, Verdict} from '../../sentry/outside/hooks/hooked-call.ts'
import type {HostProgram} from '../../sentry/outside/host-program.ts'
import type {ServiceName} from '../../sentry/outside/net/services.ts'
import type {Style, TraceFilters} from '../../sentry/trace/options.ts'
import type {ConnectionRequest, PortsRequest} from './connection-messages.ts'
import type {ProcessReply} from './replies.ts'
import type {SandboxTerminalSize} from './terminal-size.ts'

/** What the sentry shall be. A thread has no jail, whatever this says. */
export interface SentrySettings extends Settings {
  memoryBytes: number
  jail: JailChoice
  /** Calls that the sentry asks the owner about, or reports. */
  hooked: readonly HookedCall[]
  maxConnections: number
  /** Names that the owner answers. */
  services?: readonly ServiceName[]
  /** Of its broker, if it has one. A process takes them from the second socket. */
  brokerEnds?: BrokerEnds
  /** Of what leads through it. */
  netRate?: NetRate
  /** It waits for its owner's first program, and uses that time to warm up. */
  warmsUp?: boolean
}

/** Descriptors of a sentry's ends: src/broker. */
export interface BrokerEnds {
  readonly questions: number
  readonly answers: number
}

/** What a sandbox shares with its thread. */
export interface Connection {
  /** The sandbox's eventfd, rung after a word of `stopWords` changed. The thread watches it while a guest runs. */
  bellFd: number
  /** Int32s, one for each possible run: a run that shall stop, STOP_EVERYTHING, or 0. */
  stopWords: SharedArrayBuffer
  /** One Int32: batches of a trace's events that the caller's thread has not taken yet. */
  underWay: SharedArrayBuffer
}

/** In `stopWords`: all runs, present and future. Run numbers start at 1. */
export const STOP_EVERYTHING = -1

/** Programs that run at the same time in a sandbox; what they start does not count. */
export const MOST_PROGRAMS = 64

export interface RunRequest extends ProgramStart {
  kind: 'run'
  id: number
  /** undefined: the image's entry point. */
  program?: string | undefined
  /** A host file to run as the program. A process takes its descriptor from the second socket. */
  onHost?: HostProgram
  args: string[]
  /** What the owner gave. */
  env: Readonly<Record<string, string>>
  /** Which of its streams lead to the owner while it runs: LiveRequest. */
  live: 'none' | 'input' | 'all'
  /** A live run's standard output and error, as host pipes. A process takes them from the second socket. */
  outputs?: readonly [number, number]
  /** Its streams are one terminal of this size, all of it live: output comes as descriptor 1's. */
  terminal?: SandboxTerminalSize
  /** Complete, unless it is live. */
  stdin: Uint8Array
  maxOutputBytes: number
}

/** Bytes under way in one stream of a live run, at most. */
export const WINDOW_BYTES = 1 << 20

/** For a live run, while it runs; ignored for others. */
export type LiveRequest =
  | {kind: 'input'; run: number; bytes: Uint8Array<ArrayBuffer>; isEnd: boolean}
  /** So many bytes of its output were taken. */
  | {kind: 'room'; run: number; fd: 1 | 2; bytes: number}
  /** The owner takes no more of it. */
  | {kind: 'shut'; run: number; fd: 1 | 2}
  | {kind: 'signal'; run: number; signal: number}
  /** Its terminal has this size now. */
  | ({kind: 'resize'; run: number} & SandboxTerminalSize)

/** Switches the trace on, replacing the present one, or off. */
export interface TraceRequest {
  kind: 'trace'
  /** undefined: off. */
  options: (TraceFilters & Partial<Style>) | undefined
}

/** Answers the sentry's question, named by the run and the question's id in it. */
export interface VerdictRequest {
  kind: 'verdict'
  run: number
  id: number
  verdict: Verdict
}

/** Asks something of the guest's tree. `bytes`: content of a file to write. */
export interface FileRequest {
  kind: 'file'
  id: number
  operation: FileOperation
  bytes: Uint8Array<ArrayBuffer>
}

/** Asks what the sandbox uses, or which processes it has. */
export interface UsageRequest {
  kind: 'usage'
  of: 'stats' | 'processes'
}

/** To the sentry, which handles them one by one, also while guests run. */
export type Request =
  | RunRequest
  | LiveRequest
  | TraceRequest
  | VerdictRequest
  | FileRequest
  | UsageRequest
  | ConnectionRequest
  | PortsRequest
  | {kind: 'dispose'}

/** To a process, also: its settings, first of all; instead of shared words, a run to stop (or STOP_EVERYTHING), and a batch taken. */
export type ProcessRequest =
  | Request
  | {kind: 'settings'; settings: SentrySettings}
  | {kind: 'stop'; run: number}
  | {kind: 'taken'}

/** A process's reply of this kind: its schema in replies.ts is its type. */
type ReplyOfKind<Kind extends ProcessReply['kind']> = Extract<ProcessReply, {kind: Kind}>
type Bytes = Uint8Array<ArrayBuffer>

export type RunOutcome = ReplyOfKind<'finished'>['finished'] & {stdout: Bytes; stderr: Bytes}
export type LimitHit = ReplyOfKind<'limit'>['hit']
export type LimitName = LimitHit['limit']
/** Of a connection, named by its number. */
export type ConnectionReply =
  | ReplyOfKind<'connected' | 'accepted' | 'window' | 'closed'>
  | (ReplyOfKind<'data'> & {bytes: Bytes})
export type PortsReply = ReplyOfKind<'ports'>
export type WireError = ReplyOfKind<'failed'>['error']

/**
 * From the sentry: `ready` or `failed` when it has started; `finished` or `failed` for each run, `failed` without a run for all;
 * `traced` for each trace request, with `events` in between; `filed` for each file request; `used` for each usage request, in order. After `asks`, the run's guest sleeps
 * until there is a verdict; `ports` for each request for ports, by its id. What is not simply of its schema has another form on its way from a process, and its owner restores it.
 */
export type Reply =
  | ReplyOfKind<'failed' | 'traced' | 'events' | 'limit' | 'used'>
  | (ReplyOfKind<'filed'> & {bytes: Bytes})
  | {kind: 'ready'; platform: ChosenPlatform; jail: readonly JailLayer[]}
  | {kind: 'finished'; run: number; finished: RunOutcome}
  | {kind: 'asks'; run: number; question: Question}
  | LiveReply
  | ConnectionReply
  | PortsReply

export type LiveReply = ReplyOfKind<'started' | 'took'> | (ReplyOfKind<'output'> & {bytes: Bytes})

/** A message of a sender that stands for one run. */
export type WithoutRun<Message> = Message extends {run: number} ? Omit<Message, 'run'> : never

export function toWire(error: unknown): WireError {
  if (error instanceof HvError) {
    return {code: error.code, message: error.message, nextStep: error.nextStep}
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return {message, nextStep: ''}
}

export function fromWire({code, message, nextStep}: WireError): HvError {
  return new HvError(code ?? 'SANDBOX_FAILED', message, nextStep)
}
