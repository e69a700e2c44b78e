// The run queue: which task is next, and which one yields to which.

import {expect, test} from 'vitest'
import type {Task} from '../../../../../src/sentry/core/task.ts'
import {RunQueue} from '../../../../../src/sentry/task/cpu/run-queue.ts'

const task = (virtualNs: number): Task => ({virtualNs}) as Task

test('who had the least is next', () => {
  const queue = new RunQueue()
  const [much, little] = [task(2), task(1)]
  queue.add(much)
  queue.add(little)
  expect([queue.take(), queue.take()]).toEqual([little, much])
})

test('who yields lets the next one go first, however little it had itself', () => {
  const queue = new RunQueue()
  const [yielder, next, last] = [task(1), task(1000), task(2000)]
  queue.add(next)
  queue.add(last)
  queue.addYielding(yielder)
  expect([queue.take(), queue.take(), queue.take()]).toEqual([next, yielder, last])
})

test('who yields to nobody is next', () => {
  const queue = new RunQueue()
  const yielder = task(1)
  queue.addYielding(yielder)
  expect([queue.take(), yielder.virtualNs]).toEqual([yielder, 1])
})
