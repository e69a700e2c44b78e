// The host's random bytes.

import {expect, test} from 'vitest'
import {nativeHost} from '../../../src/vfs/native-host.ts'

test('fills the whole of an array, anew each time', () => {
  const [first, second] = [
    nativeHost.random.fill(new Uint8Array(1 << 20)),
    nativeHost.random.fill(new Uint8Array(1 << 20)),
  ]
  expect(first).not.toEqual(second)
  // 64 zeros at either end would be no chance.
  expect(first.subarray(0, 64)).not.toEqual(new Uint8Array(64))
  expect(first.subarray(-64)).not.toEqual(new Uint8Array(64))
})
