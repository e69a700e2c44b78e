// ConnectTimeout: when connect(2) gives up on a listener whose backlog is full: tcp_write_timeout in Linux.

import {ETIMEDOUT} from '../../../../abi/errno.ts'
import {SOL_TCP, TCP_SYNCNT, TCP_USER_TIMEOUT} from '../../../../abi/inet.ts'
import type {Timer, TimerQueue, TimerTarget} from '../../../time/timers.ts'
import type {KeptOptions} from '../options.ts'

/** TCP_RTO_MAX, seconds: as far as the time between two tries doubles. */
const MAX_RTO = 120
const NS_PER_SECOND = 1e9
const NS_PER_MS = 1e6

/** From the first try to the end of the wait after the last one. RFC 6298. */
export function secondsOf(retries: number): number {
  let timeout = 1
  let seconds = timeout
  for (let tried = 0; tried < retries; tried++) {
    timeout = Math.min(timeout * 2, MAX_RTO)
    seconds += timeout
  }
  return seconds
}

interface Connector {
  readonly kept: KeptOptions
  refuse(error: number): void
}

export class ConnectTimeout implements TimerTarget {
  readonly #connector: Connector
  readonly #timers: TimerQueue
  readonly #timer: Timer

  constructor(connector: Connector, timers: TimerQueue) {
    const {kept} = connector
    const triesNs = secondsOf(kept.get(SOL_TCP, TCP_SYNCNT)!) * NS_PER_SECOND
    const userNs = kept.get(SOL_TCP, TCP_USER_TIMEOUT)! * NS_PER_MS || triesNs
    this.#connector = connector
    this.#timers = timers
    this.#timer = timers.after(Math.min(triesNs, userNs), this)
  }

  expire(): void {
    this.#connector.refuse(ETIMEDOUT)
  }

  cancel(): void {
    this.#timers.cancel(this.#timer)
  }
}
