// ByteQueue against a plain string.

import {expect, test} from 'vitest'
import {ByteQueue} from '../../../../src/sentry/tty/byte-queue.ts'
import {bytesOf, textOf} from './typing.ts'

test('gives what it took, in order, and takes no more than its limit', () => {
  const queue = new ByteQueue(1000)
  let model = ''
  let seed = 7
  const random = (below: number): number => {
    seed = (seed * 1103515245 + 12345) % 2 ** 31
    return seed % below
  }
  for (let i = 0; i < 2000; i++) {
    if (random(2) === 0) {
      const text = String.fromCharCode(97 + random(26)).repeat(random(300))
      const count = queue.push(bytesOf(text))
      expect(count).toBe(Math.min(text.length, 1000 - model.length))
      model += text.slice(0, count)
    } else {
      const target = new Uint8Array(random(300))
      const count = queue.take(target)
      expect(textOf(target.subarray(0, count))).toBe(model.slice(0, count))
      model = model.slice(count)
    }
    expect([queue.length, queue.room]).toEqual([model.length, 1000 - model.length])
  }
  expect(textOf(queue.peek())).toBe(model)
})

test('loses its end when it is cut, its beginning when that is dropped', () => {
  const queue = new ByteQueue(100)
  queue.push(bytesOf('abcdef'))
  queue.cut(4)
  queue.drop(1)
  queue.pushByte(0x78)
  expect(textOf(queue.peek())).toBe('bcdx')
  queue.clear()
  expect(queue.length).toBe(0)
})
