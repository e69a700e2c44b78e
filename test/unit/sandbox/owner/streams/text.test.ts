// textOf against TextDecoder, and the event loop meanwhile.

import {randomFillSync} from 'node:crypto'
import {expect, test} from 'vitest'
import {linesOf} from '../../../../../src/sandbox/owner/streams/lines.ts'
import {textOf} from '../../../../../src/sandbox/owner/streams/text.ts'
import {turnsWhile} from '../../../../helpers/turns.ts'

const LARGE = 1 << 20
const BOM = '\ufeff'

test.each<[string, Uint8Array]>([
  ['few bytes', Buffer.from('für 🦊')],
  ['characters that pieces cut', Buffer.from(`x${'🦊'.repeat(LARGE / 4)}`)],
  ['a BOM', Buffer.from(BOM + BOM + 'x'.repeat(LARGE))],
  ['what is no text', randomFillSync(Buffer.alloc(LARGE), 0)],
  ['a character that is cut at the end', Buffer.from('🦊'.repeat(LARGE / 4)).subarray(0, -1)],
])('%s are what TextDecoder makes of them', async (_what, bytes) => {
  // If the strings themselves were compared and differed, vitest would print them.
  expect((await textOf(bytes)) === new TextDecoder().decode(bytes)).toBe(true)
})

test('the event loop turns while many bytes become text', async () => {
  expect(await turnsWhile(() => textOf(new Uint8Array(4 * LARGE)))).toBeGreaterThan(5)
})

test('the event loop turns while a piece of many lines is read', async () => {
  async function* piece() {
    yield Buffer.alloc(20_000, '\n')
  }
  const read = async (): Promise<void> => {
    for await (const line of linesOf(piece(), 10)) expect(line).toBe('')
  }
  expect(await turnsWhile(read)).toBeGreaterThan(5)
})
