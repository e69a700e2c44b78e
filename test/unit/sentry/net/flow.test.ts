// UDP with the outside: how often the host is called, whose turn it is, and what a limit does: the host's sockets and the clock are the test's.

import {expect, test} from 'vitest'
import {EAGAIN} from '../../../../src/abi/errno.ts'
import {EPOLLONESHOT, POLLERR, POLLHUP, POLLIN, POLLOUT} from '../../../../src/abi/poll.ts'
import {AF_INET, MSG_DONTWAIT, MSG_PEEK} from '../../../../src/abi/socket.ts'
import {HostWatch} from '../../../../src/sentry/fd/host-watch.ts'
import {decodeEndpoint} from '../../../../src/sentry/net/inet/address.ts'
import type {HostConnections} from '../../../../src/sentry/net/inet/host/connections.ts'
import {Flow} from '../../../../src/sentry/net/inet/host/flow.ts'
import {HostUdpSocket} from '../../../../src/sentry/net/inet/host/host-udp-socket.ts'
import {RateLimit} from '../../../../src/sentry/net/inet/host/rate-limit.ts'
import {InetFamily} from '../../../../src/sentry/net/inet/inet-family.ts'
import {InetStack} from '../../../../src/sentry/net/inet/inet-stack.ts'
import {Reading} from '../../../../src/sentry/net/reading.ts'
import {TimerQueue} from '../../../../src/sentry/time/timers.ts'
import {Budget} from '../../../../src/vfs/budget.ts'
import {nativeHost} from '../../../../src/vfs/native-host.ts'

const DATAGRAM = new Uint8Array(50)
const MS = 1e6
const MINUTE = 60_000
const READABLE = POLLIN | 0x40

class Outside {
  nowNs = 0
  sent = 0
  /** What is asked of the host, and of which descriptor. */
  readonly calls: string[] = []
  /** Datagrams that wait with the host, of each descriptor. */
  readonly waiting = new Map<number, number>()
  readonly closed: number[] = []
  /** Where the host has put the last datagram. */
  target: Uint8Array | undefined
  readonly timers = new TimerQueue({monotonicNs: () => this.nowNs})
  readonly watch: HostWatch
  readonly connections: HostConnections
  readonly socket: HostUdpSocket

  /** @param rate bytes a second */
  constructor(rate?: number) {
    const clock = {monotonicNs: () => this.nowNs}
    const limit = (events: number) => rate && new RateLimit(rate, events, clock, this.timers)
    this.watch = new HostWatch({
      watch: (fd, events) =>
        void (events !== 0 && this.calls.push(`watch ${fd}${events & EPOLLONESHOT ? ' once' : ''}`)),
    })
    const files = {
      hostSendDatagram: () => ++this.sent,
      hostReceiveDatagram: (fd: number, pieces: Uint8Array[], flags: number) =>
        this.#receive(fd, pieces, flags),
      hostPoll: (fd: number) => {
        this.calls.push(`poll ${fd}`)
        return this.has(fd) ? POLLIN : 0
      },
    }
    this.connections = {
      ...{files, timers: this.timers, watch: this.watch, datagram: new Uint8Array(1000)},
      ...{receiving: limit(POLLIN), sending: limit(POLLOUT)},
      close: (fd: number) => {
        this.watch.forget(fd)
        this.closed.push(fd)
      },
    } as unknown as HostConnections
    const family = new InetFamily(AF_INET, new InetStack(nativeHost, new Budget()))
    this.socket = new HostUdpSocket(family, this.connections)
  }

  has(fd: number): boolean {
    return (this.waiting.get(fd) ?? 0) > 0
  }

  #receive(fd: number, [target]: Uint8Array[], flags: number): number {
    this.calls.push(`receive ${fd}`)
    if (!this.has(fd)) return -EAGAIN
    this.target = target
    if (!(flags & MSG_PEEK)) this.waiting.set(fd, this.waiting.get(fd)! - 1)
    return DATAGRAM.length
  }

  /** A peer whose port is its descriptor; what it has sent first is received. */
  meet(fd: number): void {
    this.socket.arrive(fd, {ip: 1, port: fd}, DATAGRAM)
    this.receive()
  }

  come(fd: number, count = 1): void {
    this.waiting.set(fd, (this.waiting.get(fd) ?? 0) + count)
    this.watch.wake([[fd, POLLIN]])
  }

  /** @returns the sender's port; undefined: there is nothing */
  receive(flags = 0, buffer = new Uint8Array(100)): number | undefined {
    const sink = {put: () => {}, pieces: (most: number) => [buffer.subarray(0, most)]}
    const reading = new Reading(sink, buffer.length, MSG_DONTWAIT | flags, true)
    return this.socket.receive(reading) ? decodeEndpoint(reading.name!, AF_INET).port : undefined
  }

  pass(ms: number): void {
    this.nowNs += ms * MS
    this.timers.runExpired(this.nowNs)
  }
}

test("a datagram takes one call of the host, which puts it into the reader's memory", () => {
  const outside = new Outside()
  outside.meet(3)
  outside.waiting.set(3, 1)
  const buffer = new Uint8Array(100)
  expect(outside.receive(0, buffer)).toBe(3)
  expect(outside.calls).toEqual(['receive 3'])
  expect(outside.target!.buffer).toBe(buffer.buffer)
})

test('who finds nothing is told of the next one, and of no other until he has asked again', () => {
  const outside = new Outside()
  outside.meet(3)
  expect(outside.receive()).toBe(undefined)
  expect(outside.calls.splice(0)).toEqual(['receive 3', 'watch 3 once'])
  outside.come(3, 2)
  expect([outside.receive(), outside.receive()]).toEqual([3, 3])
  expect(outside.calls).toEqual(['receive 3', 'receive 3'])
})

test('of many peers, only those are looked at of whom the host has told', () => {
  const outside = new Outside()
  for (let fd = 10; fd < 40; fd++) outside.meet(fd)
  expect(outside.receive()).toBe(undefined)
  outside.calls.length = 0
  outside.come(25)
  expect(outside.socket.readiness() & READABLE).toBe(READABLE)
  expect(outside.receive()).toBe(25)
  expect(outside.calls).toEqual(['watch 25', 'poll 25', 'receive 25'])
})

test('peers take turns; who is only looked at keeps his', () => {
  const outside = new Outside()
  for (const fd of [3, 4]) outside.meet(fd)
  expect(outside.receive()).toBe(undefined)
  for (const fd of [4, 3]) outside.come(fd, 2)
  expect([outside.receive(MSG_PEEK), outside.receive(MSG_PEEK)]).toEqual([4, 4])
  expect([1, 2, 3, 4].map(() => outside.receive())).toEqual([4, 3, 4, 3])
})

test('a flow that has been idle is closed, and what it has is still received', () => {
  const outside = new Outside()
  outside.meet(3)
  outside.come(3, 2)
  outside.pass(MINUTE + 1)
  outside.pass(MINUTE + 1)
  expect(outside.closed).toEqual([3])
  expect([outside.receive(), outside.receive(), outside.receive()]).toEqual([3, 3, undefined])
})

test.each([
  ['while somebody polls', (outside: Outside) => outside.socket.readiness()],
  ['while a call waits', (outside: Outside) => outside.receive()],
])('a flow that the broker has ended is closed, %s', (_, prepare) => {
  const outside = new Outside()
  outside.meet(3)
  prepare(outside)
  outside.watch.wake([[3, POLLIN | POLLERR | POLLHUP]])
  expect(outside.closed).toEqual([3])
})

test('datagrams that are sent faster than the limit are lost', () => {
  const outside = new Outside(1000)
  const owner = {hostReady: () => {}, ended: () => {}, idle: () => {}, reported: () => {}}
  const flow = new Flow(outside.connections, owner, {ip: 1, port: 1})
  flow.opened(3)
  for (let i = 0; i < 10; i++) flow.send([DATAGRAM])
  expect(outside.sent).toBe(2)
  outside.pass(50)
  flow.send([DATAGRAM])
  flow.send([DATAGRAM])
  expect(outside.sent).toBe(3)
})

test('those that come faster wait with the host, and come in time', () => {
  const outside = new Outside(1000)
  outside.meet(3)
  outside.come(3, 10)
  const receiveAll = () => {
    let count = 0
    while (outside.receive() !== undefined) count++
    return count
  }
  expect(receiveAll()).toBe(2)
  expect(outside.socket.readiness() & READABLE).toBe(0)
  let received = 2
  outside.socket.waiters.join({wake: () => (received += receiveAll())})
  for (let i = 0; i < 100; i++) outside.pass(10)
  expect(received).toBe(10)
})

test('a closed flow is not resumed', () => {
  const outside = new Outside(1000)
  outside.meet(3)
  outside.come(3, 10)
  while (outside.receive() !== undefined);
  outside.socket.close()
  for (let i = 0; i < 100; i++) outside.pass(10)
  expect(outside.waiting.get(3)).toBe(8)
})
