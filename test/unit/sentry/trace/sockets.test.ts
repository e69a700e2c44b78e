// How calls on sockets are decoded, against what strace 6 prints.

import {expect, it} from 'vitest'
import {AF_UNIX, MSGHDR, SCM_RIGHTS, SOCK_DGRAM, SOCK_STREAM, SOL_SOCKET} from '../../../../src/abi/socket.ts'
import {TracedTask} from './traced-task.ts'

const MSG_DONTWAIT = 0x40
const hex = (address: number): string => `0x${address.toString(16)}`

function address(t: TracedTask, name: string): number {
  return t.data(Buffer.from(`\x01\0${name}`, 'latin1'))
}

/** A struct msghdr without a name. */
function header(t: TracedTask, iov: number, control: number, controlLength: number): number {
  return t.int64s(0, 0, iov, 1, control, controlLength, 0)
}

function withPair(): TracedTask {
  const t = new TracedTask()
  const fds = t.bytes(8)
  expect(t.line('socketpair', AF_UNIX, SOCK_STREAM | 0x80000, 0, fds)).toBe(
    'socketpair(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0, [0, 1]) = 0',
  )
  return t
}

it('shows addresses: paths, abstract names, and what is no name', () => {
  const t = new TracedTask()
  t.line('socket', AF_UNIX, SOCK_DGRAM, 0)
  expect(t.line('bind', 0, address(t, '/name\0'), 8)).toBe(
    'bind(0, {sa_family=AF_UNIX, sun_path="/name"}, 8) = 0',
  )
  expect(t.line('connect', 0, address(t, '\0a\x01b'), 6)).toBe(
    'connect(0, {sa_family=AF_UNIX, sun_path=@"a\\1b"}, 6) = -1 ECONNREFUSED (Connection refused)',
  )
  expect(t.line('connect', 0, address(t, ''), 2)).toContain('connect(0, {sa_family=AF_UNIX}, 2) = -1 EINVAL')
  const other = t.data(Uint8Array.of(16, 0, 65, 66))
  expect(t.line('connect', 0, other, 4)).toContain('{sa_family=AF_NETLINK, sa_data="AB"}, 4) = -1')
})

const LOOPBACK6 = [...new Array(15).fill(0), 1]

it.each([
  [
    [2, 0, 31, 144, 127, 0, 0, 1, ...new Array(8).fill(0)],
    'sin_port=htons(8080), sin_addr=inet_addr("127.0.0.1")',
  ],
  [[2, 0, 31, 144, 127, 0, 0, 1], String.raw`sa_data="\37\220\177\0\0\1"`],
  [
    [10, 0, 0, 81, 0, 0, 0, 5, ...LOOPBACK6, 0, 0, 0, 0],
    'sin6_port=htons(81), sin6_flowinfo=htonl(5), inet_pton(AF_INET6, "::1", &sin6_addr), sin6_scope_id=0',
  ],
  [
    [10, 0, 0, 81, 0, 0, 0, 0, 0xfe, 0x80, ...LOOPBACK6.slice(2), 1, 0, 0, 0],
    'sin6_port=htons(81), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "fe80::1", &sin6_addr), sin6_scope_id=if_nametoindex("lo")',
  ],
  [[16, 0, 0, 0, 0xd2, 4, 0, 0, 0x11, 0, 0, 0], 'nl_pid=1234, nl_groups=0x000011'],
])('shows the address %j', (bytes, text) => {
  const t = new TracedTask()
  const family = bytes[0] === 2 ? 'AF_INET' : bytes[0] === 10 ? 'AF_INET6' : 'AF_NETLINK'
  const [, shown] = t.pretend('connect', 0, 3, t.data(Uint8Array.from(bytes)), bytes.length).args
  expect(shown).toBe(`{sa_family=${family}, ${text}}`)
})

it('names protocols and options by the family and the level', () => {
  const t = new TracedTask()
  const protocol = (family: number, number: number) => t.pretend('socket', 3, family, 2, number).args[2]
  expect([protocol(2, 0), protocol(10, 17), protocol(16, 4), protocol(1, 0)]).toEqual([
    ...['IPPROTO_IP', 'IPPROTO_UDP', 'NETLINK_SOCK_DIAG', '0'],
  ])
  const option = (level: number, number: number, bytes: number[]) =>
    t
      .pretend('setsockopt', 0, 3, level, number, t.data(Uint8Array.from(bytes)), bytes.length)
      .args.slice(1, 4)
  expect(option(6, 1, [1, 0, 0, 0])).toEqual(['SOL_TCP', 'TCP_NODELAY', '[1]'])
  expect(option(41, 26, [1, 0, 0, 0])).toEqual(['SOL_IPV6', 'IPV6_V6ONLY', '[1]'])
  expect(option(17, 103, [1, 0, 0, 0])).toEqual(['SOL_UDP', 'UDP_SEGMENT', '[1]'])
  expect(option(0, 27, [1, 0, 0, 0])).toEqual(['SOL_IP', '0x1b /* IP_??? */', '[1]'])
  expect(option(0, 35, [224, 0, 0, 1, 0, 0, 0, 0])[2]).toBe(
    '{imr_multiaddr=inet_addr("224.0.0.1"), imr_interface=inet_addr("0.0.0.0")}',
  )
})

it('shows lengths of addresses before and after', () => {
  const t = withPair()
  const [room, length] = [t.bytes(110), t.int32s(110)]
  expect(t.line('getsockname', 0, room, length)).toBe('getsockname(0, {sa_family=AF_UNIX}, [110 => 2]) = 0')
  expect(t.line('getsockname', 0, room, length)).toBe('getsockname(0, {sa_family=AF_UNIX}, [2]) = 0')
  expect(t.line('accept4', 0, room, length, 0x800)).toContain(
    `accept4(0, ${hex(room)}, [2], SOCK_NONBLOCK) = -1 EINVAL`,
  )
  expect(t.line('accept', 0, 0, 0)).toContain('accept(0, NULL, NULL) = -1 EINVAL')
})

it('shows what goes and what comes', () => {
  const t = withPair()
  const buffer = t.bytes(16)
  expect(t.line('sendto', 0, 'hello', 5, MSG_DONTWAIT, 0, 0)).toBe(
    'sendto(0, "hello", 5, MSG_DONTWAIT, NULL, 0) = 5',
  )
  expect(t.line('recvfrom', 1, buffer, 16, 0, 0, 0)).toBe('recvfrom(1, "hello", 16, 0, NULL, NULL) = 5')
  expect(t.line('recvfrom', 1, buffer, 16, MSG_DONTWAIT, 0, 0)).toBe(
    `recvfrom(1, ${hex(buffer)}, 16, MSG_DONTWAIT, NULL, NULL) = -1 EAGAIN (Resource temporarily unavailable)`,
  )
})

it('shows messages with the descriptors in them', () => {
  const t = withPair()
  const rights = Buffer.alloc(24)
  rights.writeBigUInt64LE(20n, 0)
  rights.writeInt32LE(SOL_SOCKET, 8)
  rights.writeInt32LE(SCM_RIGHTS, 12)
  rights.writeInt32LE(1, 16)
  const out = header(t, t.iovecs([t.string('ab'), 2]), t.data(rights), 24)
  const iov = 'msg_iov=[{iov_base="ab", iov_len=2}], msg_iovlen=1'
  const control = 'msg_control=[{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data='
  expect(t.line('sendmsg', 0, out, 0)).toBe(
    `sendmsg(0, {msg_name=NULL, msg_namelen=0, ${iov}, ${control}[1]}], msg_controllen=24, msg_flags=0}, 0) = 2`,
  )
  const into = header(t, t.iovecs([t.bytes(9), 9]), t.bytes(64), 64)
  expect(t.line('recvmsg', 1, into, 0x40000000)).toBe(
    `recvmsg(1, {msg_name=NULL, msg_namelen=0, ${iov.replace('iov_len=2', 'iov_len=9')}, ` +
      `${control}[2]}], msg_controllen=24, msg_flags=MSG_CMSG_CLOEXEC}, MSG_CMSG_CLOEXEC) = 2`,
  )
  expect(t.line('recvmsg', 1, into, MSG_DONTWAIT)).toContain(
    'recvmsg(1, {msg_namelen=0}, MSG_DONTWAIT) = -1 EAGAIN',
  )
  expect(t.line('sendmsg', 0, 0x1000, 0)).toBe('sendmsg(0, 0x1000, 0) = -1 EFAULT (Bad address)')
})

it('shows several messages', () => {
  const t = withPair()
  const both = t.bytes(2 * MSGHDR.arrayBytes)
  for (const [i, text] of ['a', 'bcd'].entries()) {
    const one = header(t, t.iovecs([t.string(text), text.length]), 0, 0)
    t.task.memory.writeBytes(both + i * MSGHDR.arrayBytes, t.task.memory.readBytes(one, MSGHDR.bytes))
  }
  const shown = (text: string) =>
    `{msg_hdr={msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="${text}", iov_len=${text.length}}], ` +
    `msg_iovlen=1, msg_controllen=0, msg_flags=0}, msg_len=${text.length}}`
  expect(t.line('sendmmsg', 0, both, 2, 0)).toBe(`sendmmsg(0, [${shown('a')}, ${shown('bcd')}], 2, 0) = 2`)
})

it('shows options by name', () => {
  const t = withPair()
  const [value, length] = [t.int32s(1), t.int32s(4)]
  expect(t.line('setsockopt', 0, 1, 16, value, 4)).toBe('setsockopt(0, SOL_SOCKET, SO_PASSCRED, [1], 4) = 0')
  expect(t.line('getsockopt', 0, 1, 3, value, length)).toBe(
    'getsockopt(0, SOL_SOCKET, SO_TYPE, [1], [4]) = 0',
  )
  expect(t.line('getsockopt', 0, 1, 17, t.bytes(12), t.int32s(16))).toBe(
    'getsockopt(0, SOL_SOCKET, SO_PEERCRED, {pid=7, uid=0, gid=0}, [16 => 12]) = 0',
  )
  expect(t.line('shutdown', 0, 2)).toBe('shutdown(0, SHUT_RDWR) = 0')
})
