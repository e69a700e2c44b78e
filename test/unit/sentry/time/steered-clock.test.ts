// SteeredClock against a made-up host whose counter and clock are known exactly.

import {expect, test} from 'vitest'
import {FIRST_WINDOW_NS, SteeredClock} from '../../../../src/sentry/time/steered-clock.ts'
import {seededRandom} from '../../../helpers/mutate.ts'

const MHZ = 2_595n
const START = 7_000_000_000n
/** The reading of a perfect clock at `ns`, with `noise` ns of error. */
const reading = (ns: bigint, noise = 0n) => ({cycles: START + (ns * MHZ) / 1000n, ns: ns + noise})
/** The time that a guest sees when it reads the counter at `ns`. */
const shown = (clock: SteeredClock, base: bigint, ns: bigint) =>
  clock.baseNs + (((reading(ns).cycles - base) * clock.mult) >> 32n)

test('it does not run before a millisecond has been measured', () => {
  const clock = new SteeredClock(reading(0n))
  expect(clock.update(reading(FIRST_WINDOW_NS - 1n), START)).toBe(false)
  expect(clock.update(reading(FIRST_WINDOW_NS), reading(FIRST_WINDOW_NS).cycles)).toBe(true)
})

test('with noisy readings it never runs backwards, and stays within a microsecond of the host', () => {
  const random = seededRandom(1)
  const noise = () => BigInt(random(101)) - 50n
  const clock = new SteeredClock(reading(0n, noise()))
  let now = 0n
  let last = 0n
  let worst = 0n
  for (let i = 0; i < 300; i++) {
    const due = now + clock.intervalNs
    if (clock.mult !== 0n) {
      const before = shown(clock, reading(now).cycles, due)
      expect(before).toBeGreaterThanOrEqual(last)
      last = before
      if (before - due > worst) worst = before - due
      if (due - before > worst) worst = due - before
    }
    now = due
    clock.update(reading(now, noise()), reading(now).cycles)
    if (clock.mult === 0n) continue
    const after = shown(clock, reading(now).cycles, now)
    expect(after).toBeGreaterThanOrEqual(last)
    last = after
  }
  expect(worst).toBeLessThan(1500n)
  expect(now).toBeGreaterThan(100_000_000_000n)
})

test('a clock that is ahead is slowed, and right again at the next update', () => {
  const clock = new SteeredClock(reading(0n))
  let now = 10_000_000_000n
  clock.update(reading(now), reading(now).cycles)
  now += 1_000_000_000n
  // The host turns out to be 20 µs behind.
  clock.update(reading(now, -20_000n), reading(now).cycles)
  // One unit of the 32-bit fraction is a nanosecond per second.
  expect(clock.baseNs).toBeGreaterThanOrEqual(now - 2n)
  const next = now + clock.intervalNs
  const error = shown(clock, reading(now).cycles, next) - (next - 20_000n)
  expect(error).toBeGreaterThan(-2500n)
  expect(error).toBeLessThan(2500n)
})

test('a counter that jumps changes neither the rate nor the direction of time', () => {
  const clock = new SteeredClock(reading(0n))
  const now = 5_000_000_000n
  clock.update(reading(now), reading(now).cycles)
  const rate = clock.mult
  const later = now + 1_000_000_000n
  const jumped = {cycles: reading(later).cycles + 10_000_000_000n, ns: later}
  clock.update(jumped, jumped.cycles)
  expect(clock.mult).toBeGreaterThan((rate * 9n) / 10n)
  expect(clock.mult).toBeLessThanOrEqual(rate)
  expect(clock.baseNs).toBeGreaterThanOrEqual(later)
})

test('a counter that has another rate after a jump is believed the second time', () => {
  const clock = new SteeredClock(reading(0n))
  clock.update(reading(5_000_000_000n), reading(5_000_000_000n).cycles)
  const rate = clock.mult
  const moved = (ns: bigint) => ({cycles: (ns * MHZ * 2n) / 1000n + 20_000_000_000n, ns})
  for (let ns = 6_000_000_000n; ns < 30_000_000_000n; ns += 1_000_000_000n) {
    clock.update(moved(ns), moved(ns).cycles)
  }
  expect(clock.mult).toBeLessThan((rate * 51n) / 100n)
})
