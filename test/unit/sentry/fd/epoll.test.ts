// epoll(7): levels, edges, one shots, and sets in sets.

import {describe, expect, it} from 'vitest'
import {EBADF, EEXIST, EFAULT, EINVAL, ELOOP, ENOENT, EPERM} from '../../../../src/abi/errno.ts'
import {O_CREAT, O_RDWR} from '../../../../src/abi/open-flags.ts'
import {
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLLET,
  EPOLLHUP,
  EPOLLIN,
  EPOLLONESHOT,
  EPOLLOUT,
} from '../../../../src/abi/poll.ts'
import {arch} from '../../../../src/arch/index.ts'
import {BLOCKED} from '../../../../src/sentry/core/syscall.ts'
import {close} from '../../../../src/sentry/syscalls/close.ts'
import {epollCreate1} from '../../../../src/sentry/syscalls/epoll-create.ts'
import {epollCtl} from '../../../../src/sentry/syscalls/epoll-ctl.ts'
import {epollWait} from '../../../../src/sentry/syscalls/epoll-wait.ts'
import {eventfd} from '../../../../src/sentry/syscalls/eventfd.ts'
import {open} from '../../../../src/sentry/syscalls/open.ts'
import {SimulatedPipe} from './simulated-pipe.ts'

const layout = arch.kernelAbi.epollEvent

class Epoll extends SimulatedPipe {
  readonly epoll = this.t.call(epollCreate1, 0)
  readonly #events = this.t.bytes(layout.size * 8)

  control(operation: number, fd: number, events: number, data = fd, epoll = this.epoll): number {
    return this.t.call(epollCtl, epoll, operation, fd, this.#event(events, data))
  }

  /** [events, data] of what is ready now. */
  ready(max = 8, epoll = this.epoll): [number, number][] {
    const count = this.t.call(epollWait, epoll, this.#events, max, 0)
    expect(count).toBeGreaterThanOrEqual(0)
    const {memory} = this.t.task
    return Array.from({length: count}, (_, i) => {
      const at = this.#events + layout.size * i
      expect(memory.readUint32(at + layout.data + 4)).toBe(0x7777)
      return [memory.readUint32(at), memory.readInt32(at + layout.data)]
    })
  }

  #event(events: number, data: number): number {
    const view = new DataView(new ArrayBuffer(layout.size))
    view.setInt32(0, events, true)
    view.setInt32(layout.data, data, true)
    view.setInt32(layout.data + 4, 0x7777, true)
    return this.t.data(new Uint8Array(view.buffer))
  }

  wait(timeoutMs: number): number {
    return this.t.call(epollWait, this.epoll, this.#events, 8, timeoutMs)
  }
}

describe('epoll', () => {
  it('reports a level as long as it holds', () => {
    const e = new Epoll()
    e.control(EPOLL_CTL_ADD, e.reader, EPOLLIN, 42)
    expect(e.ready()).toEqual([])
    e.fill('x')
    expect(e.ready()).toEqual([[EPOLLIN, 42]])
    expect(e.ready()).toEqual([[EPOLLIN, 42]])
    e.control(EPOLL_CTL_ADD, e.writer, EPOLLOUT, 7)
    expect(e.ready().length).toBe(2)
    e.control(EPOLL_CTL_DEL, e.writer, 0)
    e.drain(1)
    expect(e.ready()).toEqual([])
  })

  it('reports an edge once for each write, and not for reads', () => {
    const e = new Epoll()
    e.control(EPOLL_CTL_ADD, e.reader, EPOLLIN | EPOLLET)
    e.fill('ab')
    expect(e.ready().length).toBe(1)
    expect(e.ready()).toEqual([])
    e.drain(1)
    expect(e.ready()).toEqual([])
    e.fill('c')
    expect(e.ready().length).toBe(1)
    e.control(EPOLL_CTL_MOD, e.reader, EPOLLIN | EPOLLET)
    expect(e.ready().length).toBe(1)
  })

  it('reports once with EPOLLONESHOT, until it is armed again', () => {
    const e = new Epoll()
    e.control(EPOLL_CTL_ADD, e.reader, EPOLLIN | EPOLLONESHOT)
    e.fill('a')
    expect(e.ready().length).toBe(1)
    e.fill('b')
    expect(e.ready()).toEqual([])
    e.control(EPOLL_CTL_MOD, e.reader, EPOLLIN | EPOLLONESHOT)
    expect(e.ready().length).toBe(1)
  })

  it('gives all their turn when more are ready than fit', () => {
    const e = new Epoll()
    const counters = [1, 2, 3].map(() => e.t.call(eventfd, 1))
    for (const fd of counters) e.control(EPOLL_CTL_ADD, fd, EPOLLIN)
    const seen = [1, 2, 3].map(() => e.ready(1)[0][1])
    expect(seen.sort()).toEqual(counters)
  })

  it('sleeps until a watched file wakes it', () => {
    const e = new Epoll()
    e.control(EPOLL_CTL_ADD, e.reader, EPOLLIN)
    expect(e.wait(30)).toBe(BLOCKED)
    const sleeping = e.t.task.wait!
    let woken = 0
    sleeping.files?.[0].file.waiters?.join({
      wake: () => {
        woken++
      },
    })
    e.fill('x')
    expect(woken).toBe(1)
    e.t.task.wait = sleeping
    expect(e.t.wake()).toBe(1)
    e.drain(1)
    expect(e.wait(30)).toBe(BLOCKED)
    expect(e.t.wake(true)).toBe(0)
  })

  it('forgets a file with its last descriptor', () => {
    const e = new Epoll()
    e.control(EPOLL_CTL_ADD, e.reader, EPOLLIN)
    e.t.call(close, e.writer)
    expect(e.ready()).toEqual([[EPOLLHUP, e.reader]])
    e.t.call(close, e.reader)
    expect(e.ready()).toEqual([])
  })

  it('is readable itself, but never in a circle', () => {
    const e = new Epoll()
    const outer = e.t.call(epollCreate1, 0)
    e.control(EPOLL_CTL_ADD, e.epoll, EPOLLIN, 5, outer)
    expect(e.ready(8, outer)).toEqual([])
    e.control(EPOLL_CTL_ADD, e.t.call(eventfd, 1), EPOLLIN)
    expect(e.ready(8, outer)).toEqual([[EPOLLIN, 5]])
    expect(e.control(EPOLL_CTL_ADD, outer, EPOLLIN)).toBe(-ELOOP)
  })

  it('refuses what makes no sense', () => {
    const e = new Epoll()
    const file = e.t.call(open, '/file', O_CREAT | O_RDWR, 0o644)
    expect(e.control(EPOLL_CTL_ADD, e.reader, EPOLLIN)).toBe(0)
    expect(e.control(EPOLL_CTL_ADD, e.reader, EPOLLIN)).toBe(-EEXIST)
    expect(e.control(EPOLL_CTL_ADD, file, EPOLLIN)).toBe(-EPERM)
    expect(e.control(EPOLL_CTL_MOD, e.writer, EPOLLIN)).toBe(-ENOENT)
    expect(e.control(EPOLL_CTL_DEL, e.writer, 0)).toBe(-ENOENT)
    expect(e.control(EPOLL_CTL_ADD, 99, EPOLLIN)).toBe(-EBADF)
    expect(e.control(EPOLL_CTL_ADD, e.epoll, EPOLLIN)).toBe(-EINVAL)
    expect(e.control(99, e.writer, EPOLLIN)).toBe(-EINVAL)
    expect(e.t.call(epollCtl, e.epoll, EPOLL_CTL_ADD, e.writer, 8)).toBe(-EFAULT)
    expect(e.t.call(epollWait, file, e.t.bytes(layout.size), 1, 0)).toBe(-EINVAL)
    expect(e.t.call(epollWait, e.epoll, e.t.bytes(layout.size), 0, 0)).toBe(-EINVAL)
    expect(e.t.call(epollCreate1, 1)).toBe(-EINVAL)
  })
})
