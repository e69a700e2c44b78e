// Which blocks of memory are not zero.

import {expect, test} from 'vitest'
import {writtenRuns} from '../../../src/vm/written-runs.ts'

const BLOCK_BYTES = 16

test.each([
  ['', []],
  ['0', []],
  ['00', []],
  ['1', [[0, 16]]],
  [
    '011011',
    [
      [16, 32],
      [64, 32],
    ],
  ],
  ['0110', [[16, 32]]],
  // The last block may be shorter.
  ['a', [[0, 5]]],
  ['1a', [[0, 21]]],
  [
    '10a',
    [
      [0, 16],
      [32, 5],
    ],
  ],
])('of %s', (blocks, runs) => {
  const parts = [...blocks].map((one) => Buffer.alloc(one === 'a' ? 5 : BLOCK_BYTES, one === '0' ? 0 : 1))
  const found = [...writtenRuns(Buffer.concat(parts), BLOCK_BYTES)]
  expect(found.map(({offset, length}) => [offset, length])).toEqual(runs)
})
