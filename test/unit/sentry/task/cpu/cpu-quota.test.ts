// The share of a CPU that programs get, with a made-up clock.

import {describe, expect, test} from 'vitest'
import {CpuMeter} from '../../../../../src/sentry/task/cpu/cpu-meter.ts'
import {CpuQuota, PERIOD_NS} from '../../../../../src/sentry/task/cpu/cpu-quota.ts'
import {TimerQueue} from '../../../../../src/sentry/time/timers.ts'
import {nativeHost} from '../../../../../src/vfs/native-host.ts'

const MS = 1e6
const START = 5e9

/** Programs that compute whenever they may, on `cpus` CPUs. */
class Spinners {
  readonly meter = new CpuMeter()
  readonly timers = new TimerQueue(nativeHost.clock)
  readonly quota: CpuQuota
  nowNs = START
  looks = 0
  readonly #cpus: number

  constructor(percent: number, cpus: number) {
    this.#cpus = cpus
    this.quota = new CpuQuota(percent, this.meter, this.timers, cpus)
  }

  /** @param lateNs how late they are stopped */
  spin(ns: number, lateNs = 0): number {
    const [endNs, beforeNs] = [this.nowNs + ns, this.meter.usedNs(this.nowNs)]
    while (this.nowNs < endNs) {
      if (this.quota.isHeld) {
        this.nowNs = Math.max(this.nowNs, this.timers.nextDeadlineNs)
        this.timers.runExpired(this.nowNs)
        continue
      }
      const startNs = this.nowNs
      for (let i = 0; i < this.#cpus; i++) this.meter.begin(startNs)
      do {
        this.nowNs = Math.min(endNs, Math.max(this.nowNs, this.quota.dueNs))
        this.looks++
      } while (!this.quota.check(this.nowNs) && this.nowNs < endNs)
      this.nowNs += lateNs
      for (let i = 0; i < this.#cpus; i++) this.meter.end(startNs, this.nowNs)
    }
    return this.meter.usedNs(this.nowNs) - beforeNs
  }
}

describe('a quota', () => {
  test.each([
    [50, 1, 500],
    [1, 1, 10],
    [150, 4, 1500],
    [99, 8, 990],
  ])('of %d percent is that much of a second on %d CPUs', (percent, cpus, ms) => {
    const spinners = new Spinners(percent, cpus)
    expect(spinners.spin(1e9) / MS / ms).toBeCloseTo(1, 1)
    expect(spinners.looks).toBeLessThan(300)
  })

  test('of more than there are CPUs holds nobody', () => {
    const spinners = new Spinners(200, 2)
    expect(spinners.spin(1e9)).toBe(2e9)
    expect(spinners.quota.heldNs).toBe(0)
  })

  test('takes what it was overdrawn off the periods that come', () => {
    const spinners = new Spinners(10, 1)
    // They stop 30 ms too late each time: three more shares.
    expect(spinners.spin(10e9, 30 * MS) / 1e9).toBeCloseTo(1, 1)
  })

  test('holds nobody for more than a second, however much it was overdrawn', () => {
    const spinners = new Spinners(10, 1)
    spinners.spin(1, 60e9)
    const startNs = spinners.nowNs
    spinners.quota.check(startNs)
    expect(spinners.quota.isHeld).toBe(true)
    expect(spinners.timers.nextDeadlineNs - startNs).toBeLessThanOrEqual(11 * PERIOD_NS)
  })

  test('is not saved up by who sleeps', () => {
    const spinners = new Spinners(10, 1)
    spinners.spin(200 * MS)
    spinners.nowNs += 60e9
    spinners.timers.runExpired(spinners.nowNs)
    expect(spinners.spin(PERIOD_NS)).toBeLessThanOrEqual(21 * MS)
  })

  test('tells how long it held them', () => {
    const spinners = new Spinners(50, 1)
    const usedNs = spinners.spin(1e9)
    expect(spinners.quota.heldNs + usedNs).toBeCloseTo(spinners.nowNs - START, -7)
  })
})
