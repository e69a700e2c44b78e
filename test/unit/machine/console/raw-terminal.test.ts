// ConsoleKeys: which of a terminal's keys a machine gets, and which are for hv.

import {expect, test} from 'vitest'
import {ConsoleKeys} from '../../../../src/machine/console/raw-terminal.ts'

test.each([
  [['ab', '\x03\x1a\x04'], 'ab\x03\x1a\x04', 0],
  [['a\x01xb'], 'ab', 1],
  [['\x01', 'x'], '', 1],
  [['\x01\x01x'], '\x01x', 0],
  [['\x01bx'], 'bx', 0],
  [['\x01x\x01x'], '', 2],
])('of %j the machine gets %j, and x after ^A does %i times what it is to do', (typed, got, times) => {
  let count = 0
  const keys = new ConsoleKeys(new Map([['x', () => count++]]))
  for (const text of typed) keys.write(text)
  expect((keys.read() ?? '').toString()).toBe(got)
  expect(count).toBe(times)
})
