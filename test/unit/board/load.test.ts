// Board files in a folder: which are found, read and refused.

import {expect, test} from 'vitest'
import {boardNames, loadBoard, loadBoards} from '../../../src/board/load.ts'
import {nearest} from '../../../src/similar.ts'
import {folderOf} from '../check/fake-host.ts'

test('only JSON files are boards, in alphabetical order', () => {
  const folder = folderOf({'/b.json': '{}', '/a.json': '{}', '/README.md': ''})
  expect(boardNames(folder)).toEqual(['a', 'b'])
})

test('a wrong file is refused by the name that a user knows', () => {
  const folder = folderOf({'/boards/a.json': '{}'})
  expect(() => loadBoards(`${folder}/boards`)).toThrow('boards/a.json: name: expected a value, got nothing')
})

test('a file that is too big is not read', () => {
  const folder = folderOf({'/boards/a.json': ' '.repeat(70_000)})
  expect(() => loadBoard('a', `${folder}/boards`)).toThrow('boards/a.json: more than 65536 bytes')
})

test.each([
  ['rpi6', /did you mean rpi3 or rpi4 or rpi5\?/],
  ['graviton', /did you mean graviton1 or/],
  ['RPI4', /did you mean rpi4/],
  ['zzz', /^see `hv boards`$/],
  ['../rpi4', /./],
])('an unknown name %s gets near ones and the next step', (name, nextStep) => {
  expect(() => loadBoard(name)).toThrow(
    expect.objectContaining({
      code: 'BAD_ARGUMENT',
      message: `no board "${name}"`,
      nextStep: expect.stringMatching(nextStep),
    }),
  )
})

test('a long name is not compared for long', () => {
  expect(nearest('x'.repeat(1_000_000), ['rpi4'])).toEqual([])
})
