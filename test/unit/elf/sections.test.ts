// elfy reads sections only where everything that it trusts lies in the file.

import {readFileSync} from 'node:fs'
import {expect, test} from 'vitest'
import {readForeignHeader, readSections} from '../../../src/elf/sections.ts'
import {bytesReader} from '../../helpers/bytes-reader.ts'

const E_SHOFF = 40
const E_SHENTSIZE = 58
const E_SHNUM = 60
const E_SHSTRNDX = 62
const SH_SIZE = 32

const original = readFileSync('/bin/true')

function edited(edit: (view: DataView) => unknown): ReturnType<typeof bytesReader> {
  const bytes = new Uint8Array(original)
  edit(new DataView(bytes.buffer))
  return bytesReader(bytes)
}

test('a whole file has sections, with names and types', () => {
  const sections = readSections(bytesReader(original))
  expect(sections).toContainEqual(expect.objectContaining({name: '.text', type: 'progbits'}))
  expect(sections).toContainEqual(expect.objectContaining({name: '.dynsym', type: 'dynsym'}))
})

test.each<[string, (view: DataView) => unknown, string | unknown[]]>([
  ['no table', (view) => [E_SHOFF, E_SHOFF + 4, E_SHNUM].map((at) => view.setUint32(at, 0, true)), []],
  ['a table past the end', (view) => view.setBigUint64(E_SHOFF, 1n << 62n, true), /past the end/.source],
  ['a table that ends past the end', (view) => view.setUint16(E_SHNUM, 0xfeff, true), /past the end/.source],
  ['headers of another size', (view) => view.setUint16(E_SHENTSIZE, 63, true), /63 bytes each/.source],
  ['names that are no section', (view) => view.setUint16(E_SHSTRNDX, 0xffff, true), /names/.source],
  ['names in a section of another type', (view) => view.setUint16(E_SHSTRNDX, 1, true), /names/.source],
  ['more sections than the field counts', (view) => view.setUint16(E_SHNUM, 0, true), /65,279/.source],
])('%s is no error of our own', (_, edit, expected) => {
  const sections = readSections(edited(edit))
  if (typeof expected === 'string') expect(sections).toMatch(new RegExp(expected))
  else expect(sections).toEqual(expected)
})

test('a section that ends past the end of the file is a defect', () => {
  const table = Number(new DataView(new Uint8Array(original).buffer).getBigUint64(E_SHOFF, true))
  const sections = readSections(edited((view) => view.setBigUint64(table + 64 + SH_SIZE, 1n << 63n, true)))
  expect(sections).toMatch(/past the end/)
})

test('a 32-bit big-endia file is read too', () => {
  const bytes = new Uint8Array(52)
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 1, 2, 1])
  new DataView(bytes.buffer).setUint16(16, 2)
  new DataView(bytes.buffer).setUint16(18, 8)
  expect(readForeignHeader(bytesReader(bytes))).toMatchObject({
    class: '32',
    endian: 'msb',
    machine: 'mips',
    type: 'exec',
  })
})

test('what is no ELF file has no header', () => {
  expect(readForeignHeader(bytesReader(new Uint8Array(100)))).toBeUndefined()
  expect(readForeignHeader(bytesReader(original.subarray(0, 63)))).toBeUndefined()
})
