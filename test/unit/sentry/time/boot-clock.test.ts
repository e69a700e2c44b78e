// The guest's clocks count from its own boot.

import {expect, test} from 'vitest'
import {
  CLOCK_BOOTTIME,
  CLOCK_MONOTONIC,
  CLOCK_MONOTONIC_RAW,
  CLOCK_REALTIME,
  differenceNs,
  fromNs,
  toSeconds,
} from '../../../../src/abi/time.ts'
import {BLOCKED} from '../../../../src/sentry/core/syscall.ts'
import {clockNanosleep} from '../../../../src/sentry/syscalls/nanosleep.ts'
import {times} from '../../../../src/sentry/syscalls/times.ts'
import {BootClock} from '../../../../src/sentry/time/boot-clock.ts'
import {readClock} from '../../../../src/sentry/time/clocks.ts'
import {nativeHost} from '../../../../src/vfs/native-host.ts'
import {SimulatedTask} from '../syscalls/simulated-task.ts'

const TIMER_ABSTIME = 1

test.each([
  ['CLOCK_MONOTONIC', CLOCK_MONOTONIC],
  ['CLOCK_MONOTONIC_RAW', CLOCK_MONOTONIC_RAW],
  ['CLOCK_BOOTTIME', CLOCK_BOOTTIME],
])('%s begins with the guest', (_, id) => {
  const seconds = toSeconds(new BootClock(nativeHost.clock).read(id))
  expect(seconds).toBeGreaterThan(0)
  expect(seconds).toBeLessThan(3)
})

test('CLOCK_BOOTTIME is not behind CLOCK_MONOTONIC, and CLOCK_REALTIME is the host’s', () => {
  const boot = new BootClock(nativeHost.clock)
  const monotonic = boot.read(CLOCK_MONOTONIC)
  expect(differenceNs(boot.read(CLOCK_BOOTTIME), monotonic)).toBeGreaterThanOrEqual(0)
  expect(Math.abs(toSeconds(boot.read(CLOCK_REALTIME)) - Date.now() / 1e3)).toBeLessThan(0.1)
})

test('what a guest waits for until a time of its clock ends then', () => {
  const t = new SimulatedTask()
  const boot = Object.assign(new BootClock(nativeHost.clock), {monotonicSeconds: 1000})
  Object.assign(t.task.kernel, {boot})
  t.nowNs = 1000e9 + 5e9
  const at = t.int64s(7, 500_000_000)
  expect(t.call(clockNanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, at, 0)).toBe(BLOCKED)
  expect(t.task.wait!.deadlineNs).toBe(1007.5e9)
  expect(t.call(times, 0)).toBe(500)
})

test('a call answers as the guest’s clock', () => {
  const t = new SimulatedTask()
  Object.assign(t.task.kernel, {boot: new BootClock(nativeHost.clock)})
  const shown = readClock(t.task, CLOCK_MONOTONIC)
  const host = fromNs(nativeHost.clock.monotonicNs() - t.task.kernel.boot.monotonicNs)
  expect(Math.abs(differenceNs(host, shown))).toBeLessThan(1e9)
})
