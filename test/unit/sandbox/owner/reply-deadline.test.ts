// ReplyDeadline: which time counts, with a clock and waits of this test's.

import {afterEach, beforeEach, expect, test, vi} from 'vitest'
import {ReplyDeadline} from '../../../../src/sandbox/owner/reply-deadline.ts'

let isLost: boolean
/** The sentry waits for a processor that much of the time: 0 to 1. */
let starved: number
const lost = () => {
  isLost = true
}
const deadline = () => new ReplyDeadline(lost, () => starved * performance.now())

beforeEach(() => {
  vi.useFakeTimers()
  isLost = false
  starved = 0
})
afterEach(() => {
  vi.useRealTimers()
})

test('a sentry that is silent for a second is lost', () => {
  deadline().begin()
  vi.advanceTimersByTime(900)
  expect(isLost).toBe(false)
  vi.advanceTimersByTime(200)
  expect(isLost).toBe(true)
})

test('the second begins after the time that the guest has', () => {
  deadline().begin(5000)
  vi.advanceTimersByTime(5900)
  expect(isLost).toBe(false)
  vi.advanceTimersByTime(200)
  expect(isLost).toBe(true)
})

test('a sentry that gets a tenth of a processor has ten seconds', () => {
  starved = 0.9
  deadline().begin()
  vi.advanceTimersByTime(8900)
  expect(isLost).toBe(false)
  vi.advanceTimersByTime(2000)
  expect(isLost).toBe(true)
})

test('a sentry that never gets a processor is lost after a minute', () => {
  starved = 1
  deadline().begin()
  vi.advanceTimersByTime(60_000)
  expect(isLost).toBe(false)
  vi.advanceTimersByTime(1200)
  expect(isLost).toBe(true)
})

test('a sentry that speaks, and does not do what it was told, has ten seconds', () => {
  const of = deadline()
  of.begin()
  for (let parts = 0; parts < 99; parts++) {
    vi.advanceTimersByTime(100)
    of.renew()
  }
  expect(isLost).toBe(false)
  for (let parts = 0; parts < 12; parts++) {
    vi.advanceTimersByTime(100)
    of.renew()
  }
  expect(isLost).toBe(true)
})

test('a sentry that is at work is not lost', () => {
  const of = deadline()
  of.begin()
  for (let seconds = 0; seconds < 100; seconds++) {
    vi.advanceTimersByTime(900)
    of.extend()
  }
  expect(isLost).toBe(false)
})

test('a sentry that has done what it was told is not lost', () => {
  const of = deadline()
  of.begin()
  vi.advanceTimersByTime(500)
  of.end()
  vi.advanceTimersByTime(100_000)
  expect(isLost).toBe(false)
})
