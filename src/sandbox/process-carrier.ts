// ProcessCarrier: a sentry in a process of its own, which ends with its owner and cannot take it along.

import {HvError} from '../errors.ts'
import type {Carrier, CarrierEvents} from './carrier.ts'
import {encodeFrame, type Frame, FrameReader} from './frames.ts'
import {
  type ProcessRequest,
  type Reply,
  type Request,
  type RunRequest,
  type SentrySettings,
  WINDOW_BYTES,
} from './protocol.ts'
import {checkedReply} from './replies.ts'
import type {SentryProcess} from './sentry-process.ts'

const NO_BYTES = new Uint8Array(0)
/** Of a live run's output: its window, and at the end what its pipe still has, 1 MiB at most. */
const LIVE_BYTES = 2 * WINDOW_BYTES

export class ProcessCarrier implements Carrier {
  readonly #process: SentryProcess
  readonly #events: CarrierEvents
  readonly #reader = new FrameReader()
  #isLive = false
  #pieces: Record<1 | 2, Uint8Array[]> = {1: [], 2: []}
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
    if (request.kind === 'room') this.#room[request.fd] += request.bytes
    if (request.kind === 'run') this.#sayRun(request)
    else if (request.kind === 'input') this.#say({...request, bytes: NO_BYTES}, request.bytes)
    else this.#say(request)
  }

  tellToStop(run: number): void {
    this.#say({kind: 'stop', run})
  }

  took(): void {
    this.#say({kind: 'taken'})
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
    this.#isLive = rest.isLive
    const room = rest.isLive ? LIVE_BYTES : rest.maxOutputBytes
    this.#room = {1: room, 2: room}
    this.#pieces = {1: [], 2: []}
    this.#say({...rest, stdin: NO_BYTES}, stdin)
  }

  #say(request: ProcessRequest, bytes?: Uint8Array): void {
    const {socket} = this.#process
    if (socket.writable) socket.write(encodeFrame(request, bytes))
  }

  #read(chunk: Buffer): void {
    let replies: Reply[]
    try {
      replies = this.#reader.push(chunk).flatMap((frame) => this.#take(frame))
    } catch (error) {
      if (!(error instanceof HvError)) throw error
      this.#events.failed(error)
      // Nothing more is heard of it.
      this.#process.socket.destroy()
      this.kill()
      return
    }
    for (const reply of replies) {
      try {
        this.#events.received(reply)
      } catch (error) {
        // A listener's: it goes to this process, as from any event, and the next reply to its receiver.
        setImmediate(() => {
          throw error
        })
      }
    }
  }

  /** With what JSON has no words for. @throws HvError SANDBOX_FAILED */
  #take({message, bytes}: Frame): Reply[] {
    const reply = checkedReply(message)
    switch (reply.kind) {
      case 'output':
        this.#takeRoom(reply.fd, bytes.length)
        if (this.#isLive) return [{...reply, bytes}]
        this.#pieces[reply.fd].push(bytes)
        return []
      case 'finished': {
        const stdout = this.#output(1)
        const stderr = this.#output(2)
        return [{kind: 'finished', finished: {...reply.finished, stdout, stderr}}]
      }
      case 'asks': {
        const args = reply.question.args.map(BigInt)
        const paths = reply.question.paths.map((path) => path ?? undefined)
        return [{...reply, question: {...reply.question, args, paths}}]
      }
      default:
        return [reply as Reply]
    }
  }

  #takeRoom(fd: 1 | 2, bytes: number): void {
    if (bytes > this.#room[fd])
      throw new HvError('SANDBOX_FAILED', 'the sandbox failed: it says too much', 'make a new one')
    this.#room[fd] -= bytes
  }

  #output(fd: 1 | 2): Uint8Array<ArrayBuffer> {
    const pieces = this.#pieces[fd]
    this.#pieces[fd] = []
    return new Uint8Array(Buffer.concat(pieces))
  }
}
