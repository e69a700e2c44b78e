// System V semaphores between processes: which sleep, which are woken, and what a process's end does.

import {describe, expect, test} from 'vitest'
import {EACCES, EAGAIN, EIDRM, ENOMEM} from '../../../../src/abi/errno.ts'
import {
  GETNCNT,
  GETPID,
  GETVAL,
  GETZCNT,
  IPC_CREAT,
  IPC_RMID,
  SEM_UNDO,
  SETVAL,
} from '../../../../src/abi/ipc.ts'
import {BLOCKED} from '../../../../src/sentry/core/syscall.ts'
import {semctl} from '../../../../src/sentry/syscalls/semctl.ts'
import {semget} from '../../../../src/sentry/syscalls/semget.ts'
import {semop, semtimedop} from '../../../../src/sentry/syscalls/semop.ts'
import {Budget} from '../../../../src/vfs/budget.ts'
import {SimulatedTask} from '../syscalls/simulated-task.ts'

function twoProcesses() {
  const first = new SimulatedTask()
  const second = first.sibling()
  const id = first.call(semget, 5, 2, IPC_CREAT | 0o600)
  return {first, second, id}
}

type Operation = [index: number, change: number, flags?: number]

function operate(task: SimulatedTask, id: number, ...operations: Operation[]): number {
  const bytes = new Int16Array(operations.flatMap(([index, change, flags = 0]) => [index, change, flags]))
  return task.call(semop, id, task.data(new Uint8Array(bytes.buffer)), operations.length)
}

describe('a semaphore', () => {
  test('keeps who wants more until there is enough', () => {
    const {first, second, id} = twoProcesses()
    expect(operate(second, id, [0, -3])).toBe(BLOCKED)
    expect(first.call(semctl, id, 0, GETNCNT)).toBe(1)
    expect(operate(first, id, [0, 2])).toBe(0)
    expect(second.wake()).toBe(BLOCKED)
    let woken = false
    second.task.wait!.queues![0].join({
      wake: () => {
        woken = true
      },
    })
    expect(operate(first, id, [0, 2])).toBe(0)
    expect(woken).toBe(true)
    expect(second.wake()).toBe(0)
    expect([GETVAL, GETPID, GETNCNT].map((command) => first.call(semctl, id, 0, command))).toEqual([1, 8, 0])
  })

  test('keeps who waits for zero, and counts each for what it waits for', () => {
    const {first, second, id} = twoProcesses()
    operate(first, id, [0, 1])
    expect(operate(second, id, [1, 0], [0, 0], [1, 5])).toBe(BLOCKED)
    expect([GETZCNT, GETNCNT].map((command) => first.call(semctl, id, 0, command))).toEqual([1, 0])
    expect(operate(first, id, [0, -1])).toBe(0)
    expect(second.wake()).toBe(0)
    expect(first.call(semctl, id, 1, GETVAL)).toBe(5)
  })

  test('tells who sleeps that it is gone, or that time is over', () => {
    const {first, second, id} = twoProcesses()
    const timeout = second.int64s(1, 0)
    const operation = second.data(new Uint8Array(Int16Array.of(0, -1, 0).buffer))
    expect(second.call(semtimedop, id, operation, 1, timeout)).toBe(BLOCKED)
    expect(second.task.wait!.deadlineNs).toBe(first.nowNs + 1e9)
    expect(second.wake(true)).toBe(-EAGAIN)
    expect(operate(second, id, [0, -1])).toBe(BLOCKED)
    expect(first.call(semctl, id, 0, IPC_RMID)).toBe(0)
    expect(second.wake()).toBe(-EIDRM)
  })

  test('needs permission to be changed, or to be waited for', () => {
    const {first, second, id} = twoProcesses()
    second.become(1000)
    expect(operate(second, id, [0, 1])).toBe(-EACCES)
    const other = first.call(semget, 6, 1, IPC_CREAT | 0o604)
    expect(operate(second, other, [0, 1])).toBe(-EACCES)
    expect(operate(second, other, [0, 0])).toBe(0)
  })
})

describe('SEM_UNDO', () => {
  test("is done at the process's end, within the value's range", () => {
    const {first, second, id} = twoProcesses()
    operate(first, id, [0, 5])
    expect(operate(second, id, [0, -3, SEM_UNDO], [1, 4, SEM_UNDO])).toBe(0)
    operate(first, id, [1, -3])
    expect(operate(first, id, [0, -5])).toBe(BLOCKED)
    second.task.semaphoreUndo!.release(second.task.process.pid)
    expect(first.wake()).toBe(0)
    expect([0, 1].map((index) => first.call(semctl, id, index, GETVAL))).toEqual([0, 0])
    expect(first.call(semctl, id, 1, GETPID)).toBe(8)
    // It is done only once.
    second.task.semaphoreUndo!.release(second.task.process.pid)
    expect(first.call(semctl, id, 0, GETVAL)).toBe(0)
  })

  test('forgets what SETVAL replaced, and sets that are gone', () => {
    const {first, second, id} = twoProcesses()
    operate(second, id, [0, 3, SEM_UNDO])
    first.call(semctl, id, 0, SETVAL, 9)
    const gone = first.call(semget, 0, 1, 0o600)
    operate(second, gone, [0, 3, SEM_UNDO])
    first.call(semctl, gone, 0, IPC_RMID)
    second.task.semaphoreUndo!.release(second.task.process.pid)
    expect(first.call(semctl, id, 0, GETVAL)).toBe(9)
    first.call(semctl, id, 0, IPC_RMID)
    expect(first.task.kernel.budget.used).toBe(0)
  })
})

test('semaphores count against the budget', () => {
  const task = new SimulatedTask()
  Object.assign(task.task.kernel, {budget: new Budget(1 << 20)})
  const results = Array.from({length: 20}, () => task.call(semget, 0, 32_000, 0o600))
  expect(results.at(-1)).toBe(-ENOMEM)
})
