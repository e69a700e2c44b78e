// V8's errors when something grows too large, against the texts that the sentry knows.

import {expect, test} from 'vitest'
import {Errno} from '../../../../src/abi/errno.ts'
import {isOutgrown} from '../../../../src/sentry/task/outgrown.ts'

function thrownBy(act: () => unknown): unknown {
  try {
    act()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

function recurse(): number {
  return 1 + recurse()
}

const LIMIT = 2 ** 53 - 1

test.each<[string, () => unknown]>([
  ['a string', () => 'x'.repeat(2 ** 30)],
  [
    'a string of concatenations',
    () => ['x'.repeat(2 ** 28), 'x'.repeat(2 ** 28), 'x'.repeat(2 ** 28)].join(''),
  ],
  ['a string of bytes', () => Buffer.allocUnsafe(2 ** 30).toString('latin1')],
  ['an array', () => new Array(2 ** 32)],
  ['arguments', () => [].push(...(new Array(2 ** 22) as never[]))],
  ['a recursion', recurse],
  ['a typed array', () => new Uint8Array(LIMIT)],
  ['an array buffer', () => new ArrayBuffer(LIMIT)],
])('%s that is too large counts', (_what, grow) => {
  expect(isOutgrown(thrownBy(grow))).toBe(true)
})

test('a table that is too large counts', () => {
  // Filling one takes seconds.
  expect(isOutgrown(new RangeError('Map maximum size exceeded'))).toBe(true)
  expect(isOutgrown(new RangeError('Set maximum size exceeded'))).toBe(true)
})

test.each<[string, () => unknown]>([
  ['an index behind the end', () => new DataView(new ArrayBuffer(1)).getUint32(0)],
  ['bytes that do not fit', () => new Uint8Array(1).set([1, 2])],
  ['a Buffer index behind the end', () => Buffer.alloc(1).readUInt32LE(0)],
  ['a radix', () => (1).toString(99)],
  ['a missing property', () => (undefined as unknown as {x: number}).x],
  [
    'an Errno',
    () => {
      throw new Errno(12)
    },
  ],
])("%s is hv's own bug", (_what, act) => {
  expect(isOutgrown(thrownBy(act))).toBe(false)
})
