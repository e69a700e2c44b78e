// ProcessPort: the sentry's end in a process of its own: a socket that it reads when it waits for its owner, and answers at once.

import {addon} from '../../addon.ts'
import {type Frame, readFrame, writeFrame} from '../protocol/frames.ts'
import {
  type ProcessRequest,
  type Reply,
  type Request,
  type RunRequest,
  type SentrySettings,
  STOP_EVERYTHING,
} from '../protocol/messages.ts'
import type {Receive, SentryPort} from './port.ts'

/** Of output at a time: the owner takes no more in one piece. */
const PIECE_BYTES = 1 << 20
/** Requests that a frame brings bytes of, besides runs. */
const HAS_BYTES: ReadonlySet<string> = new Set<Request['kind']>(['input', 'file', 'data'])

export class ProcessPort implements SentryPort {
  readonly needsPulse = false
  readonly fd: number
  underWay = 0
  /** Received before they could be handled. */
  readonly #waiting: Request[] = []
  #receive: Receive = async () => {}
  /** Runs that have not ended, and whether each shall stop. */
  readonly #runs = new Map<number, boolean>()
  #stopsAll = false
  #isClosed = false
  readonly #passing: number
  readonly #ownerLeft: () => never

  /** @param passing the socket that brings descriptors */
  constructor(fd: number, passing: number, ownerLeft: () => never) {
    this.fd = fd
    this.#passing = passing
    this.#ownerLeft = ownerLeft
  }

  /** The owner's first message. */
  readSettings(): SentrySettings {
    const {settings} = this.#read() as {settings: SentrySettings}
    if (settings.brokerEnds === undefined) return settings
    const take = (): number => addon.takeDescriptor(this.#passing)
    return {...settings, brokerEnds: {questions: take(), answers: take()}}
  }

  post(reply: Reply): void {
    try {
      this.#write(reply)
    } catch {
      this.#ownerLeft()
    }
  }

  /** Nothing else happens in this process, so it can wait in a read(2). */
  async serve(receive: Receive): Promise<void> {
    this.#receive = receive
    while (!this.#isClosed) await receive(this.#waiting.shift() ?? this.#next())
  }

  listen(): void {
    this.awaitTaking()
    for (const each of this.#waiting.splice(0)) void this.#receive(each)
  }

  shallStop(run?: number): boolean {
    return this.#stopsAll || (run !== undefined && this.#runs.get(run) === true)
  }

  awaitTaking(): void {
    const request = this.#take()
    if (request !== undefined) this.#waiting.push(request)
  }

  close(): void {
    this.#isClosed = true
  }

  #next(): Request {
    for (;;) {
      const request = this.#take()
      if (request !== undefined) return request
    }
  }

  /** @returns undefined: the request was for the port alone */
  #take(): Request | undefined {
    const request = this.#read()
    if (request.kind === 'taken') this.underWay--
    else if (request.kind === 'stop') this.#noteStop(request.run)
    else if (request.kind !== 'settings') return request
    return undefined
  }

  /** A run that has ended meanwhile is ignored. */
  #noteStop(run: number): void {
    if (run === STOP_EVERYTHING) this.#stopsAll = true
    else if (this.#runs.has(run)) this.#runs.set(run, true)
  }

  #read(): ProcessRequest {
    let frame: Frame | undefined
    try {
      frame = readFrame(this.fd)
    } catch {
      this.#ownerLeft()
    }
    if (frame === undefined) return this.#ownerLeft()
    const request = frame.message as ProcessRequest
    if (request.kind === 'run') this.#runs.set(request.id, false)
    if (request.kind === 'run') return this.#withDescriptors({...request, stdin: frame.bytes})
    const hasBytes = HAS_BYTES.has(request.kind)
    return hasBytes ? ({...request, bytes: frame.bytes} as Request) : request
  }

  /** The owner passed them before this message, in this order. */
  #withDescriptors({onHost, outputs, ...request}: RunRequest): RunRequest {
    const take = (): number => addon.takeDescriptor(this.#passing)
    return {
      ...request,
      ...(onHost !== undefined && {onHost: {...onHost, fd: take()}}),
      ...(outputs !== undefined && {outputs: [take(), take()]}),
    }
  }

  #write(reply: Reply): void {
    if (reply.kind === 'events') this.underWay++
    if (reply.kind === 'finished') {
      this.#writeOutput(reply.run, 1, reply.finished.stdout)
      this.#writeOutput(reply.run, 2, reply.finished.stderr)
    }
    if ((reply.kind === 'finished' || reply.kind === 'failed') && reply.run !== undefined)
      this.#runs.delete(reply.run)
    writeFrame(
      this.fd,
      inJson(reply),
      'bytes' in reply && typeof reply.bytes === 'object' ? reply.bytes : undefined,
    )
  }

  #writeOutput(run: number, fd: 1 | 2, bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES)
      writeFrame(this.fd, {kind: 'output', run, fd} as {kind: string}, bytes.subarray(at, at + PIECE_BYTES))
  }
}

/** Leaves out what JSON cannot express: the owner puts it back. */
function inJson(reply: Reply): {kind: string} {
  if (reply.kind === 'finished') {
    const {stdout, stderr, ...finished} = reply.finished
    return {...reply, finished} as {kind: string}
  }
  if (reply.kind === 'output' || reply.kind === 'filed' || reply.kind === 'data') {
    const {bytes, ...rest} = reply
    return rest
  }
  if (reply.kind !== 'asks') return reply
  const {question} = reply
  const args = question.args.map(String)
  const decoded = question.decoded.map((each) =>
    each.kind === 'bytes' && each.value !== undefined ? {...each, value: inBase64(each.value)} : each,
  )
  return {...reply, question: {...question, args, decoded}} as {kind: string}
}

function inBase64({buffer, byteOffset, length}: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, length).toString('base64')
}
