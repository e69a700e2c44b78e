// linesOf: where lines end, whatever the pieces, and how long they may be.

import {expect, test} from 'vitest'
import {linesOf} from '../../../../../src/sandbox/owner/streams/lines.ts'

async function lines(pieces: readonly string[], maxBytes = 10): Promise<string[]> {
  const bytes = async function* () {
    for (const piece of pieces) yield Buffer.from(piece, 'latin1')
  }
  const got: string[] = []
  for await (const line of linesOf(bytes(), maxBytes)) got.push(line)
  return got
}

test.each([
  [[], []],
  [['\n'], ['']],
  [['a\nb'], ['a', 'b']],
  [
    ['a', 'b\n', '\nc', '\n'],
    ['ab', '', 'c'],
  ],
  [
    ['a\r', '\nb\rc\r\n'],
    ['a', 'b\rc'],
  ],
  [['a\r'], ['a\r']],
  [
    ['gr\xc3', '\xbc\n\xff'],
    ['grü', '\ufffd'],
  ],
  [['\xef\xbb\xbfa'], ['\ufeffa']],
  [
    ['0123456789\r\n', '0123456789'],
    ['0123456789', '0123456789'],
  ],
])('%j are the lines %j', async (pieces, expected) => {
  expect(await lines(pieces)).toEqual(expected)
})

test.each([[['01234567890\n']], [['0123456789', '0']], [['0123456789', '\r']], [['0123456789\r\r\n']]])(
  '%j is too long',
  async (pieces) => {
    await expect(lines(pieces)).rejects.toMatchObject({code: 'LINE_TOO_LONG'})
  },
)
