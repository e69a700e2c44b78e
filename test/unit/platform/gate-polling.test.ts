// When the ptrace platform polls for calls through the gate, with costs that no host here has.

import {describe, expect, test} from 'vitest'
import {type Costs, gateLooks, gatePolling} from '../../../src/platform/costs.ts'
import {Polling} from '../../../src/platform/polling.ts'
import {CAME_POLLED, CAME_POLLED_LATE, CAME_RANG} from '../../../src/platform/trap-words.ts'

const STOP = 0
/** A call that polling finds saves 4 µs; a stop while polling costs 40. */
const COSTS: Costs = {trapNs: 5000, polledNs: 1000, wakeUpNs: 20_000, lookNs: 10, pageNs: 100}
const MANY = 100_000

function start(costs: Costs = COSTS) {
  let now = 0
  const polling = new Polling(() => now, gatePolling(costs))
  let polls = false
  const trapped = (how: number): boolean => {
    if (!polls) return polling.exited(how === CAME_RANG)
    return how === CAME_POLLED ? polling.found() : polling.missed(true)
  }
  /** @returns after how many traps it begins or stops; undefined: never */
  const turnsAfter = (came: readonly number[], everyNs = costs.trapNs, most = MANY): number | undefined => {
    for (let i = 0; i < most; i++) {
      now += everyNs
      const turns = trapped(came[i % came.length])
      if (!turns) continue
      polls = !polls
      return i + 1
    }
    return undefined
  }
  const stop = () => {
    polls = false
    polling.stop()
  }
  return {polling, turnsAfter, stop}
}

/** That many calls, then a stop. */
const callsAndStop = (calls: number, came: number): number[] => [...Array(calls).fill(came), STOP]

describe('it begins', () => {
  test('with a program that only calls, once the sentry is warm', () => {
    const {turnsAfter} = start()
    expect(turnsAfter([CAME_RANG])).toBe(16_384)
  })

  test('where calls spare more than stops cost', () => {
    expect(start().turnsAfter(callsAndStop(15, CAME_RANG))).toBeGreaterThan(16_384)
    expect(start().turnsAfter(callsAndStop(9, CAME_RANG))).toBe(undefined)
  })

  test('not where calls come so rarely that it would have stopped to look', () => {
    expect(start().turnsAfter([CAME_RANG], 40_000)).toBe(16_384)
    expect(start().turnsAfter([CAME_RANG], 60_000)).toBe(undefined)
  })

  test('not without a gate', () => {
    expect(start().turnsAfter([STOP])).toBe(undefined)
  })

  test.each([
    ['with one processor', {wakeUpNs: undefined, polledNs: undefined}],
    ['where a stop costs no more', {polledNs: 5000}],
    ['where a stop costs less', {polledNs: 9000}],
    ['before costs are known', {trapNs: 0, polledNs: undefined}],
  ])('not %s', (_, costs) => {
    expect(start({...COSTS, ...costs} as Costs).turnsAfter([CAME_RANG], 1)).toBe(undefined)
  })
})

describe('it stops', () => {
  test('never while polling finds calls', () => {
    const {turnsAfter} = start()
    turnsAfter([CAME_RANG])
    expect(turnsAfter([CAME_POLLED], 1000)).toBe(undefined)
    expect(turnsAfter(callsAndStop(20, CAME_POLLED), 1000)).toBe(undefined)
  })

  test('when calls come no faster than before, because something else wants the processor', () => {
    const {stop, turnsAfter} = start()
    const trial = (): [begins: number | undefined, ends: number | undefined] => {
      const begins = turnsAfter([CAME_RANG])
      const ends = turnsAfter([CAME_POLLED], COSTS.trapNs)
      stop()
      return [begins, ends]
    }
    // Three batches of 16 and the trap before each. Then 90 µs times 4, at 4 each, in batches of 8; and so on.
    const rest = [
      [96, 51],
      [360, 51],
      [1440, 51],
      [5760, 51],
      [23_040, 51],
      [23_040, 51],
    ]
    expect(Array.from({length: 7}, trial)).toEqual([[16_384, 51], ...rest])
  })

  test('not when a batch or two is slow by chance', () => {
    const {turnsAfter} = start()
    turnsAfter([CAME_RANG])
    for (let i = 0; i < 100; i++) {
      expect(turnsAfter([CAME_POLLED], 1000, 17)).toBe(undefined)
      expect(turnsAfter([CAME_POLLED], 50_000, 34)).toBe(undefined)
    }
  })

  test.each([
    ['stops', STOP],
    ['calls that nobody waited for', CAME_RANG],
    ['answers that came too late', CAME_POLLED_LATE],
  ])('when there are %s, by what it could lose at most', (_, came) => {
    const {turnsAfter} = start()
    turnsAfter([CAME_RANG])
    // 2 × (5 + 40) µs, at 40 each.
    expect(turnsAfter([came])).toBe(3)
  })

  test('and begins anew by twice as much where it was in vain, and by as much where it was not', () => {
    const {stop, turnsAfter} = start()
    turnsAfter([CAME_RANG])
    turnsAfter([STOP])
    stop()
    // 90 µs, at 4 each, in batches of 8.
    expect(turnsAfter([CAME_RANG])).toBe(48)
    turnsAfter([CAME_POLLED], 0, 100)
    turnsAfter([STOP])
    stop()
    expect(turnsAfter([CAME_RANG])).toBe(24)
  })
})

describe('that another context runs in its place', () => {
  /** @returns whether it polls, after so many turns of `calls` calls each */
  const afterTurns = (calls: number, count: number): boolean => {
    let now = 0
    const polling = new Polling(() => now, gatePolling({...COSTS, wakeUpNs: 2000}))
    let polls = false
    for (let i = 0; i < count; i++) {
      if (polling.moved()) polls = false
      for (let call = 0; call < calls; call++) {
        now += polls ? 1000 : 5000
        if (polls ? polling.found() : polling.exited(true)) polls = !polls
      }
    }
    return polls
  }

  test('costs two stops more, which polling has to earn', () => {
    expect(afterTurns(16, 2000)).toBe(true)
    expect(afterTurns(2, 20_000)).toBe(false)
  })
})

test('forced, it begins by the first trap and never stops by itself', () => {
  const {polling, stop, turnsAfter} = start()
  polling.force()
  expect(turnsAfter([STOP])).toBe(1)
  expect(turnsAfter([STOP, CAME_RANG, CAME_POLLED])).toBe(undefined)
  stop()
  expect(turnsAfter([STOP])).toBe(1)
})

test('how often it looks follows from costs', () => {
  expect(gateLooks(COSTS)).toEqual({spinLooks: 4400, answerLooks: 36_000, stopLooks: 500})
})
