// The registry of address families: an invented one works through the real calls, with the errors of Linux.

import {describe, expect, test} from 'vitest'
import {
  EAFNOSUPPORT,
  EAGAIN,
  EINVAL,
  ENOPROTOOPT,
  ENOTCONN,
  EOPNOTSUPP,
  EPROTONOSUPPORT,
  Errno,
  ESOCKTNOSUPPORT,
} from '../../../../src/abi/errno.ts'
import {FIONREAD} from '../../../../src/abi/ioctl.ts'
import {
  AF_PACKET,
  AF_UNIX,
  MSG_DONTWAIT,
  SHUT_RDWR,
  SHUTDOWN_MASK,
  SO_DOMAIN,
  SO_SNDBUF,
  SOCK_DGRAM,
  SOCK_MAX,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
} from '../../../../src/abi/socket.ts'
import {BLOCKED} from '../../../../src/sentry/core/syscall.ts'
import type {Reading} from '../../../../src/sentry/net/reading.ts'
import type {Sending} from '../../../../src/sentry/net/sending.ts'
import type {Socket, SocketFamily} from '../../../../src/sentry/net/socket.ts'
import {SocketOptions} from '../../../../src/sentry/net/socket-options.ts'
import type {IoctlMemory} from '../../../../src/vfs/file.ts'
import {writeInt} from '../../../../src/vfs/int-argument.ts'
import {WaitQueue} from '../../../../src/vfs/wait-queue.ts'
import {PledgedTask} from '../pledge/pledged-task.ts'

const AF_ECHO = 40
const SOL_ECHO = 300

/** Sends everything back to itself. Connects at the second try. */
class EchoSocket implements Socket {
  readonly family: SocketFamily
  readonly type = SOCK_STREAM
  readonly protocol = 7
  readonly isStream = true
  readonly isListening = false
  readonly options = new SocketOptions()
  readonly waiters = new WaitQueue()
  error = 0
  #name = new Uint8Array([AF_ECHO, 0])
  #peer: Uint8Array | undefined
  #tries = 0
  #bytes = Buffer.alloc(0)
  shut = 0
  own = 5

  constructor(family: SocketFamily) {
    this.family = family
  }

  readiness(): number {
    return 0
  }

  bind(_task: unknown, address: Uint8Array): void {
    this.#name = new Uint8Array(address)
  }

  connect(_task: unknown, address: Uint8Array): WaitQueue[] | undefined {
    if (this.#tries++ === 0) return [this.waiters]
    this.#peer = new Uint8Array(address)
    return undefined
  }

  listen(): void {
    throw new Errno(EOPNOTSUPP)
  }

  accept(): undefined {
    throw new Errno(EOPNOTSUPP)
  }

  name(): Uint8Array {
    return this.#name
  }

  peerName(): Uint8Array | undefined {
    return this.#peer
  }

  shutDown(how: number): void {
    this.shut = how
  }

  send(sending: Sending): undefined {
    if (this.#peer === undefined) throw new Errno(ENOTCONN)
    this.#bytes = Buffer.concat([this.#bytes, sending.copy(0, sending.total)])
    sending.sent = sending.total
  }

  receive(reading: Reading): boolean {
    const bytes = this.#bytes.subarray(0, reading.size)
    if (bytes.length === 0) return false
    reading.buffer.put(bytes, 0)
    reading.copied = reading.result = bytes.length
    if (reading.wantsName) reading.name = this.#name
    this.#bytes = this.#bytes.subarray(bytes.length)
    return true
  }

  setOption(_task: unknown, level: number, _option: number, [value]: Uint8Array): boolean {
    if (level === SOL_ECHO) this.own = value
    return level === SOL_ECHO
  }

  getOption(_task: unknown, level: number): Uint8Array | undefined {
    return level === SOL_ECHO ? Uint8Array.of(this.own) : undefined
  }

  ioctl(_request: number, argument: number, memory: IoctlMemory): number {
    return writeInt(memory, argument, this.#bytes.length)
  }

  read(): number {
    throw new Errno(EAGAIN)
  }

  write(): number {
    throw new Errno(EAGAIN)
  }

  takeError(): number {
    return 0
  }

  close(): void {}
}

class EchoFamily implements SocketFamily {
  readonly number = AF_ECHO
  readonly promise = 'inet'
  last: EchoSocket | undefined

  create(type: number, protocol: number): Socket {
    if (type !== SOCK_STREAM) throw new Errno(ESOCKTNOSUPPORT)
    if (protocol !== 0) throw new Errno(EPROTONOSUPPORT)
    this.last = new EchoSocket(this)
    return this.last
  }
}

function withEcho() {
  const t = new PledgedTask()
  const family = new EchoFamily()
  t.task.kernel.socketFamilies.add(family)
  const address = t.data(Uint8Array.of(AF_ECHO, 0, 1, 2))
  const make = () => t.make('socket', AF_ECHO, SOCK_STREAM, 0)
  const connected = () => {
    const fd = make()
    t.make('connect', fd, address, 4)
    t.wake()
    return fd
  }
  return {t, family, address, make, connected}
}

describe('a family that is in the registry', () => {
  test('is bound, connects after a wait, sends and receives', () => {
    const {t, address, make} = withEcho()
    expect(make()).toBe(0)
    expect(t.make('bind', 0, address, 4)).toBe(0)
    expect(t.make('sendto', 0, t.string('early'), 5, 0, 0, 0)).toBe(-ENOTCONN)
    expect(t.make('connect', 0, address, 4)).toBe(BLOCKED)
    expect(t.wake()).toBe(0)
    expect(t.make('sendto', 0, t.string('hello'), 5, 0, 0, 0)).toBe(5)
    expect(t.make('write', 0, t.string('world'), 5)).toBe(5)
    const buffer = t.bytes(16)
    expect(t.make('recvfrom', 0, buffer, 7, 0, 0, 0)).toBe(7)
    expect(t.make('read', 0, buffer + 7, 7)).toBe(3)
    expect(t.text(buffer, 10)).toBe('helloworld')
    expect(t.make('recvfrom', 0, buffer, 7, MSG_DONTWAIT, 0, 0)).toBe(-EAGAIN)
  })

  test('names its sockets, and whom they are connected to', () => {
    const {t, address, make, connected} = withEcho()
    const [name, length] = [t.bytes(16), t.int32s(16)]
    expect(t.make('getpeername', make(), name, length)).toBe(-ENOTCONN)
    expect(t.make('getpeername', connected(), name, length)).toBe(0)
    expect(t.text(name, 4)).toBe(t.text(address, 4))
    expect(t.make('getsockname', 0, name, length)).toBe(0)
    expect(t.task.memory.readInt32(length)).toBe(2)
  })

  test('has the common options, and its own', () => {
    const {t, make} = withEcho()
    make()
    const [value, length] = [t.int32s(9), t.int32s(4)]
    expect(t.make('setsockopt', 0, SOL_ECHO, 1, value, 4)).toBe(0)
    expect(t.make('getsockopt', 0, SOL_ECHO, 1, value, length)).toBe(0)
    expect(t.task.memory.readInt32(length)).toBe(1)
    expect(t.make('setsockopt', 0, SOL_SOCKET, SO_SNDBUF, t.int32s(8192), 4)).toBe(0)
    expect(t.make('setsockopt', 0, SOL_SOCKET, 99, value, 4)).toBe(-ENOPROTOOPT)
    expect(t.make('setsockopt', 0, SOL_ECHO + 1, 1, value, 4)).toBe(-EOPNOTSUPP)
    expect(t.make('getsockopt', 0, SOL_SOCKET, SO_DOMAIN, value, t.int32s(4))).toBe(0)
    expect(t.task.memory.readInt32(value)).toBe(AF_ECHO)
  })

  test('answers ioctl(2), listen(2), accept(2) and shutdown(2) itself', () => {
    const {t, family, connected} = withEcho()
    const fd = connected()
    t.make('write', fd, t.string('abc'), 3)
    const count = t.int32s(0)
    expect(t.make('ioctl', fd, FIONREAD, count)).toBe(0)
    expect(t.task.memory.readInt32(count)).toBe(3)
    expect(t.make('listen', fd, 1)).toBe(-EOPNOTSUPP)
    expect(t.make('accept', fd, 0, 0)).toBe(-EOPNOTSUPP)
    expect(t.make('shutdown', fd, SHUT_RDWR)).toBe(0)
    expect(family.last!.shut).toBe(SHUTDOWN_MASK)
  })

  test('has its promise', () => {
    const {t} = withEcho()
    expect(t.pledge('stdio unix').make('socket', AF_ECHO, SOCK_STREAM, 0)).toBe('inet or dns')
    expect(t.pledge('stdio inet').make('socket', AF_ECHO, SOCK_STREAM, 0)).toBe(0)
  })
})

test.each([
  ['a family that has no member', AF_PACKET, SOCK_STREAM, 0, EAFNOSUPPORT],
  ['a family without a number', 1000, SOCK_MAX, 0, EAFNOSUPPORT],
  ['a type without a number', AF_PACKET, SOCK_MAX, 0, EINVAL],
  ['a type that the family lacks', AF_ECHO, SOCK_DGRAM, 0, ESOCKTNOSUPPORT],
  ['a protocol that the family lacks', AF_ECHO, SOCK_STREAM, 1, EPROTONOSUPPORT],
])('socket(2) refuses %s', (_name, number, type, protocol, error) => {
  const {t} = withEcho()
  expect(t.make('socket', number, type, protocol)).toBe(-error)
})

test('socketpair(2) needs a family that has pairs', () => {
  const pair = (t: PledgedTask, number: number, type: number) =>
    t.make('socketpair', number, type, 0, t.bytes(8))
  const {t} = withEcho()
  expect(pair(t, AF_ECHO, SOCK_STREAM)).toBe(-EOPNOTSUPP)
  expect(pair(t, AF_ECHO, SOCK_DGRAM)).toBe(-ESOCKTNOSUPPORT)
  expect(pair(new PledgedTask(), AF_UNIX, SOCK_SEQPACKET)).toBe(0)
})
