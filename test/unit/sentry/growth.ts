// Growth: ways to make the sentry hold more and more, and their cost: V8's heap against the budget.

import {describe, expect, test} from 'vitest'
import {Errno} from '../../../src/abi/errno.ts'
import {Budget} from '../../../src/vfs/budget.ts'
import {collect} from '../../helpers/collect.ts'

const COUNT = 3000
const WARM_UP = 500

/** A way to make the sentry hold more and more; returns what holds it. */
export type Grow = (budget: Budget) => (i: number) => unknown

export type Way = readonly [what: string, code: number, grow: Grow]

function heapBytes(): number {
  collect()
  collect()
  const {heapUsed, arrayBuffers} = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/** Bytes for each object: how much the heap grew, and how much the budget counted. */
function measure(grow: Grow): {grown: number; counted: number} {
  const budget = new Budget()
  const one = grow(budget)
  const held: unknown[] = []
  // Makes what is made only once.
  for (let i = 0; i < WARM_UP; i++) held.push(one(i))
  const [usedBefore, heapBefore] = [budget.used, heapBytes()]
  for (let i = 0; i < COUNT; i++) held.push(one(WARM_UP + i))
  const [grown, counted] = [heapBytes() - heapBefore, budget.used - usedBefore]
  expect(held.length).toBe(WARM_UP + COUNT)
  return {grown: grown / COUNT, counted: counted / COUNT}
}

/** Declares two tests for each way. */
export function checkGrowth(ways: readonly Way[]): void {
  describe('the budget', () => {
    test.each(ways)('counts %s, no less than they cost', (_what, _code, grow) => {
      // V8's own allocations sometimes come on top.
      let measured = measure(grow)
      for (let again = 0; again < 3 && measured.grown >= measured.counted; again++) measured = measure(grow)
      expect(measured.grown).toBeLessThan(measured.counted)
    })

    test.each(ways)('ends %s with an Errno', (_what, code, grow) => {
      const one = grow(new Budget(1 << 18))
      const fill = (): void => {
        for (let i = 0; i < 10_000; i++) one(i)
      }
      expect(fill).toThrow(new Errno(code))
    })
  })
}
