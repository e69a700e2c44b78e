// Netlink sockets: what is bounded: dumps, answers that nobody reads, filters.

import {describe, expect, test} from 'vitest'
import {EAGAIN, EBUSY, ENOBUFS} from '../../../../src/abi/errno.ts'
import {
  NETLINK_ROUTE,
  NETLINK_SOCK_DIAG,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
  RTM_GETLINK,
  SOCK_DIAG_BY_FAMILY,
} from '../../../../src/abi/netlink.ts'
import {
  AF_INET,
  AF_NETLINK,
  AF_UNIX,
  MSG_DONTWAIT,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_STREAM,
} from '../../../../src/abi/socket.ts'
import {viewOf} from '../../../../src/abi/view.ts'
import type {InetSocket} from '../../../../src/sentry/net/inet/inet-socket.ts'
import {encodeMessage} from '../../../../src/sentry/net/netlink/message.ts'
import {passes} from '../../../../src/sentry/net/netlink/socket-filter.ts'
import {PledgedTask} from '../pledge/pledged-task.ts'

const DUMP = NLM_F_REQUEST | NLM_F_DUMP

/** struct unix_diag_req for every UNIX socket and all that can be shown. */
const unixRequest = new Uint8Array(24)
unixRequest[0] = AF_UNIX
unixRequest.fill(0xff, 4, 8)
unixRequest[12] = 0x7f

function open(protocol: number) {
  const t = new PledgedTask()
  const fd = t.make('socket', AF_NETLINK, SOCK_RAW, protocol) as number
  const send = (type: number, flags: number, body: Uint8Array) => {
    const bytes = encodeMessage({type, body}, flags, 7, 0)
    return t.make('sendto', fd, t.data(bytes), bytes.length, 0, 0, 0)
  }
  const buffer = t.bytes(8192)
  /** The next datagram, as types of messages; or -errno. */
  const receive = (room = 8192): number[] | number => {
    const count = t.make('recvfrom', fd, buffer, room, MSG_DONTWAIT, 0, 0) as number
    return count < 0 ? count : typesIn(t.task.memory.readBytes(buffer, count))
  }
  return {t, fd, send, receive, buffer}
}

function typesIn(datagram: Uint8Array): number[] {
  const types: number[] = []
  for (let at = 0; at < datagram.length; at += viewOf(datagram).getUint32(at, true))
    types.push(viewOf(datagram).getUint16(at + 4, true))
  return types
}

describe('a dump', () => {
  test('is made in pieces that the reader has room for, and shows every socket once', () => {
    const {t, send, receive} = open(NETLINK_SOCK_DIAG)
    for (let i = 0; i < 200; i++) t.make('socket', AF_UNIX, SOCK_DGRAM, 0)
    send(SOCK_DIAG_BY_FAMILY, DUMP, unixRequest)
    const pieces: number[][] = []
    for (let piece = receive(4096); typeof piece !== 'number'; piece = receive(4096)) pieces.push(piece)
    const types = pieces.flat()
    expect(types.filter((type) => type === SOCK_DIAG_BY_FAMILY)).toHaveLength(200)
    expect(types.at(-1)).toBe(NLMSG_DONE)
    expect(pieces.length).toBeGreaterThan(3)
  })

  test('is one at a time', () => {
    const {t, send, receive, buffer} = open(NETLINK_SOCK_DIAG)
    for (let i = 0; i < 200; i++) t.make('socket', AF_UNIX, SOCK_DGRAM, 0)
    send(SOCK_DIAG_BY_FAMILY, DUMP, unixRequest)
    send(SOCK_DIAG_BY_FAMILY, DUMP, unixRequest)
    receive()
    expect(receive()).toEqual([NLMSG_ERROR])
    expect(t.task.memory.readInt32(buffer + 16)).toBe(-EBUSY)
  })

  test('that nobody reads to its end leaves nothing behind', () => {
    const {t, fd, send} = open(NETLINK_SOCK_DIAG)
    const {budget} = t.task.kernel.socketFamilies.inet
    for (let i = 0; i < 200; i++) t.make('socket', AF_UNIX, SOCK_STREAM, 0)
    const before = budget.used
    send(SOCK_DIAG_BY_FAMILY, DUMP, unixRequest)
    expect(budget.used).toBeGreaterThan(before)
    t.make('close', fd)
    expect(budget.used).toBeLessThan(before)
  })
})

test('answers that nobody reads are lost when SO_RCVBUF is full: ENOBUFS, once', () => {
  const {t, send, receive} = open(NETLINK_ROUTE)
  const {budget} = t.task.kernel.socketFamilies.inet
  const link = new Uint8Array(16)
  link[4] = 1
  const before = budget.used
  for (let i = 0; i < 1000; i++) send(RTM_GETLINK, NLM_F_REQUEST | NLM_F_ACK, link)
  expect(budget.used - before).toBeLessThan(250_000)
  expect(receive()).toBe(-ENOBUFS)
  let count = 0
  while (receive() !== -EAGAIN) count++
  expect(count).toBeGreaterThan(50)
  expect(budget.used).toBe(before)
})

describe('a filter', () => {
  const socket = {local: {ip: 0x7f00_0001, port: 80}, remote: undefined, family: {number: AF_INET}}
  const run = (...bytes: number[]) => passes(Uint8Array.from(bytes), socket as unknown as InetSocket)

  test('compares ports and prefixes', () => {
    expect([run(2, 8, 12, 0, 0, 0, 80, 0), run(2, 8, 12, 0, 0, 0, 81, 0)]).toEqual([true, false])
    const loopback = [7, 16, 20, 0, AF_INET, 8, 0, 0, 255, 255, 255, 255, 127, 0, 0, 0]
    expect(run(...loopback)).toBe(true)
    expect(run(...loopback.with(12, 10))).toBe(false)
  })

  test('that does not go forward, leaves its end or lacks its operand passes nothing', () => {
    expect([run(0, 0, 0, 0), run(0, 8, 8, 0), run(2, 4, 4), run(7, 4, 8, 0), run(99, 4, 0, 0)]).toEqual(
      new Array(5).fill(false),
    )
  })
})
