// ProcessCarrier: a sentry in a process of its own, which ends with its owner and cannot take it along.

import {closeSync} from 'node:fs'
import {EAGAIN} from '../abi/errno.ts'
import {HvError} from '../errors.ts'
import type {Question} from '../sentry/hooked-call.ts'
import type {SyscallArgument} from '../sentry/trace/argument-value.ts'
import type {Carrier, CarrierEvents} from './carrier.ts'
import {encodeFrame, type Frame, FrameReader, nonsense} from './frames.ts'
import {GrowingBytes} from './growing-bytes.ts'
import {OutputPipe} from './output-pipe.ts'
import {
  type ProcessRequest,
  type Reply,
  type Request,
  type RunRequest,
  type SentrySettings,
  WINDOW_BYTES,
} from './protocol.ts'
import {type AskedInJson, checkedReply} from './replies.ts'
import type {SentryProcess} from './sentry-process.ts'

const NO_BYTES = new Uint8Array(0)
/** Of a live run's output: its window, and at the end what its pipe still has, 1 MiB at most. */
const LIVE_BYTES = 2 * WINDOW_BYTES

const PIECE_BYTES = 1 << 20
/** Bytes of answers that it does not listen to. */
const MOST_UNHEARD = 1 << 24

export class ProcessCarrier implements Carrier {
  readonly #process: SentryProcess
  readonly #events: CarrierEvents
  readonly #reader = new FrameReader()
  /** What is said when what was said before has left. */
  readonly #unsaid: Buffer[] = []
  #unsaidBytes = 0
  /** Its output goes on at once. */
  #isLive = false
  /** Unless there were no descriptors for them. */
  #pipes: Record<1 | 2, OutputPipe> | undefined
  #output: Record<1 | 2, GrowingBytes> = {1: new GrowingBytes(), 2: new GrowingBytes()}
  /** How much more output may come in this run, for each descriptor. */
  #room: Record<1 | 2, number> = {1: 0, 2: 0}

  /** @param process nobody else's */
  constructor(process: SentryProcess, settings: SentrySettings, events: CarrierEvents) {
    this.#process = process
    this.#events = events
    process.onEnd = (error) => {
      events.failed(error)
      events.exited()
    }
    process.socket.on('data', (chunk: Buffer) => this.#read(chunk))
    this.#say({kind: 'settings', settings})
  }

  send(request: Request): void {
    if (this.#pipes !== undefined && request.kind === 'room') this.#pipes[request.fd].addRoom(request.bytes)
    else if (this.#pipes !== undefined && request.kind === 'shut') this.#pipes[request.fd].shut()
    else this.#send(request)
  }

  #send(request: Request): void {
    if (request.kind === 'room') this.#room[request.fd] += request.bytes
    if (request.kind === 'run') this.#sayRun(request)
    else if (request.kind === 'input' || request.kind === 'file')
      this.#say({...request, bytes: NO_BYTES}, request.bytes)
    else if (request.kind === 'verdict') this.#answer(request)
    else this.#say(request)
  }

  tellToStop(run: number): void {
    this.#say({kind: 'stop', run})
  }

  took(): void {
    this.#answer({kind: 'taken'})
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

  #sayRun({stdin, ...rest}: RunRequest): void {
    this.#isLive = rest.live === 'all'
    const room = this.#isLive ? LIVE_BYTES : rest.maxOutputBytes
    this.#room = {1: room, 2: room}
    this.#output = {1: new GrowingBytes(), 2: new GrowingBytes()}
    this.#pipes = this.#isLive ? this.#openPipes() : undefined
    const {1: out, 2: error} = this.#pipes ?? {}
    const descriptors = [rest.onHost?.fd, out?.writer, error?.writer].filter((fd) => fd !== undefined)
    const isPassed = descriptors.every((fd) => this.#pass(fd))
    if (rest.onHost !== undefined) closeSync(rest.onHost.fd)
    out?.passed()
    error?.passed()
    // They are other numbers there.
    if (isPassed) this.#say({...rest, stdin: NO_BYTES, ...(out && {outputs: [0, 0]})}, stdin)
  }

  #openPipes(): Record<1 | 2, OutputPipe> | undefined {
    return OutputPipe.open((fd, bytes) => this.#events.received({kind: 'output', fd, bytes}))
  }

  #pass(fd: number): boolean {
    try {
      this.#process.pass(fd)
      return true
    } catch (error) {
      // Where it has ended, that is heard in a moment.
      if ((error as {errno?: number}).errno === EAGAIN) this.#events.failed(nonsense())
      this.kill()
      return false
    }
  }

  /** What it brought about itself. */
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

  /** One after another: in one go, nobody would hear how far it is. */
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
    // A listener may be slow, and more is there at once: this process's timers come in between.
    if (replies.some(({kind}) => kind === 'events')) this.#pauseForATurn()
    for (const reply of replies) {
      if (reply.kind === 'finished' && this.#pipes !== undefined) void this.#finish(reply, this.#pipes)
      else this.#events.received(reply)
    }
  }

  /** When all that it wrote was heard. */
  async #finish(reply: Reply, pipes: Record<1 | 2, OutputPipe>): Promise<void> {
    const haveEnded = await Promise.all([pipes[1].drain(), pipes[2].drain()])
    if (haveEnded.includes(false)) this.#fail(nonsense())
    else this.#events.received(reply)
  }

  #fail(error: HvError): void {
    this.#events.failed(error)
    this.kill()
  }

  /** With what JSON has no words for. @throws HvError SANDBOX_FAILED */
  #take({message, bytes}: Frame): Reply[] {
    const reply = checkedReply(message)
    switch (reply.kind) {
      case 'output':
        this.#takeRoom(reply.fd, bytes.length)
        if (this.#isLive) return [{...reply, bytes}]
        this.#output[reply.fd].append(bytes)
        return []
      case 'filed':
        return [{...reply, bytes}]
      case 'finished': {
        const stdout = this.#output[1].take()
        const stderr = this.#output[2].take()
        return [{kind: 'finished', finished: {...reply.finished, stdout, stderr}}]
      }
      case 'asks':
        return [{...reply, question: questionOf(reply.question)}]
      default:
        return [reply as Reply]
    }
  }

  #takeRoom(fd: 1 | 2, bytes: number): void {
    if (bytes === 0 || bytes > this.#room[fd]) throw nonsense()
    this.#room[fd] -= bytes
    // What a live run says has no end that is known.
    if (!this.#isLive) this.#events.moved()
  }

  #pauseForATurn(): void {
    const {socket} = this.#process
    socket.pause()
    setImmediate(() => socket.resume())
  }
}

function questionOf({args, paths, decoded, ...rest}: AskedInJson): Question {
  return {
    ...rest,
    args: args.map(BigInt),
    paths: paths.map((path) => path ?? undefined),
    decoded: decoded.map(withBytes),
  }
}

/** What was absent in JSON is there, as from a thread. */
function withBytes(each: AskedInJson['decoded'][number]): SyscallArgument {
  if (each.kind === 'bytes')
    return {
      ...each,
      value: each.value === undefined ? undefined : new Uint8Array(Buffer.from(each.value, 'base64')),
    }
  return each.kind === 'other' ? each : ({value: undefined, ...each} as SyscallArgument)
}
