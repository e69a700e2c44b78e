// Locks that the kernel hands on: an owner that unlocks without the kernel just when another task asks for the lock.

import {expect, test, vi} from 'vitest'
import {FUTEX_WAITERS} from '../../../../src/abi/futex.ts'
import {BLOCKED} from '../../../../src/sentry/core/syscall.ts'
import type {Task} from '../../../../src/sentry/core/task.ts'
import {lockAt, lockPi, requeuePi, unlockPi, waitRequeuePi} from '../../../../src/sentry/ipc/futex-pi.ts'
import {SimulatedTask} from '../syscalls/simulated-task.ts'

const FOREVER = Number.POSITIVE_INFINITY

function heldLock() {
  const simulated = new SimulatedTask()
  const {task} = simulated
  const owner = simulated.sibling().task.tid
  const address = simulated.data(new Uint8Array(new Int32Array([owner, 0]).buffer))
  return {task, owner, address, lock: lockAt(task, address, true), condition: lockAt(task, address + 4, true)}
}

/** Unlocks right after the next look at the word. */
function unlockMeanwhile({memory}: Task, address: number): void {
  const read = memory.readInt32.bind(memory)
  vi.spyOn(memory, 'readInt32').mockImplementation((at) => {
    const word = read(at)
    if (at !== address) return word
    vi.mocked(memory.readInt32).mockRestore()
    memory.writeInt32(address, 0)
    return word
  })
}

test('who asks for a lock that is held sleeps, and its owner is told to ask the kernel', () => {
  const {task, owner, address, lock} = heldLock()
  expect(lockPi(task, lock, FOREVER)).toBe(BLOCKED)
  expect(task.memory.readInt32(address)).toBe(owner | FUTEX_WAITERS)
})

test('a lock that is free by the time that its owner would be told belongs to who asked', () => {
  const {task, address, lock} = heldLock()
  unlockMeanwhile(task, address)
  expect(lockPi(task, lock, FOREVER)).toBe(0)
  expect(task.memory.readInt32(address)).toBe(task.tid)
  expect(unlockPi(task, lock)).toBe(0)
})

test('who is moved to a lock that is free by then wakes as its owner', () => {
  const {task, address, lock, condition} = heldLock()
  expect(waitRequeuePi(task, condition, 0, lock, FOREVER)).toBe(BLOCKED)
  unlockMeanwhile(task, address)
  expect(requeuePi(task, condition, lock, 0, 0)).toBe(1)
  expect(task.memory.readInt32(address)).toBe(task.tid)
  expect(task.wait?.next.settled?.(task, task.wait.progress)).toBe(0)
})
