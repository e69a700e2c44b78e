// How long connect(2) waits for room in a backlog. What programs see of it is guests/linux/tcp-backlog.c.

import {beforeEach, expect, test} from 'vitest'
import {EINPROGRESS, Errno, ETIMEDOUT} from '../../../../../src/abi/errno.ts'
import {SOL_TCP, TCP_SYNCNT, TCP_USER_TIMEOUT} from '../../../../../src/abi/inet.ts'
import {AF_INET} from '../../../../../src/abi/socket.ts'
import {encodeEndpoint, LOOPBACK} from '../../../../../src/sentry/net/inet/address.ts'
import {InetFamily} from '../../../../../src/sentry/net/inet/inet-family.ts'
import {InetStack} from '../../../../../src/sentry/net/inet/inet-stack.ts'
import {intBytes} from '../../../../../src/sentry/net/inet/options.ts'
import {startConnection} from '../../../../../src/sentry/net/inet/tcp/connect.ts'
import {secondsOf} from '../../../../../src/sentry/net/inet/tcp/connect-timeout.ts'
import {TcpSocket} from '../../../../../src/sentry/net/inet/tcp/tcp-socket.ts'
import {Budget} from '../../../../../src/vfs/budget.ts'
import {nativeHost} from '../../../../../src/vfs/native-host.ts'
import {type Fake, fakeTask} from '../../fake-task.ts'

const PORT = 8080
const MS = 1e6
const name = encodeEndpoint({ip: LOOPBACK, port: PORT}, AF_INET)

let fake: Fake
let family: InetFamily
let listener: TcpSocket
beforeEach(() => {
  fake = fakeTask()
  family = new InetFamily(AF_INET, new InetStack(nativeHost, new Budget()))
  listener = new TcpSocket(family)
  listener.bind(fake.task, name)
  listener.listen(fake.task, 0)
  new TcpSocket(family).connect(fake.task, name, true, false)
})

/** It waits for room. @param options of SOL_TCP */
function waiting(options: Readonly<Record<number, number>> = {}): TcpSocket {
  const socket = new TcpSocket(family)
  for (const [option, value] of Object.entries(options))
    socket.setOption(fake.task, SOL_TCP, Number(option), intBytes(value))
  expect(() => socket.connect(fake.task, name, false, false)).toThrow(new Errno(EINPROGRESS))
  return socket
}

test.each([
  ['127 seconds', {}, 127_000],
  ['as long as TCP_SYNCNT tries take', {[TCP_SYNCNT]: 3}, 15_000],
  ['TCP_USER_TIMEOUT, if that is less', {[TCP_USER_TIMEOUT]: 1500}, 1500],
  ['no longer than all tries', {[TCP_SYNCNT]: 1, [TCP_USER_TIMEOUT]: 60_000}, 3000],
])('it waits %s', (_what, options, ms) => {
  const socket = waiting(options)
  fake.kernel.pass(ms * MS - 1)
  expect([socket.state, listener.connectors.size]).toEqual(['connecting', 1])
  fake.kernel.pass(1)
  expect([socket.state, listener.connectors.size]).toEqual(['closed', 0])
  expect(socket.takeError()).toBe(ETIMEDOUT)
})

test('the time between two tries doubles up to two minutes', () => {
  expect([1, 2, 6, 7, 127].map(secondsOf)).toEqual([3, 7, 127, 247, 14_647])
})

test('no timer is left when a connection is made, refused or given up', () => {
  const [made, given, refused] = [waiting(), waiting(), waiting()]
  expect(fake.kernel.timers.nextDeadlineNs).toBeLessThan(Number.POSITIVE_INFINITY)
  listener.accept()
  expect(made.state).toBe('connected')
  given.close()
  listener.close()
  expect(refused.state).toBe('closed')
  expect(fake.kernel.timers.nextDeadlineNs).toBe(Number.POSITIVE_INFINITY)
})

test('the embedder’s connections wait as long as they like', () => {
  const socket = new TcpSocket(family)
  expect(startConnection(undefined, socket, listener.local)).toBe('waits')
  expect(fake.kernel.timers.nextDeadlineNs).toBe(Number.POSITIVE_INFINITY)
})
