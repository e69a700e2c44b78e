// What a limit of bytes a second does to UDP with the outside: the host's socket and the clock are the test's.

import {expect, test} from 'vitest'
import {EAGAIN} from '../../../../src/abi/errno.ts'
import {POLLIN, POLLOUT} from '../../../../src/abi/poll.ts'
import type {HostConnections} from '../../../../src/sentry/net/inet/host/connections.ts'
import {Flow} from '../../../../src/sentry/net/inet/host/flow.ts'
import {RateLimit} from '../../../../src/sentry/net/inet/host/rate-limit.ts'
import {TimerQueue} from '../../../../src/sentry/time/timers.ts'

const BYTES_PER_SECOND = 1000
const DATAGRAM = new Uint8Array(50)
const MS = 1e6

class Outside {
  nowNs = 0
  sent = 0
  received = 0
  /** Datagrams that wait with the host. */
  waiting = 0
  readonly timers = new TimerQueue({monotonicNs: () => this.nowNs})
  readonly flow: Flow

  constructor() {
    const clock = {monotonicNs: () => this.nowNs}
    const limit = (events: number) => new RateLimit(BYTES_PER_SECOND, events, clock, this.timers)
    const files = {
      hostSend: (_: number, bytes: Uint8Array) => {
        this.sent++
        return bytes.length
      },
      hostReceive: () => (this.waiting-- > 0 ? DATAGRAM.length : -EAGAIN),
    }
    const connections = {
      ...{files, datagram: new Uint8Array(1000), receiving: limit(POLLIN), sending: limit(POLLOUT)},
      ...{
        timers: this.timers,
        watch: {add: () => undefined, remove: () => undefined},
        close: () => undefined,
      },
    }
    const owner = {isFull: false, received: () => this.received++, ended: () => {}, reported: () => {}}
    this.flow = new Flow(connections as unknown as HostConnections, owner, {ip: 1, port: 1})
    this.flow.opened(3)
  }

  pass(ms: number): void {
    this.nowNs += ms * MS
    this.timers.runExpired(this.nowNs)
  }
}

test('datagrams that are sent faster than the limit are lost', () => {
  const outside = new Outside()
  for (let i = 0; i < 10; i++) outside.flow.send(DATAGRAM)
  expect(outside.sent).toBe(2)
  outside.pass(50)
  outside.flow.send(DATAGRAM)
  outside.flow.send(DATAGRAM)
  expect(outside.sent).toBe(3)
})

test('those that come faster wait with the host, and come in time', () => {
  const outside = new Outside()
  outside.waiting = 10
  outside.flow.receive()
  expect(outside.received).toBe(2)
  for (let i = 0; i < 100; i++) outside.pass(10)
  expect(outside.received).toBe(10)
})

test('a closed flow is not resumed', () => {
  const outside = new Outside()
  outside.waiting = 10
  outside.flow.receive()
  outside.flow.close()
  for (let i = 0; i < 100; i++) outside.pass(10)
  expect(outside.received).toBe(2)
})
