// TimerFdDescription: a timer that can be read: timerfd_create(2).

import {EAGAIN, EINVAL, Errno} from '../../abi/errno.ts'
import {O_NONBLOCK, POLLIN} from '../../abi/open-flags.ts'
import {fromNs} from '../../abi/time.ts'
import {AnonymousDescription} from '../../vfs/anonymous-description.ts'
import {WaitQueue} from '../../vfs/wait-queue.ts'
import type {Kernel} from '../core/kernel.ts'
import {PeriodicTimer, TimerClock, type TimerOwner} from './periodic-timer.ts'

const COUNT_BYTES = 8

function pair(ns: number): string {
  const {seconds, nanoseconds} = fromNs(ns)
  return `(${seconds}, ${nanoseconds})`
}

export class TimerFdDescription extends AnonymousDescription implements TimerOwner {
  /** clockid_t. */
  readonly clock: number
  readonly timer: PeriodicTimer
  override readonly waiters = new WaitQueue()
  #expirations = 0

  /** @param flags O_NONBLOCK counts */
  constructor(kernel: Kernel, clock: number, flags: number) {
    super(kernel.vfs, '[timerfd]', flags & O_NONBLOCK)
    this.clock = clock
    this.timer = new PeriodicTimer(kernel, new TimerClock(kernel), this)
  }

  expired(times: number): undefined {
    const isFirst = this.#expirations === 0
    this.#expirations += times
    if (isFirst) this.waiters.wakeAll()
    // Until it is read, nobody learns of more.
  }

  /** A new setting discards unread expirations. */
  forgetExpirations(): void {
    this.#expirations = 0
  }

  override read(target: Uint8Array): number {
    if (target.length < COUNT_BYTES) throw new Errno(EINVAL)
    this.timer.catchUp()
    if (this.#expirations === 0) throw new Errno(EAGAIN)
    const view = new DataView(target.buffer, target.byteOffset, COUNT_BYTES)
    view.setBigUint64(0, BigInt(this.#expirations), true)
    this.#expirations = 0
    this.timer.goOn()
    return COUNT_BYTES
  }

  /** The flags of the last setting are not kept. */
  override fdinfo(): string {
    const {remainingNs, intervalNs} = this.timer
    const clock = `clockid: ${this.clock}\nticks: ${this.#expirations}\nsettime flags: 00\n`
    return `${clock}it_value: ${pair(remainingNs)}\nit_interval: ${pair(intervalNs)}\n`
  }

  override readiness(): number {
    this.timer.catchUp()
    return this.#expirations > 0 ? POLLIN : 0
  }

  override close(): void {
    this.timer.disarm()
  }
}
