// TimerQueue: the order in which timers expire, and what is left when some are cancelled.

import {expect, test} from 'vitest'
import {type Timer, TimerQueue} from '../../../../src/sentry/time/timers.ts'
import {nativeHost} from '../../../../src/vfs/native-host.ts'

test('those of one time expire in the order in which they were set', () => {
  const queue = new TimerQueue(nativeHost.clock)
  const expired: number[] = []
  for (const [number, deadline] of [3, 1, 3, 2, 1, 3].entries())
    queue.add(deadline, {expire: () => expired.push(number)})
  queue.runExpired(2)
  expect(expired).toEqual([1, 4, 3])
  expect(queue.nextDeadlineNs).toBe(3)
  queue.runExpired(3)
  expect(expired).toEqual([1, 4, 3, 0, 2, 5])
  expect(queue.nextDeadlineNs).toBe(Number.POSITIVE_INFINITY)
})

test('one that is due again as it expires expires again, and no more than its time has come', () => {
  const queue = new TimerQueue(nativeHost.clock)
  const expired: number[] = []
  const repeat = (deadline: number): void => {
    expired.push(deadline)
    queue.add(deadline + 10, {expire: () => repeat(deadline + 10)})
  }
  queue.add(10, {expire: () => repeat(10)})
  queue.runExpired(35)
  expect(expired).toEqual([10, 20, 30])
  expect(queue.nextDeadlineNs).toBe(40)
})

test('any of 1,000 can be cancelled, twice, also by one that expires', () => {
  const queue = new TimerQueue(nativeHost.clock)
  const expired: number[] = []
  const timers: Timer[] = []
  const deadline = (number: number): number => (number * 7919) % 997
  for (let number = 0; number < 1000; number++)
    timers.push(queue.add(deadline(number), {expire: () => expired.push(number)}))
  queue.add(-1, {expire: () => queue.cancel(timers[500])})
  const kept = [...timers.keys()].filter((number) => number % 3 !== 0 && number !== 500)
  for (const [number, timer] of timers.entries()) if (number % 3 === 0) queue.cancel(timer)
  queue.cancel(timers[0])
  queue.runExpired(1000)
  expect(expired).toEqual(kept.sort((a, b) => deadline(a) - deadline(b) || a - b))
})
