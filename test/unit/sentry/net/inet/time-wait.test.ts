// TIME_WAIT: how long, how many, and what gives way. What programs see of it is guests/linux/tcp-time-wait.c.

import {beforeEach, expect, test} from 'vitest'
import {EADDRINUSE, EADDRNOTAVAIL, ENFILE, Errno} from '../../../../../src/abi/errno.ts'
import {
  FIRST_LOCAL_PORT,
  LAST_LOCAL_PORT,
  MAX_TIME_WAITS,
  SOL_TCP,
  TCP_LINGER2,
} from '../../../../../src/abi/inet.ts'
import {AF_INET, SO_REUSEADDR, SO_REUSEPORT, SOL_SOCKET} from '../../../../../src/abi/socket.ts'
import {encodeEndpoint, LOOPBACK} from '../../../../../src/sentry/net/inet/address.ts'
import {InetFamily} from '../../../../../src/sentry/net/inet/inet-family.ts'
import {InetStack} from '../../../../../src/sentry/net/inet/inet-stack.ts'
import {intBytes} from '../../../../../src/sentry/net/inet/options.ts'
import {TcpSocket} from '../../../../../src/sentry/net/inet/tcp/tcp-socket.ts'
import {Budget} from '../../../../../src/vfs/budget.ts'
import {nativeHost} from '../../../../../src/vfs/native-host.ts'
import {fakeTask} from '../../fake-task.ts'
import {checkGrowth} from '../../growth.ts'

const PORT = 8080
const {task} = fakeTask()
const at = (port: number): Uint8Array => encodeEndpoint({ip: LOOPBACK, port}, AF_INET)

/** A program's sockets, at a time of the test's choice. */
class Program {
  seconds = 0
  readonly stack: InetStack
  readonly family: InetFamily
  readonly listener: TcpSocket

  constructor(budget = new Budget()) {
    const monotonicNs = (): number => this.seconds * 1e9
    this.stack = new InetStack({clock: {...nativeHost.clock, monotonicNs}, random: nativeHost.random}, budget)
    this.family = new InetFamily(AF_INET, this.stack)
    this.listener = this.bound(PORT)
    this.listener.listen(task, 1)
  }

  socket(): TcpSocket {
    const socket = new TcpSocket(this.family)
    socket.chargeTo({connections: 0, receivedBytes: 0, sentBytes: 0})
    return socket
  }

  bound(port: number): TcpSocket {
    const socket = this.socket()
    socket.options.turn(SO_REUSEADDR, true)
    socket.bind(task, at(port))
    return socket
  }

  connected(socket = this.socket()): [TcpSocket, TcpSocket] {
    socket.connect(task, at(PORT), true, false)
    return [socket, this.listener.accept()!]
  }

  /** A connection that its client closes first. @returns its port */
  ended(socket = this.socket()): number {
    const [client, server] = this.connected(socket)
    client.close()
    server.close()
    return client.local.port
  }

  canBind(port: number): boolean {
    const socket = this.socket()
    try {
      socket.bind(task, at(port))
      return true
    } catch (error) {
      expect(error).toEqual(new Errno(EADDRINUSE))
      return false
    } finally {
      socket.close()
    }
  }
}

let program: Program
beforeEach(() => {
  program = new Program()
})

test('lasts a minute, from the end of the other side on', () => {
  const [client, server] = program.connected()
  client.close()
  program.seconds = 59
  server.close()
  program.seconds = 118
  expect(program.canBind(client.local.port)).toBe(false)
  program.seconds = 119
  expect(program.canBind(client.local.port)).toBe(true)
  expect(program.stack.timeWaits.size).toBe(0)
})

test('FIN_WAIT2 lasts as long as TCP_LINGER2 says, without an end of the other side', () => {
  const [client, server] = program.connected()
  client.setOption(task, SOL_TCP, TCP_LINGER2, intBytes(5))
  client.close()
  program.seconds = 4
  expect(program.canBind(client.local.port)).toBe(false)
  program.seconds = 5
  expect(program.canBind(client.local.port)).toBe(true)
  server.close()
  expect(program.stack.timeWaits.size).toBe(0)
})

test('connections beyond the limit leave nothing behind, and are counted', () => {
  const ports = Array.from({length: MAX_TIME_WAITS + 10}, () => program.ended())
  const {timeWaits, counters} = program.stack
  expect(timeWaits.size).toBe(MAX_TIME_WAITS)
  expect(counters.values('TcpExt').TCPTimeWaitOverflow).toBe(10)
  expect(program.canBind(ports[0])).toBe(false)
  program.seconds = 60
  expect(program.canBind(ports[0])).toBe(true)
})

test('when all ports are held, the one that has waited longest is used again, after a second', () => {
  const ends = [program.ended(), program.ended()]
  const holders = LAST_LOCAL_PORT - FIRST_LOCAL_PORT + 1 - ends.length
  for (let i = 0; i < holders; i++) program.socket().bindAny(task)
  expect(() => program.connected()).toThrow(new Errno(EADDRNOTAVAIL))
  program.seconds = 1
  expect(program.connected()[0].local.port).toBe(ends[0])
  expect(program.stack.timeWaits.size).toBe(1)
})

test('the same two ends can be connected anew, which resets what is left of the old connection', () => {
  const [client, server] = program.connected(program.bound(4000))
  client.close()
  program.connected(program.bound(4000))
  expect(server.state).toBe('reset')
  expect(program.stack.timeWaits.size).toBe(0)
})

test('a connection to itself ends in TIME_WAIT', () => {
  const socket = program.bound(4000)
  socket.connect(task, at(4000), true, false)
  socket.close()
  expect(program.canBind(4000)).toBe(false)
})

test('the embedder’s ends of connections leave nothing behind', () => {
  program.ended(new TcpSocket(program.family))
  expect(program.stack.timeWaits.size).toBe(0)
})

checkGrowth([
  [
    'TCP connections in TIME_WAIT',
    ENFILE,
    (budget) => {
      program = new Program(budget)
      return () => {
        const socket = program.socket()
        socket.setOption(task, SOL_SOCKET, SO_REUSEPORT, intBytes(1))
        program.ended(socket)
        // The second test wants an error: what has no room leaves nothing.
        if (program.stack.counters.timeWaitOverflows > 0) throw new Errno(ENFILE)
      }
    },
  ],
])
