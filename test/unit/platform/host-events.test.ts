// HostEvents: the host's timer is set when it must become earlier, and says nothing about a deadline that was taken back.

import {expect, onTestFinished, test} from 'vitest'
import {addon} from '../../../src/addon.ts'
import {EVENT_DEADLINE} from '../../../src/platform/platform.ts'
import {HostEvents} from '../../../src/platform/run-loop.ts'

const HOUR_NS = 3600e9
const NEVER = Number.POSITIVE_INFINITY

/** @returns what the host's timer is set to, too */
function openEvents(): [events: HostEvents, armed: number[]] {
  const events = new HostEvents()
  const {watcher} = events
  const armed: number[] = []
  const arm = watcher.setDeadline.bind(watcher)
  const value = (deadlineNs: number): void => {
    armed.push(deadlineNs)
    arm(deadlineNs)
  }
  Object.defineProperty(watcher, 'setDeadline', {value})
  onTestFinished(() => watcher.dispose())
  return [events, armed]
}

test('a program that sleeps again and again sets no timer each time', () => {
  const [events, armed] = openEvents()
  const laterNs = addon.monotonicNs() + HOUR_NS
  for (let i = 0; i < 10; i++) for (const deadlineNs of [laterNs + i, NEVER]) events.setDeadline(deadlineNs)
  expect(armed).toEqual([laterNs])
  events.setDeadline(laterNs - 1)
  expect(armed).toEqual([laterNs, laterNs - 1])
})

test('a deadline that was taken back is not told', () => {
  const [events, armed] = openEvents()
  events.setDeadline(1)
  events.setDeadline(NEVER)
  expect([events.sleep(), events.poll()]).toEqual([0, 0])
  expect(armed).toEqual([1, NEVER])
})

test('one that has come is told until there is another', () => {
  const [events] = openEvents()
  for (const deadlineNs of [1, 2]) {
    events.setDeadline(deadlineNs)
    expect(events.sleep()).toBe(EVENT_DEADLINE)
  }
  events.setDeadline(NEVER)
  expect(events.poll()).toBe(0)
})
