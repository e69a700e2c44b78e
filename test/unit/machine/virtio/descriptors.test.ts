// walk: buffers that lie in two adjacent slots of memory.

import {expect, test} from 'vitest'
import {Chain} from '../../../../src/machine/virtio/chain.ts'
import {walk} from '../../../../src/machine/virtio/descriptors.ts'
import type {Queue} from '../../../../src/machine/virtio/queue.ts'
import {FakeMemory, MEMORY_BASE} from '../../../helpers/virtio-driver.ts'

const [NEXT, WRITE] = [1, 2]
const BUFFERS = 4
const SEAM = MEMORY_BASE + 0x8000
const limits = {maxBuffers: BUFFERS, maxBytes: 100, hasIndirect: false}

test('a buffer in two slots is one buffer, whose bytes follow one another', () => {
  const memory = new FakeMemory(0x10000)
  const table = new Uint8Array(16 * BUFFERS)
  const words = new DataView(table.buffer)
  for (let i = 0; i < BUFFERS; i++) {
    words.setBigUint64(16 * i, BigInt(SEAM - 3), true)
    words.setUint32(16 * i + 8, 8, true)
    words.setUint16(16 * i + 12, (i < BUFFERS - 1 ? NEXT : 0) | (i > 0 ? WRITE : 0), true)
    words.setUint16(16 * i + 14, i + 1, true)
  }
  memory.view(SEAM - 3, 8).set([1, 2, 3, 4, 5, 6, 7, 8])
  const {readable, writable} = walk(memory, new Uint32Array(table.buffer), 0, limits)
  expect([...readable, ...writable].map(({length}) => length)).toEqual([3, 5, 3, 5, 3, 5, 3, 5])

  const chain = new Chain({owns: () => true} as unknown as Queue, 0, readable, writable)
  expect([...chain.take(8)]).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  chain.put(Uint8Array.of(11, 12, 13, 14))
  chain.putLast(18)
  expect([...memory.view(SEAM - 3, 8)]).toEqual([11, 12, 13, 14, 5, 6, 7, 18])
})
