// PublishedPorts: what the broker accepts for a sentry, which may have been broken into.

import {expect, test} from 'vitest'
import type {Arrival} from '../../../src/broker/protocol.ts'
import {toAnswer} from '../../../src/broker/protocol.ts'
import {PublishedPorts} from '../../../src/broker/published-ports.ts'

const PORT = {address: '127.0.0.1', hostPort: 8080, guestPort: 80, protocol: 'tcp', fd: 50} as const

/** A host at which peers wait that a test names. */
function published(most: number, peers: [fd: number, ip: string, port: number][]) {
  const closed: number[] = []
  const arrivals: Arrival[] = []
  let listener: (() => void) | undefined
  const host = {
    acceptConnection: () => peers.shift(),
    openFlow: () => -1,
    receiveDatagram: () => undefined,
    hostClose: (fd: number) => closed.push(fd),
    watch: (_fd: number, told: () => void) => {
      listener = told
      return {[Symbol.dispose]: () => (listener = undefined)}
    },
  }
  const ports = new PublishedPorts([PORT], most, host)
  ports.begin((arrival) => arrivals.push(arrival) > 0)
  return {ports, closed, arrivals, ready: () => listener?.(), isWatching: () => listener !== undefined}
}

const peersFrom = (ip: string, count: number) =>
  Array.from({length: count}, (_, index): [number, string, number] => [60 + index, ip, 4000 + index])

test('a connection is passed on, and closed here', () => {
  const {arrivals, closed, ready} = published(10, peersFrom('10.0.0.7', 1))
  ready()
  expect(arrivals).toEqual([{arrival: 1, isStream: true, ip: '0a000007', port: 4000, guestPort: 80}])
  expect(closed).toEqual([60])
  expect(toAnswer(JSON.stringify(arrivals[0]))).toEqual(arrivals[0])
})

test.each(['127.0.0.1', '::1', '::ffff:127.0.0.1'])('%s has another address in the guest', (ip) => {
  const {arrivals, ready} = published(10, peersFrom(ip, 1))
  ready()
  expect(arrivals[0].ip).toBe('c0000002')
})

test('no more are accepted than the sentry takes, and than there may be', () => {
  const {ports, arrivals, ready, isWatching} = published(40, peersFrom('10.0.0.7', 100))
  ready()
  expect([arrivals.length, isWatching()]).toEqual([32, false])
  for (const {arrival} of [...arrivals]) ports.hear({kind: 'taken', id: arrival})
  ready()
  expect([arrivals.length, isWatching()]).toEqual([40, false])
  ports.hear({kind: 'released', id: 3})
  ready()
  expect(arrivals.length).toBe(41)
  // Made up: it was let go of already.
  ports.hear({kind: 'released', id: 3})
  expect(isWatching()).toBe(false)
})

test('a flood of datagrams, of which each new flow gets more, ends with its turn', () => {
  let [peers, flows] = [0, 0]
  let isWatching = false
  let listener = (): void => {}
  const host = {
    acceptConnection: () => undefined,
    openFlow: () => 60 + flows++,
    receiveDatagram: () => [new Uint8Array(1), '10.0.0.7', ++peers] as [Uint8Array, string, number],
    hostClose: () => 0,
    watch: (_fd: number, told: () => void) => {
      listener = told
      isWatching = true
      return {[Symbol.dispose]: () => (isWatching = false)}
    },
  }
  // The sentry has no room for any.
  new PublishedPorts([{...PORT, protocol: 'udp'}], 10_000, host).begin(() => false)
  listener()
  expect(flows).toBeGreaterThan(0)
  expect(flows).toBeLessThanOrEqual(32 * 32)
  expect(isWatching).toBe(true)
})

test('without a descriptor left it pauses', () => {
  const {ports, isWatching, ready} = published(10, [[-24, '', 0]])
  ready()
  expect(isWatching()).toBe(false)
  ports.close()
})

test.each([
  {arrival: 1, isStream: true, ip: '0a0000', port: 1, guestPort: 80},
  {arrival: -1, isStream: true, ip: '0a000007', port: 1, guestPort: 80},
  {arrival: 1, isStream: true, ip: '0a000007', port: 0, guestPort: 80},
  {arrival: 1, isStream: 1, ip: '0a000007', port: 1, guestPort: 80},
])('%j is no arrival', (line) => {
  expect(toAnswer(JSON.stringify(line))).toBeUndefined()
})
