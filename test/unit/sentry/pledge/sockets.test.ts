// Which promises sockets need, and what must be unveiled for their names.

import {describe, expect, test} from 'vitest'
import {ALL_CAPABILITIES} from '../../../../src/abi/capability.ts'
import {EACCES, EAFNOSUPPORT, ENOENT, ENOTSOCK} from '../../../../src/abi/errno.ts'
import {IP_MULTICAST_TTL, IP_TTL, SOL_IP} from '../../../../src/abi/inet.ts'
import {
  AF_INET,
  AF_PACKET,
  AF_UNIX,
  SCM_RIGHTS,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
} from '../../../../src/abi/socket.ts'
import type {UnixFamily} from '../../../../src/sentry/net/unix/unix-family.ts'
import {PromiseRecorder} from '../../../../src/sentry/pledge/recorder.ts'
import {parsePermissions, UnveilRules} from '../../../../src/sentry/pledge/unveil-rules.ts'
import {EventFdDescription} from '../../../../src/vfs/eventfd.ts'
import {PledgedTask} from './pledged-task.ts'

const OWNER = {uid: 0, gid: 0, groups: [], capabilities: ALL_CAPABILITIES}
const MSG_DONTWAIT = 0x40

function withPair(): PledgedTask {
  const t = new PledgedTask()
  t.make('socketpair', AF_UNIX, SOCK_STREAM, 0, t.bytes(8))
  return t
}

/** A one-byte message that carries descriptor 0. */
function message(t: PledgedTask): number {
  const control = Buffer.alloc(24)
  control.writeBigUInt64LE(20n, 0)
  control.writeInt32LE(SOL_SOCKET, 8)
  control.writeInt32LE(SCM_RIGHTS, 12)
  return t.int64s(0, 0, t.iovecs([t.string('x'), 1]), 1, t.data(control), 24, 0)
}

const name = (t: PledgedTask, path: string) => t.data(Buffer.from(`\x01\0${path}\0`, 'latin1'))
/** A port of 127.0.0.1. */
const inetName = (t: PledgedTask, port: number) =>
  t.data(Buffer.from([AF_INET, 0, 0, port, 127, 0, 0, 1, ...new Array(8).fill(0)]))
const bind = (t: PledgedTask, fd: number, path: string) => t.make('bind', fd, name(t, path), path.length + 3)
const connect = (t: PledgedTask, fd: number, path: string) =>
  t.make('connect', fd, name(t, path), path.length + 3)

describe('a pledge', () => {
  test('of stdio allows pairs and what goes through them', () => {
    const t = new PledgedTask().pledge('stdio')
    expect(t.make('socketpair', AF_UNIX, SOCK_STREAM, 0, t.bytes(8))).toBe(0)
    expect(t.make('sendto', 0, 'x', 1, 0, 0, 0)).toBe(1)
    expect(t.make('recvfrom', 1, t.bytes(1), 1, 0, 0, 0)).toBe(1)
    expect(t.make('getsockopt', 0, SOL_SOCKET, 4, t.bytes(4), t.int32s(4))).toBe(0)
    expect(t.make('getsockopt', 0, SOL_SOCKET, 3, t.bytes(4), t.int32s(4))).toBe('unix')
    expect(t.make('socket', AF_UNIX, SOCK_STREAM, 0)).toBe('unix')
    expect(t.make('getpeername', 0, t.bytes(16), t.int32s(16))).toBe('unix')
    expect(t.make('sendto', 0, 'x', 1, 0, t.string('\x01\0x'), 3)).toBe('unix')
  })

  test('says nothing of what fails anyway', () => {
    const t = new PledgedTask().pledge('stdio')
    t.task.fds.install(new EventFdDescription(t.task.kernel.vfs, 0, 0, false))
    expect(t.make('socket', AF_PACKET, SOCK_STREAM, 0)).toBe(-EAFNOSUPPORT)
    expect(t.make('getpeername', 0, t.bytes(16), t.int32s(16))).toBe(-ENOTSOCK)
  })

  test('of inet allows internet sockets, and multicast with mcast', () => {
    const t = new PledgedTask().pledge('stdio inet')
    expect(t.make('socket', AF_UNIX, SOCK_STREAM, 0)).toBe('unix')
    expect(t.make('socket', AF_INET, SOCK_DGRAM, 0)).toBe(0)
    expect(t.make('bind', 0, inetName(t, 0), 16)).toBe(0)
    expect(t.make('setsockopt', 0, SOL_IP, IP_TTL, t.int32s(9), 4)).toBe(0)
    expect(t.make('setsockopt', 0, SOL_IP, IP_MULTICAST_TTL, t.int32s(9), 4)).toBe('mcast')
    expect(t.make('connect', 0, inetName(t, 9), 16)).toBe(0)
  })

  test('of dns allows what a resolver does: to reach port 53, and nobody else', () => {
    const t = new PledgedTask().pledge('stdio')
    expect(t.make('socket', AF_INET, SOCK_DGRAM, 0)).toBe('inet or dns')
    expect(t.pledge('stdio dns').make('socket', AF_INET, SOCK_DGRAM, 0)).toBe(0)
    expect(t.make('bind', 0, inetName(t, 0), 16)).toBe(0)
    expect(t.make('sendto', 0, 'x', 1, 0, inetName(t, 53), 16)).toBe(1)
    expect(t.make('sendto', 0, 'x', 1, 0, inetName(t, 54), 16)).toBe('inet')
    expect(t.make('sendmsg', 0, t.int64s(inetName(t, 54), 16, 0, 0, 0, 0, 0), 0)).toBe('inet')
    expect(t.make('connect', 0, inetName(t, 53), 16)).toBe(0)
    expect(t.make('connect', 0, inetName(t, 80), 16)).toBe('inet')
    expect(t.make('socket', AF_INET, SOCK_STREAM, 0)).toBe(1)
    expect(t.make('listen', 1, 1)).toBe('inet')
    expect(t.make('accept', 1, 0, 0)).toBe('inet')
  })

  test('of unix allows names, without a promise about paths', () => {
    const t = new PledgedTask().pledge('stdio unix')
    expect(t.make('socket', AF_UNIX, SOCK_DGRAM, 0)).toBe(0)
    expect(bind(t, 0, '/name')).toBe(0)
    expect(connect(t, 0, '/name')).toBe(0)
    expect(connect(t, 0, '/none')).toBe(-ENOENT)
  })

  test('wants sendfd and recvfd for descriptors', () => {
    const t = withPair()
    expect(t.pledge('stdio').make('sendmsg', 0, message(t), 0)).toBe('sendfd')
    expect(t.pledge('stdio sendfd').make('sendmsg', 0, message(t), 0)).toBe(1)
    expect(t.make('recvmsg', 1, message(t), MSG_DONTWAIT)).toBe('recvfd')
    expect(t.make('sendmsg', 0, message(t), 0)).toBe(1)
    expect(t.pledge('stdio recvfd').make('recvmsg', 1, message(t), MSG_DONTWAIT)).toBe(1)
    const family = t.task.kernel.socketFamilies.find(AF_UNIX) as UnixFamily
    expect(family.inFlight.count).toBe(0)
  })

  test('is found by what a run does', () => {
    const t = withPair()
    const recorder = new PromiseRecorder(t.task)
    t.make('sendmsg', 0, message(t), 0)
    t.make('recvmsg', 1, message(t), 0)
    expect(recorder.suggestion()).toBe('stdio sendfd recvfd')
  })
})

describe('what is unveiled', () => {
  function unveiled(permissions: string): PledgedTask {
    const t = new PledgedTask()
    t.tmpfs.root.mkdir('seen', 0o755, OWNER)
    t.tmpfs.root.mkdir('hidden', 0o755, OWNER)
    for (const fd of [0, 1]) expect(t.make('socket', AF_UNIX, SOCK_DGRAM, 0)).toBe(fd)
    expect(bind(t, 0, '/seen/there')).toBe(0)
    const {process, kernel, fs, credentials} = t.task
    const rules = new UnveilRules(kernel.rootMount.top, process.budget)
    rules.add({root: fs.root, credentials}, fs.root, '/seen', parsePermissions(permissions)!)
    process.restrictions.set({unveilRules: rules})
    return t
  }

  test('says where sockets get names: c', () => {
    expect(bind(unveiled('c'), 1, '/seen/new')).toBe(0)
    expect(bind(unveiled('rwx'), 1, '/seen/new')).toBe(-EACCES)
    expect(bind(unveiled('rwxc'), 1, '/hidden/new')).toBe(-ENOENT)
  })

  test('says which can be connected to: w', () => {
    expect(connect(unveiled('w'), 1, '/seen/there')).toBe(0)
    expect(connect(unveiled('rxc'), 1, '/seen/there')).toBe(-EACCES)
    expect(connect(unveiled('w'), 1, '/hidden/none')).toBe(-ENOENT)
  })
})
