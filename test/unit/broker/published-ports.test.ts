// PublishedPorts: what the broker accepts for a sentry, which may have been broken into.

import {expect, test} from 'vitest'
import type {OpenPort} from '../../../src/broker/open-ports.ts'
import type {Arrival} from '../../../src/broker/protocol.ts'
import {toAnswer} from '../../../src/broker/protocol.ts'
import {PublishedPorts} from '../../../src/broker/published-ports.ts'

const PORT = {address: '127.0.0.1', hostPort: 8080, guestPort: 80, protocol: 'tcp', fd: 50} as const
const UDP_PORT = {...PORT, protocol: 'udp', fd: 51} as const

type Peer = [fd: number, ip: string, port: number]

/** A host at which peers wait that a test names. @param hasPrograms in the sandbox */
function published(most: number, peers: Peer[], hasPrograms = true, ports: readonly OpenPort[] = [PORT]) {
  const [closed, reset, shut]: number[][] = [[], [], []]
  const arrivals: Arrival[] = []
  const listeners = new Map<number, () => void>()
  let [datagrams, flows] = [0, 0]
  const host = {
    acceptConnection: () => peers.shift(),
    openFlow: () => 1000 + flows++,
    receiveDatagram: (fd: number): [Uint8Array, string, number] | undefined =>
      fd === UDP_PORT.fd ? [new Uint8Array(1), '10.0.0.7', ++datagrams] : undefined,
    hostClose: (fd: number) => closed.push(fd),
    hostShutDown: (fd: number) => shut.push(fd),
    resetConnection: (fd: number) => void reset.push(fd),
    watch: (fd: number, told: () => void) => {
      listeners.set(fd, told)
      return {[Symbol.dispose]: () => listeners.delete(fd)}
    },
  }
  const all = new PublishedPorts(ports, most, host, () => hasPrograms)
  all.begin((arrival) => arrivals.push(arrival) > 0)
  const ready = (fd: number = PORT.fd) => listeners.get(fd)?.()
  const isWatching = (fd: number = PORT.fd) => listeners.has(fd)
  return {ports: all, closed, reset, shut, arrivals, ready, isWatching}
}

const peersFrom = (ip: string, count: number) =>
  Array.from({length: count}, (_, index): Peer => [60 + index, ip, 4000 + index])

test('a connection is passed on, and held here until the sentry has closed it', () => {
  const {ports, arrivals, closed, shut, ready} = published(10, peersFrom('10.0.0.7', 1))
  ready()
  expect(arrivals).toEqual([{arrival: 1, isStream: true, ip: '0a000007', port: 4000, guestPort: 80}])
  expect(toAnswer(JSON.stringify(arrivals[0]))).toEqual(arrivals[0])
  ports.hear({kind: 'taken', id: 1})
  expect(closed).toEqual([])
  ports.hear({kind: 'released', id: 1})
  expect([shut, closed]).toEqual([[60], [60]])
})

test('where no program runs, a connection is reset at once, and takes no place', () => {
  const {arrivals, closed, reset, ready, isWatching} = published(2, peersFrom('10.0.0.7', 5), false)
  ready()
  expect([arrivals, reset, closed]).toEqual([[], [60, 61, 62, 63, 64], [60, 61, 62, 63, 64]])
  expect(isWatching()).toBe(true)
})

test('what the sentry has not taken when its last program ends is reset', () => {
  const {ports, reset, ready} = published(10, peersFrom('10.0.0.7', 2))
  ready()
  ports.hear({kind: 'taken', id: 1})
  ports.resetUntaken()
  expect(reset).toEqual([61])
})

test('a port that is closed resets what came by it, and nothing else', () => {
  const other = {...PORT, hostPort: 8081, fd: 52}
  const {ports, closed, reset, ready, isWatching} = published(10, peersFrom('10.0.0.7', 3), true, [
    PORT,
    other,
  ])
  ready(52)
  expect(reset).toEqual([])
  ports.remove(PORT)
  expect([reset, closed, isWatching(PORT.fd)]).toEqual([[], [50], false])
  ports.remove(other)
  expect([reset, closed, ports.ports]).toEqual([[60, 61, 62], [50, 52], []])
})

test('datagrams take no room from connections', () => {
  const {arrivals, ready, isWatching} = published(40, peersFrom('10.0.0.7', 1), true, [PORT, UDP_PORT])
  ready(UDP_PORT.fd)
  expect([arrivals.length, isWatching(UDP_PORT.fd), isWatching(PORT.fd)]).toEqual([32, false, true])
  ready(PORT.fd)
  expect(arrivals.at(-1)?.isStream).toBe(true)
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
  // Made up: it was taken already, or never there.
  for (const id of [1, 1, 99]) ports.hear({kind: 'taken', id})
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
    hostShutDown: () => 0,
    resetConnection: () => {},
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
