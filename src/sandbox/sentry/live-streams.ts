// LiveStreams: a running program's standard streams as pipes, whose other ends are the owner's.
//
// Each way has a window: data that is sent and not yet taken is bounded, and a program that writes more waits, as at any pipe.

import type {Kernel} from '../../sentry/core/kernel.ts'
import type {Timer, TimerQueue, TimerTarget} from '../../sentry/time/timers.ts'
import type {Terminal} from '../../sentry/tty/terminal.ts'
import type {FileDescription} from '../../vfs/file.ts'
import {openPipe, type PipeDescription} from '../../vfs/pipe.ts'
import type {Waiter, WaitQueue} from '../../vfs/wait-queue.ts'
import {type LiveReply, type LiveRequest, WINDOW_BYTES, type WithoutRun} from '../protocol/messages.ts'

export type Post = (reply: WithoutRun<LiveReply>) => void

/** Half of a pipe. */
const PIPE_BATCH_BYTES = 32 << 10
/** How long smaller amounts wait for more. */
const DELAY_NS = 200_000

/** The sentry's ends of a live run's streams. */
export interface Live {
  /** The program's ends, by descriptor: of all three, or of the input. */
  readonly files: readonly FileDescription[]
  /** The terminal, if the streams are one. */
  readonly terminal?: Terminal
  take(request: LiveRequest): void
  /** There is no program that would close its ends. */
  abandon(): void
  /** The program has ended, or there was none. */
  finish(): void
}

/** Where the owner's bytes go. */
export interface LiveSink {
  readonly waiters: WaitQueue
  /** Bytes that fit now. */
  readonly room: number
  /** It has readers, or may still get some. */
  readonly isRead: boolean
  write(bytes: Uint8Array): void
  close(): void
}

/** Where the program's bytes come from. */
export interface LiveSource {
  readonly waiters: WaitQueue
  readonly length: number
  /** Enough for a message at once. */
  readonly batchBytes: number
  /** As many as it has room for. Precondition: there are as many. */
  read(target: Uint8Array): void
  close(): void
}

export class LiveStreams implements Live {
  readonly files: readonly FileDescription[]
  readonly #input: LiveInput
  readonly #outputs: Record<1 | 2, LiveOutput> | undefined

  /** @param kernel its budget counts what the pipes hold */
  constructor(
    post: Post,
    {vfs, budget, timers}: Pick<Kernel, 'vfs' | 'budget' | 'timers'>,
    hasOutputs = true,
  ) {
    const [input, keys] = openPipe(vfs, 0, undefined, budget)
    this.#input = new LiveInput(post, sinkOf(keys))
    if (!hasOutputs) {
      this.files = [input]
      return
    }
    const [[out, stdout], [err, stderr]] = [1, 2].map(() => openPipe(vfs, 0, undefined, budget))
    this.#outputs = {
      1: new LiveOutput(1, post, sourceOf(out), timers),
      2: new LiveOutput(2, post, sourceOf(err), timers),
    }
    this.files = [input, stdout, stderr]
  }

  take(request: LiveRequest): void {
    if (request.kind === 'input') this.#input.give(request.bytes, request.isEnd)
    else if (request.kind === 'room') this.#outputs?.[request.fd].addRoom(request.bytes)
    else if (request.kind === 'shut') this.#outputs?.[request.fd].shut()
  }

  abandon(): void {
    for (const file of this.files) file.close()
  }

  finish(): void {
    this.#input.shut()
    for (const output of Object.values(this.#outputs ?? {})) output.finish()
  }
}

function sinkOf(writer: PipeDescription): LiveSink {
  const {pipe} = writer
  return {
    waiters: writer.waiters,
    get room() {
      return pipe.capacity - pipe.length
    },
    get isRead() {
      return pipe.readers > 0
    },
    write: (bytes) => writer.write(bytes),
    close: () => writer.close(),
  }
}

function sourceOf(reader: PipeDescription): LiveSource {
  return {
    waiters: reader.waiters,
    batchBytes: PIPE_BATCH_BYTES,
    get length() {
      return reader.pipe.length
    },
    read: (target) => reader.read(target),
    close: () => reader.close(),
  }
}

export class LiveInput implements Waiter {
  readonly #post: Post
  readonly #sink: LiveSink
  readonly #waiting: Uint8Array[] = []
  #isEnding = false
  #isShut = false

  constructor(post: Post, sink: LiveSink) {
    this.#post = post
    this.#sink = sink
    sink.waiters.join(this)
  }

  give(bytes: Uint8Array, isEnd: boolean): void {
    if (this.#isShut) return
    if (bytes.length > 0) this.#waiting.push(bytes)
    this.#isEnding ||= isEnd
    this.wake()
  }

  shut(): void {
    if (this.#isShut) return
    this.#isShut = true
    this.#sink.waiters.leave(this)
    this.#sink.close()
  }

  /** Writes as much as fits. When nobody will read it, takes it as if it had been read. */
  wake(): void {
    let taken = 0
    for (let [first] = this.#waiting; first !== undefined; [first] = this.#waiting) {
      const {isRead, room} = this.#sink
      const count = isRead ? Math.min(first.length, room) : first.length
      if (count === 0) break
      taken += count
      // Before the write, which wakes readers, and this function again.
      if (count === first.length) this.#waiting.shift()
      else this.#waiting[0] = first.subarray(count)
      if (isRead) this.#sink.write(first.subarray(0, count))
    }
    if (taken > 0) this.#post({kind: 'took', bytes: taken})
    if (this.#waiting.length === 0 && this.#isEnding) this.shut()
  }
}

export class LiveOutput implements Waiter, TimerTarget {
  readonly #fd: 1 | 2
  readonly #post: Post
  readonly #source: LiveSource
  #room = WINDOW_BYTES
  #isReading = false
  #isShut = false
  readonly #timers: TimerQueue
  #timer: Timer | undefined

  constructor(fd: 1 | 2, post: Post, source: LiveSource, timers: TimerQueue) {
    this.#fd = fd
    this.#timers = timers
    this.#post = post
    this.#source = source
    source.waiters.join(this)
  }

  /** Reads after a short delay, if it is little: many programs write in small pieces. */
  wake(): void {
    const {length, batchBytes} = this.#source
    if (length >= batchBytes) this.expire()
    else if (length > 0) this.#timer ??= this.#timers.after(DELAY_NS, this)
  }

  expire(): void {
    this.#read(this.#room)
  }

  addRoom(bytes: number): void {
    this.#room += bytes
    this.expire()
  }

  /** The owner reads no more: writers get EPIPE. */
  shut(): void {
    if (this.#isShut) return
    this.#isShut = true
    this.#timers.cancel(this.#timer)
    this.#source.waiters.leave(this)
    this.#source.close()
  }

  /** Sends what is left in the pipe, even beyond the window. */
  finish(): void {
    this.#read(Number.POSITIVE_INFINITY)
    this.shut()
  }

  #read(most: number): void {
    this.#timers.cancel(this.#timer)
    this.#timer = undefined
    const length = Math.min(this.#source.length, most)
    if (this.#isShut || this.#isReading || length <= 0) return
    const bytes = new Uint8Array(length)
    // Wakes writers, and this function again.
    this.#isReading = true
    this.#source.read(bytes)
    this.#isReading = false
    this.#room -= length
    this.#post({kind: 'output', fd: this.#fd, bytes})
    // A terminal's echoes may have waited for room.
    this.wake()
  }
}
