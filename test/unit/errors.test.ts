// Error codes: each is explained where it is declared, and so in docs/reference.

import {readFileSync} from 'node:fs'
import {expect, test} from 'vitest'
import {HV_ERROR_CODES} from '../../src/errors.ts'

const CELLS = 5

test('each code says when, whose fault, what becomes of the sandbox, and whether to try again', () => {
  const text = readFileSync(new URL('../../src/errors.ts', import.meta.url), 'utf8')
  const rows = [...text.matchAll(/^ \* \| `(\w+)` \|(.*)\|$/gm)]
  expect(rows.map(([, code]) => code)).toEqual([...HV_ERROR_CODES].sort())
  for (const [row] of rows)
    expect(
      row
        .split('|')
        .slice(1, -1)
        .filter((cell) => cell.trim() !== ''),
      row,
    ).toHaveLength(CELLS)
})
