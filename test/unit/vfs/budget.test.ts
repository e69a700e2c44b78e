// When a budget reports that much is held: once, whatever holds it.

import {expect, test} from 'vitest'
import {Budget} from '../../../src/vfs/budget.ts'

const MIB = 2 ** 20

test('a budget tells once that more than a MiB is held, in itself and its parts together', () => {
  const whole = new Budget()
  let told = 0
  whole.onMuch = () => told++

  whole.take(MIB / 2)
  const part = whole.part()
  part.take(MIB / 2)
  expect(told).toBe(0)

  part.note(1)
  expect(told).toBe(1)

  part.giveAll()
  part.take(MIB)
  expect(told).toBe(1)
})
