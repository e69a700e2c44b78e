// Memory for the files that a machine gets to see.

import {expect, test} from 'vitest'
import {filesMemory} from '../../../../src/machine/program/files-memory.ts'

test('memory for files is zero, also what was given back, and 4 GiB at most', () => {
  const memory = filesMemory(1 << 20)
  const offset = memory.allocate(8192)
  expect(memory.bytes.subarray(offset, offset + 8192).every((byte) => byte === 0)).toBe(true)
  memory.bytes.fill(1, offset, offset + 8192)
  memory.discard(offset, 8192)
  expect(memory.bytes.subarray(offset, offset + 8192).every((byte) => byte === 0)).toBe(true)
  expect(filesMemory(6 * 2 ** 30).size).toBe(2 ** 32)
})
