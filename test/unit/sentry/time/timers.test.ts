// Interval timers, POSIX timers, timerfd, CPU limit: what expires when.

import {describe, expect, test} from 'vitest'
import {EAGAIN, EINVAL} from '../../../../src/abi/errno.ts'
import {SIGALRM, SIGKILL, SIGPROF, SIGVTALRM, SIGXCPU} from '../../../../src/abi/signal.ts'
import {SignalSet} from '../../../../src/abi/signal-set.ts'
import {encodeTimespec, fromNs} from '../../../../src/abi/time.ts'
import {alarm, getitimer, setitimer} from '../../../../src/sentry/syscalls/getitimer.ts'
import {setrlimit} from '../../../../src/sentry/syscalls/getrlimit.ts'
import {
  timerCreate,
  timerDelete,
  timerGetoverrun,
  timerGettime,
  timerSettime,
} from '../../../../src/sentry/syscalls/timer-create.ts'
import {timerfdCreate, timerfdSettime} from '../../../../src/sentry/syscalls/timerfd-create.ts'
import {BASE, call, type Fake, fakeTask} from '../fake-task.ts'

const MS = 1e6
const SECOND = 1e9
const ARGUMENT = BASE + 0x100
const RESULT = BASE + 0x200

function errno(code: number): unknown {
  return expect.objectContaining({code})
}

/** A struct itimerspec at ARGUMENT. */
function writeTimerspec({memory}: Fake, intervalNs: number, valueNs: number): void {
  memory.writeBytes(ARGUMENT, encodeTimespec(fromNs(intervalNs)))
  memory.writeBytes(ARGUMENT + 16, encodeTimespec(fromNs(valueNs)))
}

/** A struct itimerval at ARGUMENT. */
function writeTimerval(fake: Fake, intervalNs: number, valueNs: number): void {
  writeTimerspec(fake, 0, 0)
  const microseconds = (ns: number) => BigInt(ns / 1000)
  fake.memory.view(ARGUMENT, 32).setBigInt64(8, microseconds(intervalNs), true)
  fake.memory.view(ARGUMENT, 32).setBigInt64(24, microseconds(valueNs), true)
}

describe('interval timers', () => {
  test('raise SIGALRM each period', () => {
    const fake = fakeTask()
    fake.task.signals.mask = SignalSet.of(SIGALRM)
    writeTimerval(fake, 10 * MS, 5 * MS)
    call(fake, setitimer, 0, ARGUMENT, 0)
    const arrivals: number[] = []
    for (let ms = 1; ms <= 30; ms++) {
      fake.kernel.pass(MS)
      if (fake.task.signals.take(SignalSet.of(SIGALRM)) !== undefined) arrivals.push(ms)
    }
    expect(arrivals).toEqual([5, 15, 25])
  })

  test('leave the program four times as long as their signals come late', () => {
    const fake = fakeTask()
    const {kernel} = fake
    fake.task.signals.mask = SignalSet.of(SIGALRM)
    writeTimerval(fake, 0.1 * MS, 0.1 * MS)
    call(fake, setitimer, 0, ARGUMENT, 0)
    const late = (ns: number): number => {
      const before = kernel.nowNs
      kernel.nowNs = kernel.timers.nextDeadlineNs + ns
      kernel.pass(0)
      expect(fake.task.signals.take(SignalSet.of(SIGALRM))).toBeDefined()
      return kernel.nowNs - before
    }
    for (let i = 0; i < 20; i++) late(0.25 * MS)
    expect(late(0.25 * MS)).toBe(1.25 * MS)
    // A single one may be as late as it likes.
    late(100 * MS)
    expect(late(0.25 * MS)).toBeLessThan(4 * MS)
  })

  test('tell what is left', () => {
    const fake = fakeTask()
    writeTimerval(fake, 0, 500 * MS)
    call(fake, setitimer, 0, ARGUMENT, 0)
    fake.kernel.pass(100 * MS)
    call(fake, getitimer, 0, RESULT)
    expect(fake.memory.view(RESULT, 32).getBigInt64(24, true)).toBe(400_000n)
  })

  test.each([
    [1, SIGVTALRM],
    [2, SIGPROF],
  ])('of CPU time (%i) stand still while the process sleeps', (which, signal) => {
    const fake = fakeTask()
    fake.task.signals.mask = SignalSet.of(signal)
    writeTimerval(fake, 0, 80 * MS)
    call(fake, setitimer, which, ARGUMENT, 0)
    fake.kernel.isBusy = false
    fake.kernel.pass(SECOND)
    expect(fake.task.signals.pendingSet.has(signal)).toBe(false)
    fake.kernel.isBusy = true
    fake.kernel.pass(84 * MS)
    expect(fake.task.signals.pendingSet.has(signal)).toBe(true)
  })

  describe('with an absurdly short period', () => {
    function start(): {fake: Fake; raised: () => number} {
      const fake = fakeTask()
      fake.task.signals.mask = SignalSet.of(SIGALRM)
      let expirations = 0
      const {raise} = fake.process.signals
      fake.process.signals.raise = (signal, info, taken) => {
        expirations++
        raise.call(fake.process.signals, signal, info, taken)
      }
      writeTimerval(fake, 1000, 1000)
      return {fake, raised: () => expirations}
    }

    test('rest while their signal is pending', () => {
      const {fake, raised} = start()
      call(fake, setitimer, 0, ARGUMENT, 0)
      for (let times = 1; times <= 3; times++) {
        fake.kernel.pass(10 * MS)
        expect(raised()).toBe(times)
        expect(fake.kernel.timers.nextDeadlineNs).toBe(Number.POSITIVE_INFINITY)
        expect(fake.task.signals.take(SignalSet.of(SIGALRM))).toBeDefined()
      }
    })

    test('look once a tick while another one is pending', () => {
      const {fake, raised} = start()
      fake.process.signals.raise(SIGALRM)
      call(fake, setitimer, 0, ARGUMENT, 0)
      fake.kernel.pass(40 * MS)
      expect(raised()).toBeGreaterThan(9)
      expect(raised()).toBeLessThanOrEqual(13)
    })
  })

  test('refuse a second of microseconds, and an unknown kind', () => {
    const fake = fakeTask()
    writeTimerval(fake, 0, SECOND)
    expect(() => call(fake, setitimer, 0, ARGUMENT, 0)).toThrow(errno(EINVAL))
    expect(() => call(fake, getitimer, 3, RESULT)).toThrow(errno(EINVAL))
  })

  test('and alarm are one, which tells the seconds that were left', () => {
    const fake = fakeTask()
    expect(call(fake, alarm, 100)).toBe(0)
    fake.kernel.pass(1.4 * SECOND)
    expect(call(fake, alarm, 1)).toBe(99)
    fake.kernel.pass(0.9 * SECOND)
    expect(call(fake, alarm, 0)).toBe(1)
    expect(call(fake, alarm, 0)).toBe(0)
  })
})

describe('a POSIX timer', () => {
  /** Creates one that sends signal 40 with the value 4711. @returns its id */
  function create(fake: Fake): number {
    const event = fake.memory.view(ARGUMENT, 64)
    event.setBigUint64(0, 4711n, true)
    event.setInt32(8, 40, true)
    fake.task.signals.mask = SignalSet.of(40)
    call(fake, timerCreate, 1, ARGUMENT, RESULT)
    return fake.memory.readInt32(RESULT)
  }

  test('queues one signal and counts what it misses', () => {
    const fake = fakeTask()
    const id = create(fake)
    writeTimerspec(fake, 10 * MS, 10 * MS)
    call(fake, timerSettime, id, 0, ARGUMENT, 0)
    fake.kernel.pass(55 * MS)
    const {info} = fake.task.signals.take(SignalSet.of(40))!
    const view = new DataView(info.buffer)
    expect([view.getInt32(8, true), view.getInt32(16, true), view.getInt32(24, true)]).toEqual([-2, id, 4711])
    expect(view.getInt32(20, true)).toBe(4)
    expect(call(fake, timerGetoverrun, id)).toBe(4)
    expect(fake.task.signals.take(SignalSet.of(40))).toBeUndefined()
    fake.kernel.pass(10 * MS)
    expect(fake.task.signals.take(SignalSet.of(40))).toBeDefined()
    expect(call(fake, timerGetoverrun, id)).toBe(0)
  })

  test('stops when it is deleted', () => {
    const fake = fakeTask()
    const id = create(fake)
    writeTimerspec(fake, 0, 10 * MS)
    call(fake, timerSettime, id, 0, ARGUMENT, 0)
    call(fake, timerDelete, id)
    fake.kernel.pass(SECOND)
    expect(fake.task.signals.pendingSet.isEmpty).toBe(true)
    expect(() => call(fake, timerGettime, id, RESULT)).toThrow(errno(EINVAL))
  })

  test('leaves nothing behind when its id cannot be stored', () => {
    const fake = fakeTask()
    expect(() => call(fake, timerCreate, 1, 0, 8)).toThrow()
    expect(() => call(fake, timerGettime, 0, RESULT)).toThrow(errno(EINVAL))
  })
})

describe('a timerfd', () => {
  test('is read as a count of expirations, once', () => {
    const fake = fakeTask()
    const fd = call(fake, timerfdCreate, 1, 0)
    const file = fake.task.fds.get(fd)
    const count = new Uint8Array(8)
    expect(file.readiness()).toBe(0)
    expect(() => file.read(count)).toThrow(errno(EAGAIN))
    writeTimerspec(fake, 10 * MS, 10 * MS)
    call(fake, timerfdSettime, fd, 0, ARGUMENT, 0)
    let wakes = 0
    file.waiters!.join({wake: () => wakes++})
    fake.kernel.pass(35 * MS)
    // Until it is read, it is ready, and nothing more happens.
    expect(wakes).toBe(1)
    expect(fake.kernel.timers.nextDeadlineNs).toBe(Number.POSITIVE_INFINITY)
    expect(file.read(count)).toBe(8)
    expect(count[0]).toBe(3)
    expect(() => file.read(count)).toThrow(errno(EAGAIN))
    fake.kernel.pass(5 * MS)
    expect(wakes).toBe(2)
  })

  test('is ready at once when it is due, whether or not the sentry has looked at its timers', () => {
    const fake = fakeTask()
    const fd = call(fake, timerfdCreate, 1, 0)
    writeTimerspec(fake, 0, 10 * MS)
    call(fake, timerfdSettime, fd, 0, ARGUMENT, 0)
    fake.kernel.nowNs += 10 * MS
    expect(fake.task.fds.get(fd).readiness()).toBe(1)
  })
})

test('the CPU limit sends SIGXCPU each second, then SIGKILL', () => {
  const fake = fakeTask()
  fake.task.signals.mask = SignalSet.of(SIGXCPU)
  fake.memory.writeBytes(ARGUMENT, new Uint8Array(BigUint64Array.of(1n, 3n).buffer))
  call(fake, setrlimit, 0, ARGUMENT)
  fake.kernel.pass(0.9 * SECOND)
  expect(fake.task.signals.take(SignalSet.of(SIGXCPU))).toBeUndefined()
  fake.kernel.pass(0.2 * SECOND)
  expect(fake.task.signals.take(SignalSet.of(SIGXCPU))).toBeDefined()
  fake.kernel.pass(SECOND)
  expect(fake.task.signals.take(SignalSet.of(SIGXCPU))).toBeDefined()
  fake.kernel.pass(SECOND)
  expect(fake.task.signals.take(SignalSet.of(SIGKILL))).toBeDefined()
})
