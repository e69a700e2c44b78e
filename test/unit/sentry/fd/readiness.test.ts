// poll(2) and select(2).

import {describe, expect, it} from 'vitest'
import {EBADF, EFAULT, EINVAL} from '../../../../src/abi/errno.ts'
import {O_PATH} from '../../../../src/abi/open-flags.ts'
import {POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT, POLLRDNORM} from '../../../../src/abi/poll.ts'
import {RLIMIT_NOFILE} from '../../../../src/sentry/core/resource-limits.ts'
import {BLOCKED} from '../../../../src/sentry/core/syscall.ts'
import {close} from '../../../../src/sentry/syscalls/close.ts'
import {open} from '../../../../src/sentry/syscalls/open.ts'
import {poll, ppoll} from '../../../../src/sentry/syscalls/poll.ts'
import {pselect6, select} from '../../../../src/sentry/syscalls/select.ts'
import type {SimulatedTask} from '../syscalls/simulated-task.ts'
import {SimulatedPipe} from './simulated-pipe.ts'

const SIGALRM = 14

function pollfds(t: SimulatedTask, ...fds: [fd: number, events: number][]): number {
  return t.int32s(...fds.flat())
}

function revents(t: SimulatedTask, address: number, index: number): number {
  return t.task.memory.readUint16(address + index * 8 + 6)
}

describe('poll', () => {
  it('tells each descriptor what holds of what was asked', () => {
    const {t, reader, writer} = new SimulatedPipe()
    const fds = pollfds(t, [reader, POLLIN], [writer, POLLOUT], [-1, POLLIN], [99, POLLIN])
    expect(t.call(poll, fds, 3, 0)).toBe(1)
    expect([0, 1, 2].map((i) => revents(t, fds, i))).toEqual([0, POLLOUT, 0])
    expect(t.call(poll, fds, 4, -1)).toBe(2)
    expect(revents(t, fds, 3)).toBe(POLLNVAL)
  })

  it('knows the normal band, hang-ups and errors, asked or not', () => {
    const pair = new SimulatedPipe()
    const {t, reader, writer} = pair
    pair.fill('x')
    const fds = pollfds(t, [reader, POLLIN | POLLRDNORM])
    expect(t.call(poll, fds, 1, 0)).toBe(1)
    expect(revents(t, fds, 0)).toBe(POLLIN | POLLRDNORM)
    pair.drain(1)
    t.call(close, writer)
    expect(t.call(poll, pollfds(t, [reader, 0]), 1, 0)).toBe(1)
    expect(t.call(poll, fds, 1, 0)).toBe(1)
    expect(revents(t, fds, 0)).toBe(POLLHUP)
    const other = new SimulatedPipe()
    other.t.call(close, other.reader)
    const broken = pollfds(other.t, [other.writer, 0])
    expect(other.t.call(poll, broken, 1, 0)).toBe(1)
    expect(revents(other.t, broken, 0)).toBe(POLLERR)
  })

  it('sleeps until something is ready, or the time is over', () => {
    const pair = new SimulatedPipe()
    const {t, reader} = pair
    const fds = pollfds(t, [reader, POLLIN])
    expect(t.call(poll, fds, 1, 50)).toBe(BLOCKED)
    const sleeping = t.task.wait!
    expect(sleeping).toMatchObject({restart: 'never', deadlineNs: t.nowNs + 50e6})
    expect(sleeping.files?.map(({file}) => file)).toEqual([t.task.fds.get(reader)])
    expect(t.wake()).toBe(BLOCKED)
    expect(t.wake(true)).toBe(0)
    expect(t.call(poll, fds, 1, -1)).toBe(BLOCKED)
    const again = t.task.wait!
    expect(again.deadlineNs).toBe(undefined)
    pair.fill('x')
    t.task.wait = again
    expect(t.wake()).toBe(1)
    expect(revents(t, fds, 0)).toBe(POLLIN)
  })

  it('refuses more descriptors than RLIMIT_NOFILE, bad memory, and paths', () => {
    const {t} = new SimulatedPipe()
    t.task.process.limits.set(RLIMIT_NOFILE, {soft: 4, hard: 4})
    expect(t.call(poll, t.bytes(64), 5, 0)).toBe(-EINVAL)
    expect(t.call(poll, 8, 2, 0)).toBe(-EFAULT)
    const fds = pollfds(t, [t.call(open, '/', O_PATH), POLLIN])
    expect(t.call(poll, fds, 1, 0)).toBe(1)
    expect(revents(t, fds, 0)).toBe(POLLNVAL)
  })
})

describe('ppoll', () => {
  it('puts the mask in force and tells what is left of the time', () => {
    const {t, reader} = new SimulatedPipe()
    const limit = t.int64s(2, 0)
    const mask = t.int64s(1 << (SIGALRM - 1))
    expect(t.call(ppoll, pollfds(t, [reader, POLLIN]), 1, limit, mask, 8)).toBe(BLOCKED)
    expect(t.task.signals.blocks(SIGALRM)).toBe(true)
    t.nowNs += 500e6
    const {next, progress} = t.task.wait!
    next.interrupted?.(t.task, progress)
    expect([t.task.memory.readInt64(limit), t.task.memory.readInt64(limit + 8)]).toEqual([1, 500e6])
    expect(t.call(ppoll, 0, 0, t.int64s(0, 1e9), 0, 8)).toBe(-EINVAL)
    expect(t.call(ppoll, 0, 0, 0, mask, 3)).toBe(-EINVAL)
  })
})

describe('select', () => {
  const bit = (fd: number) => 1 << fd

  it('leaves the bits of what is ready, and counts them', () => {
    const pair = new SimulatedPipe()
    const {t, reader, writer} = pair
    const [readable, writable] = [t.int64s(bit(reader)), t.int64s(bit(writer))]
    expect(t.call(select, writer + 1, readable, writable, 0, 0)).toBe(1)
    expect(t.task.memory.readUint64(readable)).toBe(0)
    expect(t.task.memory.readUint64(writable)).toBe(bit(writer))
    pair.fill('x')
    expect(t.call(select, writer + 1, t.int64s(bit(reader)), writable, 0, 0)).toBe(2)
  })

  it('clears all bits when the time is over', () => {
    const {t, reader} = new SimulatedPipe()
    const readable = t.int64s(bit(reader))
    const limit = t.int64s(0, 50_000)
    expect(t.call(select, reader + 1, readable, 0, 0, limit)).toBe(BLOCKED)
    expect(t.task.wait?.deadlineNs).toBe(t.nowNs + 50e6)
    t.nowNs += 50e6
    expect(t.wake(true)).toBe(0)
    expect(t.task.memory.readUint64(readable)).toBe(0)
    expect(t.task.memory.readInt64(limit + 8)).toBe(0)
  })

  it('refuses descriptors that are not open, and counts below zero', () => {
    const {t} = new SimulatedPipe()
    expect(t.call(select, 41, t.int64s(2 ** 40), 0, 0, 0)).toBe(-EBADF)
    expect(t.call(select, -1, 0, 0, 0, 0)).toBe(-EINVAL)
    expect(t.call(pselect6, 0, 0, 0, 0, t.int64s(0, 1e9), 0)).toBe(-EINVAL)
  })

  it('takes pselect’s mask from behind a pointer', () => {
    const {t} = new SimulatedPipe()
    const mask = t.int64s(1 << (SIGALRM - 1))
    expect(t.call(pselect6, 0, 0, 0, 0, t.int64s(1, 0), t.int64s(mask, 8))).toBe(BLOCKED)
    expect(t.task.signals.blocks(SIGALRM)).toBe(true)
    expect(t.call(pselect6, 0, 0, 0, 0, 0, t.int64s(mask, 4))).toBe(-EINVAL)
  })
})
