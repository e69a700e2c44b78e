// LiveStreams: a program's standard streams as pipes, whose other ends are the owner's, while it runs.
//
// Each way has a window: what is said and not taken yet is bounded, and a program that writes more waits, as at any pipe.

import {monotonicNs} from '../sentry/host-clock.ts'
import type {Kernel} from '../sentry/kernel.ts'
import type {TimerQueue} from '../sentry/timers.ts'
import type {Budget} from '../vfs/budget.ts'
import type {FileDescription} from '../vfs/file.ts'
import {openPipe, type PipeEnd} from '../vfs/pipe.ts'
import {type LiveReply, type LiveRequest, WINDOW_BYTES, type WithoutRun} from './protocol.ts'

type Post = (reply: WithoutRun<LiveReply>) => void

/** Half of a pipe. */
const BATCH_BYTES = 32 << 10
/** How long less than that waits for more. */
const DELAY_NS = 200_000

export class LiveStreams {
  /** The program's ends, by descriptor: of all three, or of the input. */
  readonly files: readonly FileDescription[]
  readonly #input: Input
  readonly #outputs: Record<1 | 2, Output> | undefined

  /** @param kernel whose budget counts what the pipes hold */
  constructor(post: Post, kernel: Pick<Kernel, 'budget' | 'timers'>, hasOutputs = true) {
    this.#input = new Input(post, kernel.budget)
    if (hasOutputs) this.#outputs = {1: new Output(1, post, kernel), 2: new Output(2, post, kernel)}
    this.files = [this.#input, ...Object.values(this.#outputs ?? {})].map(({file}) => file)
  }

  take(request: LiveRequest): void {
    if (request.kind === 'input') this.#input.give(request.bytes, request.isEnd)
    else if (request.kind === 'room') this.#outputs?.[request.fd].addRoom(request.bytes)
    else if (request.kind === 'shut') this.#outputs?.[request.fd].shut()
  }

  /** There is no program: nobody else closes its ends. */
  abandon(): void {
    for (const file of this.files) file.close()
  }

  /** The program has ended, or there was none. */
  finish(): void {
    this.#input.shut()
    for (const output of Object.values(this.#outputs ?? {})) output.finish()
  }
}

class Input {
  readonly file: FileDescription
  readonly #post: Post
  readonly #writer: PipeEnd
  readonly #waiting: Uint8Array[] = []
  #isEnding = false
  #isShut = false
  readonly #pump = (): void => this.#write()

  constructor(post: Post, budget: Budget) {
    const [reader, writer] = openPipe(0, undefined, budget)
    this.file = reader
    this.#post = post
    this.#writer = writer
    writer.waiters.join(this.#pump)
  }

  give(bytes: Uint8Array, isEnd: boolean): void {
    if (this.#isShut) return
    if (bytes.length > 0) this.#waiting.push(bytes)
    this.#isEnding ||= isEnd
    this.#write()
  }

  shut(): void {
    if (this.#isShut) return
    this.#isShut = true
    this.#writer.waiters.leave(this.#pump)
    this.#writer.close()
  }

  /** As much as fits. When nobody will read it, it is taken as if somebody had. */
  #write(): void {
    let taken = 0
    for (let [first] = this.#waiting; first !== undefined; [first] = this.#waiting) {
      const count = this.#writer.pipe.readers === 0 ? first.length : Math.min(first.length, this.#free)
      if (count === 0) break
      taken += count
      // Before it is written: that wakes who reads, and this again.
      if (count === first.length) this.#waiting.shift()
      else this.#waiting[0] = first.subarray(count)
      if (this.#writer.pipe.readers > 0) this.#writer.write(first.subarray(0, count))
    }
    if (taken > 0) this.#post({kind: 'took', bytes: taken})
    if (this.#waiting.length === 0 && this.#isEnding) this.shut()
  }

  get #free(): number {
    const {capacity, length} = this.#writer.pipe
    return capacity - length
  }
}

class Output {
  readonly file: FileDescription
  readonly #fd: 1 | 2
  readonly #post: Post
  readonly #reader: PipeEnd
  #room = WINDOW_BYTES
  #isReading = false
  #isShut = false
  readonly #timers: TimerQueue
  #timer: ReturnType<TimerQueue['add']> | undefined
  /** Soon, if it is little: many programs write in small pieces. */
  readonly #pump = (): void => {
    const {length} = this.#reader.pipe
    if (length >= BATCH_BYTES) this.#read(this.#room)
    else if (length > 0)
      this.#timer ??= this.#timers.add(monotonicNs() + DELAY_NS, () => this.#read(this.#room))
  }

  constructor(fd: 1 | 2, post: Post, {budget, timers}: Pick<Kernel, 'budget' | 'timers'>) {
    const [reader, writer] = openPipe(0, undefined, budget)
    this.file = writer
    this.#fd = fd
    this.#timers = timers
    this.#post = post
    this.#reader = reader
    reader.waiters.join(this.#pump)
  }

  addRoom(bytes: number): void {
    this.#room += bytes
    this.#read(this.#room)
  }

  /** The owner reads no more: who writes gets EPIPE. */
  shut(): void {
    if (this.#isShut) return
    this.#isShut = true
    this.#timers.cancel(this.#timer)
    this.#reader.waiters.leave(this.#pump)
    this.#reader.close()
  }

  /** What is left in the pipe goes beyond the window. */
  finish(): void {
    this.#read(Number.POSITIVE_INFINITY)
    this.shut()
  }

  #read(most: number): void {
    this.#timers.cancel(this.#timer)
    this.#timer = undefined
    const length = Math.min(this.#reader.pipe.length, most)
    if (this.#isShut || this.#isReading || length <= 0) return
    const bytes = new Uint8Array(length)
    // It wakes who writes, and this again.
    this.#isReading = true
    this.#reader.read(bytes)
    this.#isReading = false
    this.#room -= length
    this.#post({kind: 'output', fd: this.#fd, bytes})
  }
}
