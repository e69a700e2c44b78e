// RateLimit: how many bytes a second go one way between a sandbox and the host's sockets: a token bucket, and the sockets that wait for it.

import type {HostClock} from '../../../../vfs/host.ts'
import type {Timer, TimerQueue, TimerTarget} from '../../../time/timers.ts'

const NS_PER_SECOND = 1e9
/** So much of a second may come at once, after a silence. */
const BURST_SECONDS = 0.1
/** Otherwise what a timer that is early leaves over would be lost. */
const LEAST_BURST = 2
/** A socket waits for so much of a second's bytes: fewer would wake it too often. */
const LEAST_SECONDS = 0.01
/** Of what has come, one more socket may go on for each. */
const BYTES_PER_SOCKET = 65_536

/** A socket that waits. */
export interface RateWaiter {
  /** It may go on. @returns false: it has nothing to do in this direction */
  resume(events: number): boolean
}

export class RateLimit implements TimerTarget {
  /** The direction, as bits of poll(2). */
  readonly events: number
  readonly #bytesPerSecond: number
  readonly #burst: number
  readonly #least: number
  readonly #clock: Pick<HostClock, 'monotonicNs'>
  readonly #timers: TimerQueue
  /** In their order, each once. */
  readonly #waiting = new Set<RateWaiter>()
  #timer: Timer | undefined
  #tokens: number
  #filledNs: number

  constructor(
    bytesPerSecond: number,
    events: number,
    clock: Pick<HostClock, 'monotonicNs'>,
    timers: TimerQueue,
  ) {
    this.#bytesPerSecond = bytesPerSecond
    this.#burst = Math.max(LEAST_BURST, bytesPerSecond * BURST_SECONDS)
    this.#least = Math.max(1, bytesPerSecond * LEAST_SECONDS)
    this.events = events
    this.#clock = clock
    this.#timers = timers
    this.#tokens = this.#burst
    this.#filledNs = clock.monotonicNs()
  }

  get hasRoom(): boolean {
    this.#fill()
    return this.#tokens >= 1
  }

  /** How many bytes may go now. 0: `socket` is resumed once some may. */
  room(socket: RateWaiter): number {
    if (this.hasRoom) return Math.floor(this.#tokens)
    this.#waiting.add(socket)
    this.#wait()
    return 0
  }

  spend(bytes: number): void {
    this.#tokens -= bytes
  }

  /** It waits no longer. */
  forget(socket: RateWaiter): void {
    this.#waiting.delete(socket)
  }

  expire(): void {
    this.#timer = undefined
    this.#fill()
    // What goes on spends its bytes later; who comes too late waits again, behind the others.
    let most = Math.ceil(this.#tokens / BYTES_PER_SOCKET)
    for (const socket of this.#waiting) {
      if (most <= 0) break
      this.#waiting.delete(socket)
      if (socket.resume(this.events)) most--
    }
    if (this.#waiting.size > 0) this.#wait()
  }

  #fill(): void {
    const nowNs = this.#clock.monotonicNs()
    const filled = ((nowNs - this.#filledNs) / NS_PER_SECOND) * this.#bytesPerSecond
    this.#tokens = Math.min(this.#burst, this.#tokens + filled)
    this.#filledNs = nowNs
  }

  #wait(): void {
    this.#timer ??= this.#timers.after((this.#least / this.#bytesPerSecond) * NS_PER_SECOND, this)
  }
}
