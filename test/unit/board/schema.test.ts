// A board file is read whole, or refused with the path of the field that is wrong.

import {expect, test} from 'vitest'
import {type Board, parseBoard} from '../../../src/board/schema.ts'
import {HvError} from '../../../src/errors.ts'

const VALID: Board = {
  name: 'some-board',
  title: 'Some board',
  architecture: 'arm64',
  cores: [{name: 'Cortex-A72', implementer: '0x41', part: '0xd08'}],
  vhe: false,
  gic: 'v2',
  pageSizes: [4096],
  kvm: 'It is there.',
  expect: {modes: ['nvhe'], ipaBits: 44, vgic: ['v2']},
  recognise: [{compatible: 'some,board'}],
  emulation: {machine: 'virt', cpu: 'cortex-a72', kernelArguments: '', cpus: 4, memoryMib: 2048},
  sources: {
    cores: 'its manual',
    vhe: 'its manual',
    gic: 'its manual',
    pageSizes: 'its manual',
    kvm: 'its manual',
    modes: 'its manual',
    ipaBits: 'its manual',
    vgic: 'its manual',
    recognise: 'its manual',
    emulation: 'its manual',
  },
}

const parse = (value: unknown) => parseBoard(JSON.stringify(value), 'boards/some-board.json', 'some-board')

function refusal(text: string): HvError {
  try {
    parseBoard(text, 'boards/some-board.json', 'some-board')
  } catch (error) {
    if (error instanceof HvError) return error
    throw error
  }
  throw new Error('it was not refused')
}

test('a right file is given as it stands', () => {
  expect(parse(VALID)).toEqual(VALID)
})

test('null stands for what does not exist, where that may be', () => {
  const board = {
    ...VALID,
    vhe: null,
    gic: null,
    pageSizes: null,
    emulation: null,
    expect: {modes: ['pvm'], ipaBits: null, vgic: null},
  }
  expect(parse(board)).toEqual(board)
})

/** A path in the file, as errors name it, and what to put there. */
const wrong: [path: string, change: (board: Board) => unknown, expected: string][] = [
  [
    'cores[0].part',
    (board) => ({...board, cores: [{...board.cores[0], part: 'x'}]}),
    'a number such as "0xd08", got "x"',
  ],
  [
    'cores[0].part',
    (board) => ({...board, cores: [{...board.cores[0], part: 3336}]}),
    'a number such as "0xd08", got 3336',
  ],
  ['cores', (board) => ({...board, cores: {}}), 'a list, got {}'],
  ['title', (board) => ({...board, title: ''}), 'a text, got ""'],
  [
    'title',
    (board) => ({...board, title: 'a\u001b[31m'}),
    'a text without control characters, got "a\\u001b[31m"',
  ],
  ['title', (board) => ({...board, title: 'x'.repeat(501)}), 'at most 500 characters'],
  ['name', (board) => ({...board, name: 'other'}), '"some-board", as the file is called, got "other"'],
  ['name', (board) => ({...board, name: '../x'}), 'a name of small letters'],
  ['architecture', (board) => ({...board, architecture: 'mips'}), '"x86_64" or "arm64", got "mips"'],
  ['vhe', (board) => ({...board, vhe: 'no'}), 'true or false, got "no"'],
  ['gic', (board) => ({...board, gic: 'v5'}), '"v2" or "v3", got "v5"'],
  ['pageSizes', (board) => ({...board, pageSizes: []}), 'a list of 1 to 100'],
  ['pageSizes[1]', (board) => ({...board, pageSizes: [4096, 4096.5]}), 'a number, got 4096.5'],
  [
    'expect.ipaBits',
    (board) => ({...board, expect: {...board.expect, ipaBits: 65}}),
    'a number of 1 to 64, got 65',
  ],
  [
    'expect.modes',
    (board) => ({...board, expect: {...board.expect, modes: undefined}}),
    'a value, got nothing',
  ],
  ['recognise[0].serial', (board) => ({...board, recognise: [{serial: '1'}]}), 'no such field'],
  [
    'emulation.cpus',
    (board) => ({...board, emulation: {...board.emulation, cpus: 0}}),
    'a number of 1 to 512',
  ],
  ['sources', (board) => ({...board, sources: 'me'}), 'an object, got "me"'],
  [
    'sources.vhe',
    (board) => ({...board, sources: {...board.sources, vhe: undefined}}),
    'a value, got nothing',
  ],
  ['sources.gic', (board) => ({...board, sources: {...board.sources, gic: ''}}), 'a text, got ""'],
  [
    'sources.colour',
    (board) => ({...board, sources: {...board.sources, colour: 'red'}}),
    'no such field, got "red"',
  ],
  ['colour', (board) => ({...board, colour: 'red'}), 'no such field, got "red"'],
  ['kvm', ({kvm: _, ...board}) => board, 'a value, got nothing'],
  ['the file', () => [], 'an object, got []'],
]

test.each(wrong)('%s is refused by its path', (path, change, expected) => {
  const error = refusal(JSON.stringify(change(VALID)))
  expect(error.message).toContain(`boards/some-board.json: ${path}: expected ${expected}`)
  expect(error).toMatchObject({code: 'BOARD_INVALID', exitStatus: 125, nextStep: expect.stringMatching(/./)})
})

test('what is no JSON is refused in one line', () => {
  expect(refusal('{"name": ').message).toMatch(/^boards\/some-board\.json: not JSON: .+$/)
})

test('a key of the prototype is no field', () => {
  const text = JSON.stringify(VALID).replace('{', '{"__proto__": {"name": "x"}, ')
  expect(refusal(text).message).toContain('__proto__: expected no such field')
})
