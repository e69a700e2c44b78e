// How many bytes a second go through host sockets, by a clock that the tests set.

import {expect, test} from 'vitest'
import {POLLIN} from '../../../../src/abi/poll.ts'
import {RateLimit} from '../../../../src/sentry/net/inet/host/rate-limit.ts'
import {TimerQueue} from '../../../../src/sentry/time/timers.ts'

const MS = 1e6
const RATE = 1_000_000

/** A limit, and sockets that take all that they may. */
class Link {
  nowNs = 0
  readonly timers = new TimerQueue({monotonicNs: () => this.nowNs})
  readonly limit: RateLimit
  readonly order: string[] = []

  constructor(rate = RATE) {
    this.limit = new RateLimit(rate, POLLIN, {monotonicNs: () => this.nowNs}, this.timers)
  }

  socket(name: string, isReady = true) {
    const socket = {
      taken: 0,
      resume: (events: number) => {
        expect(events).toBe(POLLIN)
        this.order.push(name)
        if (isReady) socket.take()
        return isReady
      },
      take: (most = Number.POSITIVE_INFINITY) => {
        for (let room = 1; room > 0 && most > 0; ) {
          room = Math.min(most, this.limit.room(socket))
          this.limit.spend(room)
          socket.taken += room
          most -= room
        }
      },
    }
    return socket
  }

  pass(ms: number): void {
    const end = this.nowNs + ms * MS
    while (this.timers.nextDeadlineNs <= end) {
      this.nowNs = this.timers.nextDeadlineNs
      this.timers.runExpired(this.nowNs)
    }
    this.nowNs = end
  }
}

test('a tenth of a second comes at once, and then the rate', () => {
  const link = new Link()
  const socket = link.socket('a')
  socket.take()
  expect(socket.taken).toBe(RATE / 10)
  link.pass(2000)
  expect(socket.taken).toBeGreaterThanOrEqual(2 * RATE)
  expect(socket.taken).toBeLessThanOrEqual(2.1 * RATE)
})

test('silence is not saved up', () => {
  const link = new Link()
  link.pass(60_000)
  const socket = link.socket('a')
  socket.take()
  expect(socket.taken).toBe(RATE / 10)
})

test.each([1, 7, 4096])('%d bytes a second come, too', (rate) => {
  const link = new Link(rate)
  const socket = link.socket('a')
  socket.take()
  link.pass(100_000)
  expect(socket.taken).toBeGreaterThanOrEqual(99 * rate)
  expect(socket.taken).toBeLessThanOrEqual(101 * rate + 2)
})

test('those that wait have their turns, and what has nothing to do takes none', () => {
  const link = new Link()
  const [a, idle, b] = [link.socket('a'), link.socket('idle', false), link.socket('b')]
  a.take()
  for (const socket of [idle, b]) expect(link.limit.room(socket)).toBe(0)
  link.pass(1000)
  expect(link.order.slice(0, 6)).toEqual(['a', 'idle', 'b', 'a', 'b', 'a'])
  expect(Math.abs(a.taken - b.taken)).toBeLessThan(RATE / 5)
})

test('while all wait, timers are few, and none is left when nobody waits', () => {
  const link = new Link()
  const socket = link.socket('a')
  socket.take()
  link.pass(1000)
  expect(link.order.length).toBeLessThanOrEqual(101)
  link.limit.forget(socket)
  link.pass(1000)
  expect(link.timers.nextDeadlineNs).toBe(Number.POSITIVE_INFINITY)
})
