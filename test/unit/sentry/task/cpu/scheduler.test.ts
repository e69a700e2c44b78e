// The scheduler: which tasks run side by side, whose slice ends, and how fast virtual time passes.

import {beforeEach, expect, test} from 'vitest'
import {SCHED_IDLE} from '../../../../../src/abi/clone.ts'
import {SIGKILL} from '../../../../../src/abi/signal.ts'
import {SignalSet} from '../../../../../src/abi/signal-set.ts'
import type {Task} from '../../../../../src/sentry/core/task.ts'
import {CpuQuota} from '../../../../../src/sentry/task/cpu/cpu-quota.ts'
import {CpuUse} from '../../../../../src/sentry/task/cpu/cpu-use.ts'
import {Scheduler} from '../../../../../src/sentry/task/cpu/scheduler.ts'
import {Scheduling} from '../../../../../src/sentry/task/cpu/scheduling.ts'
import {Run} from '../../../../../src/sentry/task/run.ts'
import {TimerQueue} from '../../../../../src/sentry/time/timers.ts'
import {nativeHost} from '../../../../../src/vfs/native-host.ts'
import {ScriptedPlatform} from '../../scripted-platform.ts'

const [FIRST, SECOND, BOTH] = [0b01n, 0b10n, 0b11n]
let platform: ScriptedPlatform
let use: CpuUse
let scheduler: Scheduler

beforeEach(() => {
  platform = new ScriptedPlatform(2)
  use = new CpuUse(2)
  scheduler = new Scheduler(platform, nativeHost.clock, use)
})

/** A task that waits for its turn. */
function waiting(mask = BOTH): Task {
  const scheduling = new Scheduling()
  if (mask !== BOTH) scheduling.restrict(mask, 2)
  const task = {
    ...{
      scheduling,
      context: platform.createContext(),
      process: {run: new Run(use.meter), space: {addresses: platform.createSpace()}},
    },
    signals: {attention: 0, pending: {set: new SignalSet()}, process: {pending: {set: new SignalSet()}}},
    ...{onCpuSinceNs: 0, sliceEndNs: 0, virtualNs: 0, cpuNs: 0, switches: {all: 0, forced: 0}},
  } as unknown as Task
  task.context.owner = task
  scheduler.wake(task)
  return task
}

/** Fills the free CPUs. @returns the contexts that run */
function running(): object[] {
  scheduler.fill(() => true)
  return [...platform.running]
}

function trap(task: Task): void {
  platform.trapped = task.context as (typeof platform)['trapped']
  platform.running.splice(platform.running.indexOf(platform.trapped), 1)
  expect(scheduler.takeTrapped()).toBe(task)
}

test('those of one CPU have it by turns, whoever has the other one', () => {
  const [one, other] = [waiting(FIRST), waiting(FIRST)]
  expect(running()).toEqual([one.context])
  const free = waiting()
  expect(running()).toEqual([one.context, free.context])
  expect([one, free].map(({scheduling}) => scheduling.cpu)).toEqual([0, 1])
  trap(one)
  one.sliceEndNs = 1
  scheduler.goOn(one)
  expect(running()).toEqual([free.context, other.context])
  expect(other.scheduling.cpu).toBe(0)
})

test('while tasks take turns, one that has trapped waits for the slice of another to end, whatever CPUs they may have', () => {
  const [one, other] = [waiting(FIRST), waiting(SECOND)]
  expect(running()).toEqual([one.context, other.context])
  platform.room = 1
  // However slow this machine is.
  one.sliceEndNs = Number.MAX_SAFE_INTEGER
  trap(other)
  scheduler.goOn(other)
  expect(running()).toEqual([one.context])
  expect([other.onCpuSinceNs, other.switches.forced]).toEqual([0, 1])
  expect(scheduler.dueNs).toBe(Number.MAX_SAFE_INTEGER)
  trap(one)
  scheduler.goOn(one)
  expect(running()).toEqual([one.context])
  one.sliceEndNs = 1
  trap(one)
  scheduler.goOn(one)
  expect(running()).toEqual([other.context])
  platform.room = 2
  expect(running()).toEqual([other.context, one.context])
})

test('nobody gives up a CPU that no one who waits may have', () => {
  const [one, free] = [waiting(FIRST), waiting()]
  running()
  waiting(FIRST)
  free.sliceEndNs = 1
  expect(scheduler.dueNs).toBe(one.sliceEndNs)
  scheduler.keepTime(2)
  trap(free)
  scheduler.goOn(free)
  expect(running()).toEqual([one.context, free.context])
  expect(free.switches.forced).toBe(0)
})

test('who has to move waits for the CPU that it may have', () => {
  const [mover, other] = [waiting(), waiting(SECOND)]
  running()
  mover.scheduling.restrict(SECOND, 2)
  expect(mover.scheduling.isMoving).toBe(true)
  trap(mover)
  scheduler.goOn(mover)
  expect(running()).toEqual([other.context])
  trap(other)
  scheduler.leave(other)
  expect(running()).toEqual([mover.context])
  expect(mover.scheduling).toMatchObject({cpu: 1, isMoving: false})
})

test('while the quota is used up nobody gets a CPU but who only ends, and those that run lose theirs', () => {
  const [one, other] = [waiting(), waiting()]
  running()
  use.quota = new CpuQuota(1, use.meter, new TimerQueue(nativeHost.clock), 2)
  use.meter.add(1e9)
  scheduler.keepTime(nativeHost.clock.monotonicNs())
  for (const task of [one, other]) {
    trap(task)
    scheduler.goOn(task)
  }
  expect(running()).toEqual([])
  expect([one.onCpuSinceNs, other.onCpuSinceNs]).toEqual([0, 0])
  other.signals.attention = 1
  other.signals.process.pending.set.add(SIGKILL)
  expect(running()).toEqual([other.context])
})

test('virtual time goes faster for the nice', () => {
  const paceOf = (changes: Partial<Scheduling>): number => Object.assign(new Scheduling(), changes).pace
  expect(paceOf({})).toBe(1)
  // Linux rounds its weights.
  expect(paceOf({nice: 5}) / (1024 / 335)).toBeCloseTo(1, 1)
  expect(paceOf({nice: 19}) / (1024 / 15)).toBeCloseTo(1, 1)
  expect(paceOf({nice: -20}) / (1024 / 88761)).toBeCloseTo(1, 1)
  expect(paceOf({policy: SCHED_IDLE})).toBeGreaterThan(paceOf({nice: 19}))
})
