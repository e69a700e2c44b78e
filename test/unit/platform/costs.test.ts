// What follows from costs, with made-up costs: of machines that exist, and of some that do not.

import {describe, expect, test} from 'vitest'
import {trapsNs} from '../../../src/platform/compare.ts'
import {
  ALWAYS_POLLING,
  breakEven,
  briefNs,
  kvmPolling,
  NEVER_POLLING,
  typicalCosts,
} from '../../../src/platform/costs.ts'
import {SpinLimit} from '../../../src/platform/kvm/spin-limit.ts'
import {Polling} from '../../../src/platform/polling.ts'

const XEON = {trapNs: 80_000, polledNs: 19_600, wakeUpNs: 25_000, lookNs: 40, pageNs: 150}
const EPYC = {trapNs: 36_000, polledNs: 1400, wakeUpNs: 15_000, lookNs: 25, pageNs: 150}
const HARDWARE = {trapNs: 1500, polledNs: 400, wakeUpNs: 3000, lookNs: 15, pageNs: 150}

test('the sentry looks for as long as it costs to sleep in vain', () => {
  expect(breakEven(XEON)).toMatchObject({spinNs: 85_400, quickNs: 165_400})
  expect(breakEven(EPYC)).toMatchObject({spinNs: 49_600, quickNs: 85_600})
  expect(breakEven(HARDWARE)).toMatchObject({spinNs: 4100, quickNs: 5600})
})

test('the shim looks for an answer as long as an exit and a wake-up take, a thread for its command as long as a wake-up', () => {
  expect(breakEven(XEON)).toMatchObject({answerLooks: 2625, commandLooks: 625})
  expect(breakEven(HARDWARE)).toMatchObject({answerLooks: 300, commandLooks: 200})
})

test('polling never pays where it costs as much as an exit, or where there is no other processor', () => {
  expect(breakEven({...EPYC, polledNs: 36_000})).toMatchObject({spinNs: 15_000, quickNs: 0})
  expect(breakEven({trapNs: 36_000, polledNs: 1400, lookNs: 25, pageNs: 150})).toMatchObject({quickNs: 0})
  expect(breakEven({trapNs: 36_000, wakeUpNs: 15_000, lookNs: 25, pageNs: 150})).toMatchObject({quickNs: 0})
  expect(breakEven(NEVER_POLLING)).toMatchObject({spinNs: 0, quickNs: 0})
})

test('no cost makes a wait that does not end, or none at all', () => {
  const {answerLooks, commandLooks} = breakEven({
    trapNs: 1e9,
    polledNs: 1,
    wakeUpNs: 1e9,
    lookNs: 1e-3,
    pageNs: 150,
  })
  expect([answerLooks, commandLooks]).toEqual([2 ** 24, 2 ** 24])
  expect(breakEven(NEVER_POLLING)).toMatchObject({answerLooks: 1, commandLooks: 1})
  expect(breakEven(ALWAYS_POLLING).answerLooks).toBeLessThan(2 ** 24)
})

test('on ptrace a program is better off elsewhere if a wake-up takes less than a fifth of its time', () => {
  expect(briefNs(EPYC)).toBe(75_000)
  expect(briefNs({trapNs: 9000, lookNs: 25, pageNs: 150})).toBe(0)
})

test('what traps took, or would have taken elsewhere', () => {
  expect(trapsNs(EPYC, {exits: 10, polled: 1000})).toBe(10 * 36_000 + 1000 * 1400)
  expect(trapsNs({trapNs: 9000, lookNs: 25, pageNs: 150}, {exits: 10, polled: 1000})).toBe(1010 * 9000)
})

describe('polling', () => {
  /** A clock that a test moves, and what depends on it. */
  function start(costs: typeof XEON) {
    let nowNs = 1
    const spinLimit = new SpinLimit(() => nowNs)
    spinLimit.breakEven = breakEven(costs)
    spinLimit.entryNs = costs.trapNs
    const polling = new Polling(() => nowNs, kvmPolling(costs))
    const pass = (ns: number) => {
      nowNs += ns
    }
    /** @returns after how many exits, that far apart, it began to poll */
    const exitsUntilPolling = (gapNs: number, most: number) => {
      for (let exits = 1; exits <= most; exits++) {
        pass(gapNs)
        if (polling.exited(true)) return exits
      }
      return undefined
    }
    return {polling, spinLimit, pass, exitsUntilPolling}
  }

  test.each([XEON, EPYC, HARDWARE])('begins when traps come as quickly as exits let them: %o', (costs) => {
    const {exitsUntilPolling} = start(costs)
    expect(exitsUntilPolling(costs.trapNs, 100)).toBeLessThanOrEqual(16)
  })

  test('begins within a streak of new costs, however long there was no polling', () => {
    const {polling, pass, exitsUntilPolling} = start({...EPYC, polledNs: EPYC.trapNs})
    expect(exitsUntilPolling(EPYC.trapNs, 100)).toBe(undefined)
    pass(1e9)
    polling.useCosts(kvmPolling(EPYC))
    expect(exitsUntilPolling(EPYC.trapNs, 100)).toBe(8)
  })

  test.each([XEON, EPYC, HARDWARE])('does not while they lie further apart than it pays for: %o', (costs) => {
    const {exitsUntilPolling} = start(costs)
    expect(exitsUntilPolling(breakEven(costs).quickNs * 1.1, 3000)).toBe(undefined)
  })

  test.each([XEON, EPYC, HARDWARE])(
    'lasts until the first trap behind an entry, which takes as long as an exit: %o',
    (costs) => {
      const {spinLimit, pass, exitsUntilPolling} = start(costs)
      exitsUntilPolling(costs.trapNs, 100)
      spinLimit.allowEntry()
      spinLimit.lasts()
      pass(costs.trapNs + breakEven(costs).spinNs * 0.9)
      expect(spinLimit.lasts()).toBe(true)
      pass(breakEven(costs).spinNs * 0.2)
      expect(spinLimit.lasts()).toBe(false)
    },
  )

  test.each([XEON, EPYC, HARDWARE])(
    'ends when traps come no faster, and begins less and less: %o',
    (costs) => {
      const {polling, pass, exitsUntilPolling} = start(costs)
      const foundUntilEnd = () => {
        for (let found = 1; found < 1000; found++) {
          pass(costs.trapNs + 1)
          if (polling.found()) return found
        }
        return undefined
      }
      const begins = Array.from({length: 7}, () => {
        const exits = exitsUntilPolling(costs.trapNs, 10_000)
        expect(foundUntilEnd()).toBe(51)
        return exits
      })
      expect(begins.slice(1)).toEqual([32, 128, 512, 2048, 4096, 4096])
    },
  )

  test.each([XEON, EPYC, HARDWARE])('goes on while they come faster: %o', (costs) => {
    const {polling, pass, exitsUntilPolling} = start(costs)
    exitsUntilPolling(costs.trapNs, 100)
    for (let found = 0; found < 1000; found++) {
      pass(costs.polledNs)
      expect(polling.found()).toBe(false)
    }
  })

  test.each([
    ['when the sentry sleeps', 1],
    ['when the shim gives up again and again', 4],
  ])(
    'ends %s, and begins anew after twice as many quick exits if that was in vain, and as many if it was not',
    (_, misses) => {
      const {polling, exitsUntilPolling} = start(EPYC)
      const missesUntilEnd = () => {
        if (misses === 1) polling.park()
        for (let missed = 1; missed < 100; missed++) if (polling.missed(misses > 1)) return missed
        return undefined
      }
      exitsUntilPolling(EPYC.trapNs, 100)
      expect(missesUntilEnd()).toBe(misses)
      expect(exitsUntilPolling(EPYC.trapNs, 100)).toBe(16)
      for (let found = 0; found < 16; found++) polling.found()
      expect(polling.missed(false)).toBe(false)
      expect(missesUntilEnd()).toBe(misses)
      expect(exitsUntilPolling(EPYC.trapNs, 100)).toBe(8)
    },
  )

  test('behind a trap that polling found it lasts as long as its limit', () => {
    const {spinLimit, pass} = start(XEON)
    spinLimit.allowEntry()
    spinLimit.renew()
    spinLimit.lasts()
    pass(85_000)
    expect(spinLimit.lasts()).toBe(true)
    pass(500)
    expect(spinLimit.lasts()).toBe(false)
  })
})

test('of several measurements the fastest traps count, and the wake-up in the middle', () => {
  const busy = {trapNs: 900_000, polledNs: 7e6, wakeUpNs: 800, lookNs: 90, pageNs: 150}
  expect(typicalCosts([busy, XEON, {...XEON, wakeUpNs: 30_000}])).toEqual(XEON)
  expect(typicalCosts([XEON])).toEqual(XEON)
})

test('what no measurement came to is not known', () => {
  const alone = {trapNs: 5000, lookNs: 20, pageNs: 150}
  expect(typicalCosts([alone, alone])).toEqual(alone)
  expect(typicalCosts([alone, XEON])).toEqual({...XEON, trapNs: 5000, lookNs: 20, pageNs: 150})
})
