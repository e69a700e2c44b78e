// chooseLayout: everything has its place, nothing overlaps, and ASLR moves it.

import {randomBytes} from 'node:crypto'
import {expect, test} from 'vitest'
import {ET_DYN} from '../../../src/abi/elf.ts'
import {parseElf} from '../../../src/elf/parse.ts'
import {chooseLayout, type LayoutRequest} from '../../../src/loader/layout.ts'
import {bytesReader} from '../../helpers/bytes-reader.ts'
import {type ElfFile, elfFile, type ProgramHeader, TEXT} from '../elf/elf-file.ts'

const USER_TOP = 2 ** 47 - 4096
const image = (file: ElfFile = {}) => parseElf(bytesReader(elfFile(file)), 'prog')
const pie = (header: ProgramHeader = {}) =>
  image({type: ET_DYN, entry: 0x100, headers: [{...TEXT, vaddr: 0, ...header}]})
const layout = (request: Partial<LayoutRequest> = {}) =>
  chooseLayout({image: pie(), userTop: USER_TOP, stackLimit: 8 << 20, vdsoLength: 5000, ...request})

test('without randomness a PIE lies where Linux puts it', () => {
  const {bias, brkStart, start, stackTop, vdsoAddress, vvarAddress, mmapTop} = layout()
  expect(bias).toBe(0x555555554000)
  expect(start).toBe(0x555555554100)
  expect(brkStart).toBe(0x555555555000)
  expect(stackTop).toBe(USER_TOP)
  expect(vdsoAddress).toBe(mmapTop - 8192)
  expect(vvarAddress).toBe(vdsoAddress - 4096)
})

test('ET_EXEC is not moved, and its heap follows it', () => {
  expect(layout({image: image()})).toMatchObject({bias: 0, start: 0x400100, brkStart: 0x401000})
})

test('the interpreter lies below the vDSO and is started first', () => {
  const {interpreterBias, vvarAddress, start} = layout({interpreter: pie()})
  expect(interpreterBias).toBe(vvarAddress - 4096)
  expect(start).toBe(interpreterBias + 0x100)
})

test.each([USER_TOP, 2 ** 39, 2 ** 36])('with randomness everything moves, in order, below %d', (userTop) => {
  const seen = new Set<number>()
  for (let i = 0; i < 200; i++) {
    const at = layout({userTop, interpreter: pie(), random: randomBytes})
    expect(at.bias % 4096).toBe(0)
    expect(at.bias + 4096).toBeLessThanOrEqual(at.brkStart)
    expect(at.brkStart).toBeLessThan(at.interpreterBias)
    expect(at.interpreterBias + 4096).toBeLessThanOrEqual(at.vvarAddress)
    expect(at.vdsoAddress).toBeLessThan(at.mmapTop)
    expect(at.mmapTop + (8 << 20)).toBeLessThan(at.stackTop)
    expect(at.stackTop).toBeLessThanOrEqual(userTop)
    expect(at.stackJitter % 16).toBe(0)
    seen.add(at.bias).add(at.mmapTop)
  }
  expect(seen.size).toBeGreaterThan(350)
})

test('a PIE keeps the alignment that it asks for', () => {
  expect(layout({image: pie({align: 2 << 20}), random: randomBytes}).bias % (2 << 20)).toBe(0)
})

test('an unlimited stack leaves room for everything else', () => {
  const {mmapTop, brkStart} = layout({stackLimit: Infinity})
  expect(mmapTop).toBeGreaterThan(brkStart + 2 ** 40)
})

test('what does not fit is refused', () => {
  const refuse = (errno: number) => expect.objectContaining({code: 'BAD_ELF', execErrno: errno})
  expect(() => layout({image: pie({memSize: 2 ** 46})})).toThrow(refuse(12))
  expect(() => layout({interpreter: pie({memSize: 2 ** 48})})).toThrow(refuse(12))
  expect(() => layout({image: pie({align: 2 ** 40})})).toThrow(refuse(22))
})
