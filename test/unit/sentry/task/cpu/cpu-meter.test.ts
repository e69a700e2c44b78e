// CPU time of programs, with a made-up clock: meters, and what happens when they reach a deadline.

import {describe, expect, test} from 'vitest'
import {CpuDeadlines} from '../../../../../src/sentry/task/cpu/cpu-deadlines.ts'
import {CpuMeter} from '../../../../../src/sentry/task/cpu/cpu-meter.ts'

const MS = 1e6
/** A clock that has run for a hundred days: eight times as much is no longer an exact number. */
const START = 8_640_000_000_000_001

describe('a meter', () => {
  test('counts who is on a CPU as often as there are CPUs, and not who sleeps', () => {
    const meter = new CpuMeter()
    expect(meter.usedNs(START)).toBe(0)
    meter.begin(START)
    meter.begin(START + 10)
    expect(meter.usedNs(START + 20)).toBe(30)
    meter.end(START, START + 20)
    expect(meter.usedNs(START + 30)).toBe(40)
    meter.end(START + 10, START + 30)
    expect(meter.usedNs(START + 1e9)).toBe(40)
    meter.add(2)
    expect(meter.usedNs(START)).toBe(42)
  })

  test('counts for the whole that it is a part of, too, and not for other parts', () => {
    const whole = new CpuMeter()
    const [one, other] = [new CpuMeter(whole), new CpuMeter(whole)]
    one.begin(START)
    other.begin(START + 5)
    one.end(START, START + 7)
    other.add(100)
    expect([one, other, whole].map((meter) => meter.usedNs(START + 10))).toEqual([7, 105, 112])
  })
})

describe('a deadline', () => {
  test('expires once, when the meter has come to it, and is not looked at before it can have', () => {
    const [meter, deadlines] = [new CpuMeter(), new CpuDeadlines(4)]
    const expired: number[] = []
    let nowNs = START
    deadlines.add(meter, 100 * MS, {expire: () => expired.push(nowNs - START)})
    meter.begin(nowNs)
    meter.begin(nowNs)
    let looks = 0
    for (; nowNs < START + 200 * MS; looks++) {
      deadlines.check(nowNs)
      nowNs = Math.min(deadlines.dueNs, START + 200 * MS)
    }
    // Two tasks reach it after 50 ms, with a look each millisecond at the end.
    expect(expired).toHaveLength(1)
    expect(expired[0]).toBeGreaterThanOrEqual(50 * MS)
    expect(expired[0]).toBeLessThan(52 * MS)
    expect(looks).toBeLessThan(20)
  })

  test('waits for a meter that stands still, and a look that comes late is one', () => {
    const [meter, deadlines] = [new CpuMeter(), new CpuDeadlines(1)]
    let expired = 0
    deadlines.add(meter, 10 * MS, {expire: () => expired++})
    for (let ms = 0; ms < 1000; ms++) deadlines.check(START + ms * MS)
    expect(expired).toBe(0)
    meter.add(10 * MS)
    deadlines.check(START + 1e12)
    deadlines.check(START + 2e12)
    expect(expired).toBe(1)
  })

  test('that is taken back is none, whoever else has one', () => {
    const [meter, deadlines] = [new CpuMeter(), new CpuDeadlines(1)]
    const expired: string[] = []
    const first = deadlines.add(meter, 1, {expire: () => expired.push('first')})
    deadlines.add(new CpuMeter(), 1, {expire: () => expired.push('other')})
    deadlines.cancel(first)
    meter.add(10)
    deadlines.check(START)
    expect(expired).toEqual([])
    expect(deadlines.dueNs).toBe(START + MS)
  })
})
