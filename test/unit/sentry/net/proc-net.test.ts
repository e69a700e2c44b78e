// The tables of /proc/net: lines of Linux's length, and a bound for all of them together.

import {describe, expect, test} from 'vitest'
import {ENOMEM, Errno} from '../../../../src/abi/errno.ts'
import {AF_INET, AF_INET6, AF_UNIX, SOCK_DGRAM, SOCK_STREAM} from '../../../../src/abi/socket.ts'
import {tableOf} from '../../../../src/sentry/net/proc/table.ts'
import {Budget} from '../../../../src/vfs/budget.ts'
import {PledgedTask} from '../pledge/pledged-task.ts'

const textOf = (t: PledgedTask, name: string): string => t.task.kernel.socketFamilies.procTexts.get(name)!()
const rowsOf = (t: PledgedTask, name: string): string[] => textOf(t, name).split('\n').slice(1, -1)

/** A socket at ::1 or 127.0.0.1. */
function bound(t: PledgedTask, family: number, type: number): number {
  const fd = t.make('socket', family, type, 0) as number
  const loopback = family === AF_INET ? [127, 0, 0, 1] : [...new Array(19).fill(0), 1]
  const name = t.data(Uint8Array.from([family, 0, 0x80, 1, ...loopback, ...new Array(8).fill(0)]))
  expect(t.make('bind', fd, name, family === AF_INET ? 16 : 28)).toBe(0)
  return fd
}

describe('a table', () => {
  test('shows sockets of its own family and protocol', () => {
    const t = new PledgedTask()
    const fd = bound(t, AF_INET, SOCK_STREAM)
    expect(rowsOf(t, 'tcp')).toEqual([])
    t.make('listen', fd, 1)
    expect(rowsOf(t, 'tcp')).toHaveLength(1)
    expect(rowsOf(t, 'tcp')[0]).toMatch(
      /^ {3}0: 0100007F:8001 00000000:0000 0A 00000000:00000000 00:00000000 /,
    )
    bound(t, AF_INET6, SOCK_DGRAM)
    expect(rowsOf(t, 'udp6')[0]).toMatch(/^ {4}0: 00000000000000000000000001000000:8001 0{32}:0000 07 /)
    expect([rowsOf(t, 'udp'), rowsOf(t, 'tcp6')]).toEqual([[], []])
    expect(textOf(t, 'sockstat6')).toContain('UDP6: inuse 1\n')
    expect(rowsOf(t, 'protocols')[0]).toBe(
      'UDPv6     1472      1       0   NI       0   yes  kernel      y  y  y  n  y  y  y  n  y  y  y  y  n  n  y  y  y  n',
    )
  })

  test('has the inode that the descriptor has', () => {
    const t = new PledgedTask()
    t.make('socketpair', AF_UNIX, SOCK_STREAM, 0, t.bytes(8))
    const inodes = [0, 1].map((fd) => t.task.fds.find(fd)!.file.inode.attributes().ino)
    expect(rowsOf(t, 'unix').map((row) => Number(row.split(/ +/)[6]))).toEqual(inodes)
    t.make('close', 0)
    expect(rowsOf(t, 'unix')).toHaveLength(1)
  })

  test('is not made when the budget has no room for it', () => {
    const sockets = new Array(1000).fill(0)
    const make = (limit: number) => () =>
      tableOf('', sockets, {bytes: 100_000, budget: new Budget(limit)}, () => 'line\n')
    expect(make(100_000)()).toHaveLength(5000)
    expect(make(99_999)).toThrow(new Errno(ENOMEM))
  })
})

test('counters are pairs of lines with as many values as names', () => {
  const t = new PledgedTask()
  for (const name of ['snmp', 'netstat']) {
    const lines = textOf(t, name).trimEnd().split('\n')
    for (let i = 0; i < lines.length; i += 2) {
      const [names, values] = [lines[i].split(' '), lines[i + 1].split(' ')]
      expect([values[0], values.length]).toEqual([names[0], names.length])
    }
  }
})

test('a run’s traffic counts connections and bytes at both ends', () => {
  const t = new PledgedTask()
  const listener = bound(t, AF_INET, SOCK_STREAM)
  t.make('listen', listener, 1)
  const client = t.make('socket', AF_INET, SOCK_STREAM, 0) as number
  const name = t.data(Uint8Array.from([AF_INET, 0, 0x80, 1, 127, 0, 0, 1, ...new Array(8).fill(0)]))
  expect(t.make('connect', client, name, 16)).toBe(0)
  const server = t.make('accept', listener, 0, 0) as number
  t.make('write', client, 'hello', 5)
  t.make('read', server, t.bytes(3), 3)
  const {traffic} = t.task.process.run.counters
  expect({...traffic}).toEqual({connections: 2, sentBytes: 5, receivedBytes: 3})
  expect(textOf(t, 'dev')).toMatch(/ {4}lo: {7}5 {7}1 /)
})
