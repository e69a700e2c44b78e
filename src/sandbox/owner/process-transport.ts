// ProcessTransport: a sentry in a process of its own, which ends with its owner and cannot take the owner down.

import {closeSync} from 'node:fs'
import {EAGAIN} from '../../abi/errno.ts'
import {addon} from '../../addon.ts'
import {HvError} from '../../errors.ts'
import {sweepCgroups} from '../../jail/cgroup.ts'
import {encodeFrame, type Frame, FrameReader, nonsense} from '../protocol/frames.ts'
import type {
  ProcessRequest,
  Reply,
  Request,
  RunOutcome,
  RunRequest,
  SentrySettings,
} from '../protocol/messages.ts'
import {checkedReply} from '../protocol/replies.ts'
import type {SentryProcess} from './sentry-process.ts'
import {IncomingOutput} from './streams/incoming-output.ts'
import type {Transport, TransportEvents} from './transport.ts'

const NO_BYTES = new Uint8Array(0)
const PIECE_BYTES = 1 << 20
/** A process that has ended reports how within this time. */
const ENDING_MS = 100
/** Bytes of answers that the process has not read. */
const MOST_UNHEARD = 1 << 24
const ANSWERS: ReadonlySet<string> = new Set<Request['kind']>(['verdict', 'window', 'close'])

export class ProcessTransport implements Transport {
  readonly #process: SentryProcess
  readonly #events: TransportEvents
  readonly #reader = new FrameReader()
  /** Sent when what was sent before has left. */
  readonly #unsaid: Buffer[] = []
  #unsaidBytes = 0
  /** Of runs that have not ended. */
  readonly #outputs = new Map<number, IncomingOutput>()
  /** Of runs that have ended, and whose output is being put together. */
  readonly #finishing = new Set<Promise<void>>()

  /** @param process used by nobody else */
  constructor(process: SentryProcess, settings: SentrySettings, events: TransportEvents) {
    this.#process = process
    this.#events = events
    process.onEnd = (error) => void this.#ended(error, settings.cgroupParent)
    process.socket.on('data', (chunk: Buffer) => this.#read(chunk))
    this.#saySettings(settings)
  }

  get isAlive(): boolean {
    return this.#process.isAlive
  }

  send(request: Request): void {
    if (request.kind === 'shut' && this.#outputs.get(request.run)?.shut(request.fd)) return
    if (request.kind === 'room' && this.#outputs.get(request.run)?.addRoom(request.fd, request.bytes)) return
    if (request.kind === 'run') this.#sayRun(request)
    else if (request.kind === 'input' || request.kind === 'file' || request.kind === 'data')
      this.#say({...request, bytes: NO_BYTES}, request.bytes)
    else if (ANSWERS.has(request.kind)) this.#answer(request)
    else this.#say(request)
  }

  tellToStop(run: number): void {
    this.#say({kind: 'stop', run})
  }

  took(): void {
    this.#answer({kind: 'taken'})
  }

  waitedMs(): number {
    return this.#process.waits.totalMs()
  }

  ref(): void {
    this.#process.ref()
  }

  unref(): void {
    this.#process.unref()
  }

  kill(): void {
    this.#process.kill()
  }

  leave(): void {
    this.kill()
  }

  /** They travel behind the descriptors that they name. */
  #saySettings(settings: SentrySettings): void {
    const {brokerEnds} = settings
    const ends = brokerEnds === undefined ? [] : [brokerEnds.questions, brokerEnds.answers]
    const isPassed = ends.every((fd) => this.#pass(fd))
    for (const fd of ends) addon.hostClose(fd)
    if (isPassed) this.#say({kind: 'settings', settings})
  }

  #sayRun({stdin, ...rest}: RunRequest): void {
    const {id: run, onHost} = rest
    const output = new IncomingOutput(rest, (fd, bytes) =>
      this.#events.piped({kind: 'output', run, fd, bytes}),
    )
    this.#outputs.set(run, output)
    const {writers} = output
    const isPassed = [...(onHost === undefined ? [] : [onHost.fd]), ...writers].every((fd) => this.#pass(fd))
    if (onHost !== undefined) closeSync(onHost.fd)
    output.passed()
    // The descriptors have other numbers there.
    const outputs = writers.length > 0 ? {outputs: [0, 0] as const} : {}
    if (isPassed) this.#say({...rest, ...outputs, stdin: NO_BYTES}, stdin)
  }

  #pass(fd: number): boolean {
    try {
      this.#process.pass(fd)
      return true
    } catch (error) {
      if ((error as {errno?: number}).errno === EAGAIN) this.#fail(nonsense())
      // It has ended, which will be heard in a moment, or it takes no descriptors.
      else setTimeout(() => this.kill(), ENDING_MS)
      return false
    }
  }

  /** Replies to what the process itself caused. */
  #answer(request: ProcessRequest): void {
    if (this.#unsaidBytes <= MOST_UNHEARD) this.#say(request)
    else this.#fail(nonsense())
  }

  #say(request: ProcessRequest, bytes?: Uint8Array): void {
    const frame = encodeFrame(request, bytes)
    for (let at = 0; at < frame.length; at += PIECE_BYTES)
      this.#unsaid.push(frame.subarray(at, at + PIECE_BYTES))
    this.#unsaidBytes += frame.length
    if (this.#unsaidBytes === frame.length) this.#sayNext()
  }

  /** Piece by piece: in one go, nobody would see progress. */
  #sayNext(): void {
    const piece = this.#unsaid.shift()
    const {socket} = this.#process
    if (piece === undefined || !socket.writable) return
    socket.write(piece, () => {
      this.#unsaidBytes -= piece.length
      if (piece.length === PIECE_BYTES) this.#events.moved()
      this.#sayNext()
    })
  }

  #read(chunk: Buffer): void {
    let replies: Reply[]
    try {
      replies = this.#reader.push(chunk).flatMap((frame) => this.#take(frame))
    } catch (error) {
      this.#fail(error instanceof HvError ? error : nonsense())
      return
    }
    // A listener may be slow, and more is waiting: lets this process's timers run in between.
    if (replies.some(({kind}) => kind === 'events' || kind === 'accepted')) this.#pauseForATurn()
    for (const reply of replies) this.#events.received(reply)
  }

  /** Restores what JSON cannot express. @throws HvError SANDBOX_FAILED */
  #take({message, bytes}: Frame): Reply[] {
    const reply = checkedReply(message)
    switch (reply.kind) {
      case 'output':
        return this.#takeOutput({...reply, bytes})
      case 'filed':
      case 'data':
        return [{...reply, bytes}]
      case 'finished': {
        const output = this.#outputOf(reply.run)
        this.#outputs.delete(reply.run)
        this.#finish(reply.run, reply.finished, output)
        return []
      }
      case 'failed':
        if (reply.run !== undefined) this.#outputs.delete(reply.run)
        return [reply]
      default:
        return [reply]
    }
  }

  #takeOutput(reply: Extract<Reply, {kind: 'output'}>): Reply[] {
    const output = this.#outputOf(reply.run)
    output.take(reply.fd, reply.bytes)
    if (output.isLive) return [reply]
    // A live run's output has no known end.
    this.#events.moved(reply.run)
    return []
  }

  #finish(run: number, finished: Omit<RunOutcome, 'stdout' | 'stderr'>, output: IncomingOutput): void {
    const finishing = output.end().then((written) => {
      this.#finishing.delete(finishing)
      if (written === undefined) this.#fail(nonsense())
      else this.#events.received({kind: 'finished', run, finished: {...finished, ...written}})
    })
    this.#finishing.add(finishing)
  }

  async #ended(error: HvError, cgroupParent: string | undefined): Promise<void> {
    const left = [...this.#outputs.values()].filter((output) => output.hasPipes)
    if (left.length > 0) await Promise.all(left.map((output) => output.drain()))
    if (this.#finishing.size > 0) await Promise.all(this.#finishing)
    this.#events.failed(error)
    this.#events.exited()
    sweepCgroups(cgroupParent)
  }

  #fail(error: HvError): void {
    this.#events.failed(error)
    this.kill()
  }

  #outputOf(run: number): IncomingOutput {
    const output = this.#outputs.get(run)
    if (output === undefined) throw nonsense()
    return output
  }

  #pauseForATurn(): void {
    const {socket} = this.#process
    socket.pause()
    setImmediate(() => socket.resume())
  }
}
