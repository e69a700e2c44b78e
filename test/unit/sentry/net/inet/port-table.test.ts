// Ports and connections: a call takes as many steps with thousands of sockets as with one.

import {beforeEach, describe, expect, test} from 'vitest'
import {EADDRINUSE, EADDRNOTAVAIL, Errno} from '../../../../../src/abi/errno.ts'
import {FIRST_LOCAL_PORT, LAST_LOCAL_PORT} from '../../../../../src/abi/inet.ts'
import {AF_INET, SO_REUSEADDR} from '../../../../../src/abi/socket.ts'
import {encodeEndpoint, type IpAddress, LOOPBACK} from '../../../../../src/sentry/net/inet/address.ts'
import {Connectors} from '../../../../../src/sentry/net/inet/connections.ts'
import {FreePorts} from '../../../../../src/sentry/net/inet/free-ports.ts'
import {InetFamily} from '../../../../../src/sentry/net/inet/inet-family.ts'
import {InetStack} from '../../../../../src/sentry/net/inet/inet-stack.ts'
import {MOST_PER_PORT} from '../../../../../src/sentry/net/inet/port-table.ts'
import {TcpSocket} from '../../../../../src/sentry/net/inet/tcp/tcp-socket.ts'
import {Budget} from '../../../../../src/vfs/budget.ts'
import {nativeHost} from '../../../../../src/vfs/native-host.ts'
import {fakeTask} from '../../fake-task.ts'

const CONNECTIONS = 2000
const PORT = 8080
const at = (port: number, ip: IpAddress = LOOPBACK): Uint8Array => encodeEndpoint({ip, port}, AF_INET)

let family: InetFamily
let steps: number
const {task} = fakeTask()
beforeEach(() => {
  family = new InetFamily(AF_INET, new InetStack(nativeHost, new Budget()))
  steps = 0
})

/** @param reuses SO_REUSEADDR */
function bound(port: number, reuses = false, ip: IpAddress = LOOPBACK): TcpSocket {
  const socket = new TcpSocket(family)
  socket.options.turn(SO_REUSEADDR, reuses)
  socket.bind(task, at(port, ip))
  return socket
}

function listening(port: number, reuses = false): TcpSocket {
  const socket = bound(port, reuses)
  socket.listen(task, 128)
  return socket
}

function connect(port: number): TcpSocket {
  const socket = new TcpSocket(family)
  socket.connect(task, at(port), true, false)
  return socket
}

/** Counts each look at a socket's address. */
function watch(socket: TcpSocket): void {
  const {local} = socket
  Object.defineProperty(socket, 'local', {
    get: () => {
      steps++
      return local
    },
  })
}

/** Of which the listener is closed. @returns one of them */
function manyConnections(reuses: boolean): TcpSocket {
  const listener = listening(PORT, reuses)
  let accepted: TcpSocket | undefined
  for (let i = 0; i < CONNECTIONS; i++) {
    const [address, random] = [0x7f00_0100 + (i % 250), bound(0, false, 0x7f00_0100 + (i % 250))]
    random.connect(task, at(PORT), true, false)
    accepted = listener.accept()!
    watch(accepted)
    expect(random.local.ip).toBe(address)
  }
  listener.close()
  steps = 0
  return accepted!
}

describe('two thousand connections to one port', () => {
  test.each([true, false])('are not looked at by bind, listen and connect: SO_REUSEADDR %s', (reuses) => {
    manyConnections(reuses)
    if (!reuses) expect(() => bound(PORT)).toThrow(new Errno(EADDRINUSE))
    bound(PORT, false, 0x7f00_0002)
    if (reuses) {
      listening(PORT, true)
      connect(PORT)
    }
    expect(steps).toBe(0)
  })

  test('give the port back with the last of them', () => {
    const listener = listening(PORT)
    const ends = Array.from({length: 100}, () => [connect(PORT), listener.accept()!]).flat()
    listener.close()
    const last = ends.pop()!
    for (const end of ends) end.close()
    expect(() => bound(PORT)).toThrow(new Errno(EADDRINUSE))
    last.close()
    expect(bound(PORT).local.port).toBe(PORT)
  })
})

test('no two connections have the same ends', () => {
  listening(PORT)
  const [one, other] = [bound(40_000, true), bound(40_000, true)]
  one.connect(task, at(PORT), true, false)
  expect(() => other.connect(task, at(PORT), true, false)).toThrow(new Errno(EADDRNOTAVAIL))
  one.close()
  other.connect(task, at(PORT), true, false)
  expect(other.state).toBe('connected')
})

test('as many sockets may share one port as a call may look at', () => {
  for (let i = 0; i < MOST_PER_PORT; i++) bound(PORT, true)
  expect(() => bound(PORT, true)).toThrow(new Errno(EADDRINUSE))
})

test('every port of the range is found free, until all are held', () => {
  const ports = new FreePorts()
  const held = new Set<number>()
  for (let port = ports.choose(nativeHost.random); port; port = ports.choose(nativeHost.random)) {
    held.add(port)
    ports.take(port)
  }
  expect(held.size).toBe(LAST_LOCAL_PORT - FIRST_LOCAL_PORT + 1)
  ports.give(40_000)
  ports.give(50_000)
  ports.take(40_000)
  expect(ports.choose(nativeHost.random)).toBe(50_000)
})

test('sockets that wait for a backlog are served in order, without those that have gone', () => {
  const connectors = new Connectors()
  const [one, two, three] = Array.from({length: 3}, () => new TcpSocket(family))
  expect(connectors.shift()).toBe(undefined)
  for (const socket of [one, two]) connectors.add(socket)
  connectors.delete(one)
  expect(connectors.shift()).toBe(two)
  expect(connectors.shift()).toBe(undefined)
  connectors.add(three)
  expect([connectors.shift(), connectors.size]).toEqual([three, 0])
})
