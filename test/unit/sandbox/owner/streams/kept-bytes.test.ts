// KeptBytes: it gives back all bytes that came, and the event loop turns meanwhile.

import {randomFillSync} from 'node:crypto'
import {expect, test} from 'vitest'
import {KeptBytes} from '../../../../../src/sandbox/owner/streams/kept-bytes.ts'
import {turnsWhile} from '../../../../helpers/turns.ts'

const MIB = 1 << 20

test.each([
  ['nothing', []],
  ['one piece', [3 * MIB]],
  ['small ones', [1, 2, 3]],
  ['small and large ones', [1, MIB, 1, 1, 2 * MIB, 60_000, 60_000, 5]],
])('%s: all of it comes, in order, and nothing stays', async (_what, lengths) => {
  const pieces = lengths.map((length) => randomFillSync(new Uint8Array(length)))
  const kept = new KeptBytes()
  for (const piece of pieces) kept.append(piece)
  expect(Buffer.concat(pieces).equals(await kept.take())).toBe(true)
  expect((await kept.take()).length).toBe(0)
})

test('the event loop turns while much is put together', async () => {
  const kept = new KeptBytes()
  for (let i = 0; i < 16; i++) kept.append(new Uint8Array(MIB))
  expect(await turnsWhile(() => kept.take())).toBeGreaterThan(10)
})
