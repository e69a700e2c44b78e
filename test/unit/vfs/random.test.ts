// Random bytes and UUIDs.

import {expect, test} from 'vitest'
import {fillRandom, randomUuid} from '../../../src/vfs/random.ts'

test('fills the whole of an array, anew each time', () => {
  const [first, second] = [fillRandom(new Uint8Array(1 << 20)), fillRandom(new Uint8Array(1 << 20))]
  expect(first).not.toEqual(second)
  // 64 zeros at either end would be no chance.
  expect(first.subarray(0, 64)).not.toEqual(new Uint8Array(64))
  expect(first.subarray(-64)).not.toEqual(new Uint8Array(64))
})

test('writes UUIDs of version 4', () => {
  expect(randomUuid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(randomUuid()).not.toBe(randomUuid())
})
