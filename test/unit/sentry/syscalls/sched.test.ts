// sched_*(2), getcpu(2), getpriority(2), setpriority(2): what a task asks of the scheduler, and which task may ask it.

import {beforeEach, describe, expect, test} from 'vitest'
import {E2BIG, EACCES, EINVAL, EPERM, ESRCH} from '../../../../src/abi/errno.ts'
import {capabilitiesOf} from '../../../../src/sentry/core/credentials.ts'
import {RLIMIT_NICE} from '../../../../src/sentry/core/resource-limits.ts'
import {getpriority, setpriority} from '../../../../src/sentry/syscalls/getpriority.ts'
import {
  getcpu,
  schedGetaffinity,
  schedGetscheduler,
  schedSetaffinity,
  schedSetparam,
  schedSetscheduler,
} from '../../../../src/sentry/syscalls/sched.ts'
import {schedGetattr, schedSetattr} from '../../../../src/sentry/syscalls/sched-attr.ts'
import {SimulatedTask} from './simulated-task.ts'

const [OTHER, FIFO, BATCH, IDLE] = [0, 1, 3, 5]
const RESET_ON_FORK = 0x40000000

let t: SimulatedTask
let buffer: number

beforeEach(() => {
  t = new SimulatedTask()
  t.become(1000)
  Object.assign(t.task.kernel.platform, {cpus: 4})
  buffer = t.bytes(128)
})

/** Another user's task. */
function other(): number {
  const {task} = t
  const owner = {uid: 5, ruid: 5, euid: 5, suid: 5, ...capabilitiesOf(5)}
  task.kernel.tasks.set(
    8,
    Object.assign(Object.create(task), {tid: 8, credentials: {...task.credentials, ...owner}}),
  )
  return 8
}

function restrict(mask: bigint, tid = 0): number {
  t.task.memory.writeBytes(buffer, new Uint8Array(BigUint64Array.of(mask).buffer))
  return t.call(schedSetaffinity, tid, 8, buffer)
}

function allowed(): number {
  expect(t.call(schedGetaffinity, 0, 128, buffer)).toBe(8)
  return t.task.memory.readUint64(buffer)
}

describe('affinity', () => {
  test('is all CPUs, until some are chosen that there are', () => {
    expect(allowed()).toBe(0b1111)
    expect(restrict(0b110110n)).toBe(0)
    expect(allowed()).toBe(0b0110)
    expect(restrict(0b10000n)).toBe(-EINVAL)
    expect(allowed()).toBe(0b0110)
  })

  test('says where the task is, and its children', () => {
    restrict(0b0100n)
    t.call(getcpu, buffer, 0, 0)
    expect(t.task.memory.readUint32(buffer)).toBe(2)
    expect(t.task.scheduling.copy()).toMatchObject({cpu: 2, affinity: 0b0100n})
  })

  test("needs a mask of whole words that holds all CPUs, and another user's task a capability", () => {
    for (const length of [0, 4, 9]) expect(t.call(schedGetaffinity, 0, length, buffer)).toBe(-EINVAL)
    expect(restrict(1n, other())).toBe(-EPERM)
    expect(restrict(1n, 99)).toBe(-ESRCH)
    t.become(0)
    expect(restrict(1n, 8)).toBe(0)
  })
})

test('of the CPUs that a task may have it gets its last, or one that is free', () => {
  const {scheduling} = t.task
  scheduling.place(4, () => false)
  expect(scheduling.cpu).toBe(0)
  scheduling.place(4, (cpu) => cpu < 2)
  expect(scheduling.cpu).toBe(2)
  scheduling.place(4, () => false)
  expect(scheduling.cpu).toBe(2)
  scheduling.restrict(0b0011n, 4)
  scheduling.place(4, () => true)
  expect(scheduling.cpu).toBe(0)
})

describe('policies', () => {
  const setPolicy = (policy: number, tid = 0): number => {
    t.task.memory.writeInt32(buffer, policy === FIFO ? 1 : 0)
    return t.call(schedSetscheduler, tid, policy, buffer)
  }

  test('without priorities are kept and told', () => {
    for (const policy of [BATCH, OTHER, OTHER | RESET_ON_FORK]) {
      expect(setPolicy(policy)).toBe(0)
      expect(t.call(schedGetscheduler, 0)).toBe(policy)
    }
    t.task.memory.writeInt32(buffer, 1)
    expect(t.call(schedSetparam, 0, buffer)).toBe(-EINVAL)
  })

  test('of real time, and way back from SCHED_IDLE or reset-on-fork, are refused', () => {
    expect(setPolicy(FIFO)).toBe(-EPERM)
    expect(setPolicy(77)).toBe(-EINVAL)
    expect(setPolicy(IDLE)).toBe(0)
    expect(setPolicy(OTHER)).toBe(-EPERM)
    expect(t.call(schedGetscheduler, 0)).toBe(IDLE)
    t.become(0)
    expect(setPolicy(OTHER | RESET_ON_FORK)).toBe(0)
    t.become(1000)
    expect(setPolicy(OTHER)).toBe(-EPERM)
    expect(setPolicy(BATCH, other())).toBe(-EPERM)
  })

  test('come with nice values in struct sched_attr', () => {
    t.task.memory.writeBytes(buffer, new Uint8Array(Int32Array.of(48, BATCH, 1, 0, 7).buffer))
    expect(t.call(schedSetattr, 0, buffer, 0)).toBe(0)
    expect(t.call(schedGetattr, 0, buffer, 56, 0)).toBe(0)
    const words = [0, 4, 8, 16].map((offset) => t.task.memory.readInt32(buffer + offset))
    expect(words).toEqual([56, BATCH, 1, 7])
    t.task.memory.writeBytes(buffer, new Uint8Array(Int32Array.of(48, BATCH, 0x80, 0, 7).buffer))
    expect(t.call(schedSetattr, 0, buffer, 0)).toBe(-EINVAL)
    t.task.memory.writeInt32(buffer, 8)
    expect(t.call(schedSetattr, 0, buffer, 0)).toBe(-E2BIG)
    expect(t.task.memory.readInt32(buffer)).toBe(56)
  })

  test('that only the privileged may ask for are not inherited, if so asked', () => {
    const {scheduling} = t.task
    Object.assign(scheduling, {nice: -5, resetsOnFork: true})
    expect(scheduling.copy()).toMatchObject({nice: 0, resetsOnFork: false})
  })
})

describe('nice values', () => {
  test('are one task’s, or those of all that a group or a user has', () => {
    other()
    expect(t.call(setpriority, 0, 7, 5)).toBe(0)
    expect(t.call(getpriority, 0, 0)).toBe(15)
    t.task.kernel.tasks.get(8)!.scheduling = t.task.scheduling.copy()
    t.task.kernel.tasks.get(8)!.scheduling.nice = 2
    expect(t.call(getpriority, 1, 0)).toBe(18)
    expect(t.call(getpriority, 2, 0)).toBe(15)
    expect(t.call(getpriority, 2, 5)).toBe(18)
    expect(t.call(getpriority, 2, 6)).toBe(-ESRCH)
  })

  test('go down as far as RLIMIT_NICE says, and those of others need a capability', () => {
    t.call(setpriority, 0, 0, 10)
    expect(t.call(setpriority, 0, 0, 9)).toBe(-EACCES)
    t.task.process.limits.set(RLIMIT_NICE, {soft: 15, hard: 15})
    expect(t.call(setpriority, 0, 0, 5)).toBe(0)
    expect(t.call(setpriority, 0, 0, 4)).toBe(-EACCES)
    expect(t.call(setpriority, 0, other(), 19)).toBe(-EPERM)
    t.become(0)
    expect(t.call(setpriority, 0, 0, -20)).toBe(0)
  })
})
