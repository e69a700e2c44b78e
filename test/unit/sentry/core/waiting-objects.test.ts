// Queues, timers and open files keep named objects, never functions, of what waits in a kernel: so it can be listed and saved.

import {afterEach, expect, test, vi} from 'vitest'
import {LOCK_EX} from '../../../../src/abi/fcntl.ts'
import {O_ASYNC, O_CREAT, O_RDWR} from '../../../../src/abi/open-flags.ts'
import {EPOLL_CTL_ADD, EPOLLIN} from '../../../../src/abi/poll.ts'
import {Sleep} from '../../../../src/sentry/call/sleepers.ts'
import {OpenDescription} from '../../../../src/sentry/core/open-description.ts'
import {BLOCKED} from '../../../../src/sentry/core/syscall.ts'
import {epollCreate1} from '../../../../src/sentry/syscalls/epoll-create.ts'
import {epollCtl} from '../../../../src/sentry/syscalls/epoll-ctl.ts'
import {fcntl} from '../../../../src/sentry/syscalls/fcntl.ts'
import {flock} from '../../../../src/sentry/syscalls/flock.ts'
import {alarm} from '../../../../src/sentry/syscalls/getitimer.ts'
import {setrlimit} from '../../../../src/sentry/syscalls/getrlimit.ts'
import {nanosleep} from '../../../../src/sentry/syscalls/nanosleep.ts'
import {open} from '../../../../src/sentry/syscalls/open.ts'
import {read} from '../../../../src/sentry/syscalls/read.ts'
import {timerCreate, timerSettime} from '../../../../src/sentry/syscalls/timer-create.ts'
import {timerfdCreate, timerfdSettime} from '../../../../src/sentry/syscalls/timerfd-create.ts'
import {CpuMeter} from '../../../../src/sentry/task/cpu/cpu-meter.ts'
import {CpuQuota} from '../../../../src/sentry/task/cpu/cpu-quota.ts'
import {TimerQueue} from '../../../../src/sentry/time/timers.ts'
import {WaitQueue} from '../../../../src/vfs/wait-queue.ts'
import {SimulatedPipe} from '../fd/simulated-pipe.ts'

const F_SETFL = 4
const F_SETLEASE = 1024
const RLIMIT_CPU = 0

afterEach(() => {
  vi.restoreAllMocks()
})

/** The class of an object with this method of its own class, and with no function in its fields. */
function classOf(object: object, method: string): string {
  expect(typeof object).toBe('object')
  expect(Object.hasOwn(object, method)).toBe(false)
  for (const field of Object.values(object)) expect(typeof field).not.toBe('function')
  return object.constructor.name
}

test('timers, wait queues and last closes', () => {
  const joins = vi.spyOn(WaitQueue.prototype, 'join')
  const adds = vi.spyOn(TimerQueue.prototype, 'add')
  const closes = vi.spyOn(OpenDescription.prototype, 'onLastClose')
  const {t, reader} = new SimulatedPipe()
  const {task} = t
  const {kernel} = task
  const second = t.int64s(0, 0, 1, 0)

  expect(t.call(alarm, 1)).toBe(0)
  expect(t.call(setrlimit, RLIMIT_CPU, t.int64s(1, 2))).toBe(0)
  const posix = t.bytes(4)
  expect(t.call(timerCreate, 1, 0, posix)).toBe(0)
  expect(t.call(timerSettime, task.memory.readInt32(posix), 0, second, 0)).toBe(0)
  expect(t.call(timerfdSettime, t.call(timerfdCreate, 1, 0), 0, second, 0)).toBe(0)
  const quota = new CpuQuota(0.001, new CpuMeter(), kernel.timers, 1)
  for (let ns = 1; !quota.isHeld; ns *= 2) quota.check(ns)
  expect(t.call(epollCtl, t.call(epollCreate1, 0), EPOLL_CTL_ADD, reader, t.int32s(EPOLLIN, 0, 0))).toBe(0)
  expect(t.call(fcntl, reader, F_SETFL, O_ASYNC)).toBe(0)
  const file = t.call(open, '/file', O_CREAT | O_RDWR, 0o600)
  expect(t.call(flock, file, LOCK_EX)).toBe(0)
  expect(t.call(fcntl, file, F_SETLEASE, 1)).toBe(0)
  for (const [call, ...args] of [
    [nanosleep, t.int64s(1, 0), 0],
    [read, reader, t.bytes(1), 1],
  ] as const) {
    expect(t.call(call, ...args)).toBe(BLOCKED)
    new Sleep(task, task.wait!, {add() {}} as never, kernel.timers, new Set()).begin()
    task.wait = undefined
  }

  const targets = adds.mock.calls.map(([, target]) => classOf(target, 'expire'))
  expect(new Set(targets)).toEqual(new Set(['PeriodicTimer', 'CpuQuota', 'Sleep']))
  expect(new Set(joins.mock.calls.map(([waiter]) => classOf(waiter, 'wake')))).toEqual(
    new Set(['Watch', 'SignalOwner', 'Sleep']),
  )
  expect(new Set(closes.mock.calls.map(([listener]) => classOf(listener, 'lastClosed')))).toEqual(
    new Set(['SignalOwner', 'FileLockTable', 'Leases']),
  )
})
