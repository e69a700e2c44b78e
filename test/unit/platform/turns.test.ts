// When contexts take turns, with costs that no host here has.

import {describe, expect, test} from 'vitest'
import {type Costs, turnsNs} from '../../../src/platform/costs.ts'
import {Turns} from '../../../src/platform/turns.ts'

/** Each call that polling finds saves 40 µs and two wake-ups of 20. */
const COSTS: Costs = {trapNs: 41_000, polledNs: 1000, wakeUpNs: 20_000, lookNs: 10, pageNs: 100}
const BREAK_EVEN = 80_000

function start(costs: Costs = COSTS) {
  let now = 0
  const turns = new Turns(() => now)
  turns.everyNs = turnsNs(costs)
  const calls = (everyNs: number, count = 1000, isPossible = true): boolean => {
    for (let i = 0; i < count; i++) {
      now += everyNs
      if (turns.called()) turns.judge(isPossible)
    }
    return turns.areTaken
  }
  const compute = (ns: number): boolean => {
    now += ns
    turns.sliceEnded()
    return turns.areTaken
  }
  return {turns, calls, compute}
}

test('the break-even is a trap and two wake-ups, less what a polled call takes', () => {
  expect(turnsNs(COSTS)).toBe(BREAK_EVEN)
  expect(turnsNs({...COSTS, wakeUpNs: undefined})).toBe(0)
  expect(turnsNs({...COSTS, polledNs: undefined})).toBe(0)
  expect(turnsNs({...COSTS, polledNs: 50_000})).toBe(0)
})

describe('they begin', () => {
  test('when calls come more often than that, and not when they come less often', () => {
    expect(start().calls(BREAK_EVEN * 0.9)).toBe(true)
    expect(start().calls(BREAK_EVEN * 1.1)).toBe(false)
  })

  test('not by one quick batch', () => {
    const {calls} = start()
    expect(calls(1000, 40)).toBe(false)
    expect(calls(BREAK_EVEN * 2)).toBe(false)
    expect(calls(1000, 100)).toBe(true)
  })

  test('not while one context runs, or one computes', () => {
    expect(start().calls(1000, 1000, false)).toBe(false)
  })

  test('not where nothing can be polled', () => {
    expect(start({...COSTS, wakeUpNs: undefined}).calls(1)).toBe(false)
  })

  test('in spite of long sleeps', () => {
    const {turns, calls} = start()
    for (let i = 0; i < 10; i++) {
      calls(1000, 40)
      turns.pause()
      calls(BREAK_EVEN * 100, 1)
      turns.pause()
    }
    expect(turns.areTaken).toBe(true)
  })
})

describe('they end', () => {
  test('when calls come much less often', () => {
    const {calls} = start()
    calls(1000)
    expect(calls(BREAK_EVEN * 1.2)).toBe(true)
    expect(calls(BREAK_EVEN * 1.5)).toBe(false)
  })

  test('by the first slice in which a context only computes, or makes few calls', () => {
    for (const few of [0, 1, 10]) {
      const {calls, compute, turns} = start()
      calls(1000)
      turns.pause()
      calls(1000, few)
      expect(compute(10_000_000)).toBe(false)
    }
  })

  test('not by a slice of many calls, or while there are no costs', () => {
    const {calls, compute} = start()
    calls(1000, 70)
    expect(compute(0)).toBe(true)
    calls(1000, 20)
    expect(compute(10_000)).toBe(true)
    expect(start().compute(10_000_000)).toBe(false)
  })
})
