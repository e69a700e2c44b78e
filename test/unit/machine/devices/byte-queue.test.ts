// ByteQueue: order, and the cost of small pieces.

import {expect, test} from 'vitest'
import {ByteQueue} from '../../../../src/machine/devices/byte-queue.ts'
import {seededRandom} from '../../../helpers/mutate.ts'

function takeAll(queue: ByteQueue): Uint8Array[] {
  const pieces = []
  while (queue.length > 0) pieces.push(queue.take())
  return pieces
}

test('bytes come out in the order in which they went in, whatever the pieces', () => {
  const random = seededRandom(7)
  const queue = new ByteQueue()
  const [went, came]: Uint8Array[][] = [[], []]
  for (let i = 0; i < 3000; i++) {
    if (random(3) === 0) came.push(queue.take())
    const piece = Uint8Array.from({length: random(4) === 0 ? random(6000) : random(9)}, () => random(256))
    went.push(piece)
    queue.append(piece)
  }
  came.push(...takeAll(queue))
  expect(Buffer.compare(Buffer.concat(came), Buffer.concat(went))).toBe(0)
})

test('single bytes share blocks, and large pieces between them make no block wait half empty', () => {
  const queue = new ByteQueue()
  for (let i = 0; i < 10_000; i++) queue.append(Uint8Array.of(i))
  const pieces = takeAll(queue)
  expect(pieces.map(({length}) => length)).toEqual([4096, 4096, 1808])
  for (let i = 0; i < 10; i++) for (const length of [1, 3000]) queue.append(new Uint8Array(length))
  const bytes = takeAll(queue).reduce((sum, {buffer}) => sum + buffer.byteLength, 0)
  expect(bytes).toBeLessThan(2 * 30_010)
})

test('an empty queue has nothing, also after it was cleared', () => {
  const queue = new ByteQueue()
  queue.append(new Uint8Array(5))
  queue.clear()
  queue.append(new Uint8Array())
  expect([queue.length, queue.take().length]).toEqual([0, 0])
})
