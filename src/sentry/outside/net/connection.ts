// EmbedderConnection: a socket of the guest's network that no descriptor holds: its bytes come from and go to the embedder.
//
// Each way has a window, so that neither side can make the sentry hold more. A socket's own buffers hold back the guest.

import {EAGAIN, Errno} from '../../../abi/errno.ts'
import {POLLERR, POLLHUP, POLLIN, POLLRDHUP} from '../../../abi/poll.ts'
import {SEND_SHUTDOWN} from '../../../abi/socket.ts'
import type {Waiter} from '../../../vfs/wait-queue.ts'
import type {Socket} from '../../net/socket.ts'
import type {Timer, TimerQueue, TimerTarget} from '../../time/timers.ts'
import {CONNECTION_WINDOW_BYTES} from './connection-limits.ts'
import type {Dial} from './dial.ts'

/** How long bytes wait for more of them: a guest may write each byte by itself. */
const DELAY_NS = 50_000
/** What no reader and no delay changes. */
const NEWS = POLLRDHUP | POLLHUP | POLLERR
const NO_BYTES = new Uint8Array(0)

/** What connections tell, each with its number. After `closed` it tells no more. */
export interface ConnectionEvents {
  connected(id: number, socket: Socket): void
  /** No more than its window. */
  data(id: number, bytes: Uint8Array<ArrayBuffer>, isEnd: boolean): void
  /** So many of the embedder's bytes have gone to the guest. */
  taken(id: number, bytes: number): void
  /** @param errno 0: as both sides wanted */
  closed(id: number, errno: number): void
}

export class EmbedderConnection implements Waiter, TimerTarget {
  readonly #id: number
  readonly #events: ConnectionEvents
  readonly #timers: TimerQueue
  /** For reads; what is in it does not outlive one. */
  readonly #buffer: Uint8Array
  readonly #socket: Socket
  /** Until it is connected. */
  #dial: Dial | undefined
  /** Bytes that the embedder takes now. */
  #window = CONNECTION_WINDOW_BYTES
  /** The embedder's bytes for which the socket has no room. */
  readonly #unsent: Uint8Array[] = []
  #isEnding = false
  #hasSentEnd = false
  #hasReadEnd = false
  /** The embedder takes no more bytes; what it has given still goes. */
  #isClosing = false
  #isClosed = false
  #timer: Timer | undefined
  /** Its own calls wake it, too. */
  #isBusy = false

  /** @param socket connected, or being dialed. Call `wake` next. */
  constructor(
    id: number,
    socket: Socket | Dial,
    {events, timers, buffer}: {events: ConnectionEvents; timers: TimerQueue; buffer: Uint8Array},
  ) {
    this.#id = id
    this.#events = events
    this.#timers = timers
    this.#buffer = buffer
    this.#dial = 'step' in socket ? socket : undefined
    this.#socket = 'step' in socket ? socket.socket : socket
    const queue = this.#dial?.queue ?? this.#socket.waiters
    queue.join(this)
  }

  /** Bytes of the embedder, within the window. */
  give(bytes: Uint8Array, isEnd: boolean): void {
    if (this.#isClosed || this.#isEnding) return
    if (bytes.length > 0) this.#unsent.push(bytes)
    this.#isEnding = isEnd
    this.wake()
  }

  /** The embedder has taken so much. */
  addWindow(bytes: number): void {
    this.#window += bytes
    this.#run(this.#receive)
  }

  /** close(2): what was given still goes, unless the connection `isReset`. */
  close(isReset: boolean): void {
    if (this.#isClosed) return
    this.#isClosing = true
    if (isReset) {
      this.#socket.options.lingerSeconds = 0
      this.#end(0)
    } else this.wake()
  }

  wake(): void {
    this.#run(this.#advance)
  }

  /** The delay is over. */
  expire(): void {
    this.#timer = undefined
    this.#run(this.#receive)
  }

  #run(step: () => void): void {
    if (this.#isBusy || this.#isClosed) return
    this.#isBusy = true
    try {
      step.call(this)
      if (this.#isOver) this.#end(0)
    } catch (error) {
      if (!(error instanceof Errno)) throw error
      this.#end(error.code)
    } finally {
      this.#isBusy = false
    }
  }

  get #isOver(): boolean {
    if (this.#dial !== undefined) return this.#isClosing
    return this.#isClosing ? this.#unsent.length === 0 : this.#hasReadEnd && this.#hasSentEnd
  }

  #advance(): void {
    if (this.#dial !== undefined && !this.#connect(this.#dial)) return
    this.#send()
    const ready = this.#socket.readiness()
    if (ready & NEWS) this.#receive()
    else if (ready & POLLIN) this.#timer ??= this.#timers.after(DELAY_NS, this)
  }

  #connect(dial: Dial): boolean {
    if (!dial.step()) return false
    this.#dial = undefined
    dial.queue.leave(this)
    this.#socket.waiters.join(this)
    this.#events.connected(this.#id, this.#socket)
    return true
  }

  /** As much as the socket has room for. @throws Errno EPIPE, ECONNRESET … */
  #send(): void {
    let taken = 0
    for (let [first] = this.#unsent; first !== undefined; [first] = this.#unsent) {
      const count = this.#write(first)
      if (count === 0) break
      taken += count
      if (count === first.length) this.#unsent.shift()
      else this.#unsent[0] = first.subarray(count)
    }
    if (taken > 0 && !this.#isClosing) this.#events.taken(this.#id, taken)
    if (!this.#isEnding || this.#hasSentEnd || this.#unsent.length > 0) return
    this.#hasSentEnd = true
    this.#socket.shutDown(SEND_SHUTDOWN)
  }

  /** @returns 0: there is no room */
  #write(bytes: Uint8Array): number {
    try {
      return this.#socket.write(bytes)
    } catch (error) {
      if (isAgain(error)) return 0
      throw error
    }
  }

  /** As much as the window allows. @throws Errno ECONNRESET … */
  #receive(): void {
    this.#timers.cancel(this.#timer)
    this.#timer = undefined
    if (this.#dial !== undefined || this.#isClosing) return
    while (this.#window > 0 && !this.#hasReadEnd) {
      const most = Math.min(this.#window, this.#buffer.length)
      const count = this.#read(most)
      if (count < 0) return
      this.#hasReadEnd = count === 0
      this.#window -= count
      const bytes = count === 0 ? NO_BYTES : this.#buffer.slice(0, count)
      this.#events.data(this.#id, bytes as Uint8Array<ArrayBuffer>, this.#hasReadEnd)
    }
  }

  /** @returns 0: the end, -1: nothing yet */
  #read(most: number): number {
    try {
      return this.#socket.read(this.#buffer.subarray(0, most), 0)
    } catch (error) {
      if (isAgain(error)) return -1
      throw error
    }
  }

  #end(errno: number): void {
    this.#isClosed = true
    this.#timers.cancel(this.#timer)
    this.#dial?.queue.leave(this)
    this.#socket.waiters.leave(this)
    this.#unsent.length = 0
    if (this.#dial === undefined) this.#socket.close()
    else this.#dial.abandon()
    this.#events.closed(this.#id, errno)
  }
}

const isAgain = (error: unknown): boolean => error instanceof Errno && error.code === EAGAIN
