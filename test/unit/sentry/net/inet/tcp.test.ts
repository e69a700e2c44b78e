// What a TCP connection costs: copies, wakes and what the budget counts. What programs see of it is guests/linux/tcp*.c.

import {afterEach, expect, test, vi} from 'vitest'
import {EAGAIN, ENFILE} from '../../../../../src/abi/errno.ts'
import {AF_INET, MSG_DONTWAIT, SOCK_STREAM} from '../../../../../src/abi/socket.ts'
import {BLOCKED} from '../../../../../src/sentry/core/syscall.ts'
import {encodeEndpoint, LOOPBACK} from '../../../../../src/sentry/net/inet/address.ts'
import {InetFamily} from '../../../../../src/sentry/net/inet/inet-family.ts'
import {InetStack} from '../../../../../src/sentry/net/inet/inet-stack.ts'
import {startConnection} from '../../../../../src/sentry/net/inet/tcp/connect.ts'
import {TcpSocket} from '../../../../../src/sentry/net/inet/tcp/tcp-socket.ts'
import {accept} from '../../../../../src/sentry/syscalls/accept.ts'
import {bind} from '../../../../../src/sentry/syscalls/bind.ts'
import {close} from '../../../../../src/sentry/syscalls/close.ts'
import {connect} from '../../../../../src/sentry/syscalls/connect.ts'
import {read} from '../../../../../src/sentry/syscalls/read.ts'
import {recvfrom} from '../../../../../src/sentry/syscalls/recv.ts'
import {sendto} from '../../../../../src/sentry/syscalls/send.ts'
import {socket} from '../../../../../src/sentry/syscalls/socket.ts'
import {write} from '../../../../../src/sentry/syscalls/write.ts'
import type {Budget} from '../../../../../src/vfs/budget.ts'
import {nativeHost} from '../../../../../src/vfs/native-host.ts'
import {checkGrowth} from '../../growth.ts'
import {SimulatedTask} from '../../syscalls/simulated-task.ts'

const PORT = 4000
const LENGTH = 4096

afterEach(() => vi.restoreAllMocks())

class Connection extends SimulatedTask {
  readonly client: number
  readonly server: number
  readonly buffer = this.bytes(LENGTH)

  constructor() {
    super()
    const listener = this.call(socket, AF_INET, SOCK_STREAM, 0)
    this.client = this.call(socket, AF_INET, SOCK_STREAM, 0)
    const name = this.data(encodeEndpoint({ip: LOOPBACK, port: PORT}, AF_INET))
    this.call(bind, listener, name, 16)
    this.socket(listener).listen(this.task, 1)
    this.call(connect, this.client, name, 16)
    this.server = this.call(accept, listener, 0, 0)
  }

  socket(fd: number): TcpSocket {
    return this.task.fds.get(fd).socket as TcpSocket
  }
}

/** How many bytes typed arrays copy while it runs. */
function copiedBy(action: () => void): number {
  const arrays = Object.getPrototypeOf(Uint8Array.prototype)
  const set = vi.spyOn(arrays, 'set')
  const slice = vi.spyOn(arrays, 'slice')
  action()
  const sources = set.mock.calls.map(([source]) => source).filter((source) => source instanceof Uint8Array)
  const copied = sources.reduce((sum, {length}) => sum + length, 0)
  const sliced = slice.mock.results.reduce((sum, {value}) => sum + (value as Uint8Array).length, 0)
  vi.restoreAllMocks()
  return copied + sliced
}

test('each byte is copied once into the ring and once out of it', () => {
  const guest = new Connection()
  const {client, server, buffer} = guest
  expect(copiedBy(() => guest.call(sendto, client, buffer, LENGTH, 0, 0, 0))).toBe(LENGTH)
  expect(copiedBy(() => guest.call(recvfrom, server, buffer, LENGTH, 0, 0, 0))).toBe(LENGTH)
  expect(copiedBy(() => guest.call(write, client, buffer, LENGTH))).toBe(LENGTH)
  expect(copiedBy(() => guest.call(read, server, buffer, LENGTH))).toBe(LENGTH)
})

test('a waiter is woken by bytes, and a sender by room that it lacked', () => {
  const guest = new Connection()
  const {client, server, buffer} = guest
  expect(guest.call(recvfrom, server, buffer, LENGTH, 0, 0, 0)).toBe(BLOCKED)
  const wakes = vi.spyOn(guest.socket(client).waiters, 'wakeAll')
  guest.call(sendto, client, buffer, LENGTH, 0, 0, 0)
  expect(guest.call(recvfrom, server, buffer, LENGTH, 0, 0, 0)).toBe(LENGTH)
  expect(wakes).not.toHaveBeenCalled()
  while (guest.call(sendto, client, buffer, LENGTH, MSG_DONTWAIT, 0, 0) !== -EAGAIN);
  while (guest.call(recvfrom, server, buffer, LENGTH, MSG_DONTWAIT, 0, 0) !== -EAGAIN);
  expect(wakes).toHaveBeenCalledTimes(1)
})

test('an end that is closed is not kept by the other one', () => {
  const guest = new Connection()
  const server = guest.socket(guest.server)
  guest.call(close, guest.client)
  expect(server.peer).toBe(undefined)
})

test('close with SO_LINGER waits until there is room for all that was sent, and is woken once', () => {
  const guest = new Connection()
  const {client, server, buffer} = guest
  while (guest.call(sendto, client, buffer, LENGTH, MSG_DONTWAIT, 0, 0) !== -EAGAIN);
  const socket = guest.socket(client)
  socket.options.lingerSeconds = 1000
  expect(guest.call(close, client)).toBe(BLOCKED)
  const wakes = vi.spyOn(socket.waiters, 'wakeAll')
  while (guest.call(recvfrom, server, buffer, LENGTH, MSG_DONTWAIT, 0, 0) > 0)
    expect(socket.isLingering).toBe(wakes.mock.calls.length === 0)
  expect(wakes).toHaveBeenCalledTimes(1)
})

function stack(budget: Budget): InetFamily {
  return new InetFamily(AF_INET, new InetStack(nativeHost, budget))
}

checkGrowth([
  [
    'connections that nobody accepts',
    ENFILE,
    (budget) => {
      const family = stack(budget)
      const listener = new TcpSocket(family)
      listener.local = {ip: LOOPBACK, port: listener.ports.bind(listener, LOOPBACK, 0)}
      listener.startListening()
      listener.maxBacklog = 1e6
      return () => {
        const client = new TcpSocket(family)
        startConnection(undefined, client, listener.local)
        return client
      }
    },
  ],
])
