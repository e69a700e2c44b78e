// VirtioEntropy: random bytes for a driver.

import {expect, test} from 'vitest'
import {VirtioEntropy} from '../../../../src/machine/devices/virtio-entropy.ts'
import {VirtioDriver} from '../../../helpers/virtio-driver.ts'

test('a driver gets as many random bytes as it asks for, and never the same', async () => {
  const [queue] = new VirtioDriver(new VirtioEntropy()).begin().queues
  const [first, second] = await Promise.all([queue.request([], [64, 7]), queue.request([], [71])])
  expect([first.written, second.written]).toEqual([71, 71])
  expect(first.bytes).not.toEqual(second.bytes)
  expect(new Set(first.bytes).size).toBeGreaterThan(20)
})

test('a request without room is given back, and one of a megabyte gets a part', async () => {
  const [queue] = new VirtioDriver(new VirtioEntropy()).begin().queues
  expect((await queue.request([Uint8Array.of(1)])).written).toBe(0)
  expect((await queue.request([], [1 << 20])).written).toBe(1 << 16)
})
