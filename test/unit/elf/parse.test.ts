// parseElf: what it finds in sound files, and what it refuses.

import {execFileSync} from 'node:child_process'
import {closeSync, openSync} from 'node:fs'
import {describe, expect, test} from 'vitest'
import {ET_CORE, ET_DYN, ET_REL, PT_GNU_STACK, PT_INTERP, PT_NOTE, PT_TLS} from '../../../src/abi/elf.ts'
import {ENOEXEC} from '../../../src/abi/errno.ts'
import {isBareMetal} from '../../../src/elf/bare-metal.ts'
import {ElfError} from '../../../src/elf/elf-error.ts'
import {fileReader} from '../../../src/elf/file-reader.ts'
import {parseElf} from '../../../src/elf/parse.ts'
import {bytesReader} from '../../helpers/bytes-reader.ts'
import {type ElfFile, elfFile, TEXT} from './elf-file.ts'

const parse = (file: ElfFile) => parseElf(bytesReader(elfFile(file)), 'prog', 'x86_64')
const parseText = (text: string) => parseElf(bytesReader(Buffer.from(text, 'latin1')), 'prog', 'x86_64')

function refusal(body: () => unknown): ElfError {
  try {
    body()
  } catch (error) {
    if (error instanceof ElfError) return error
    throw error
  }
  throw new Error('not refused')
}

test('node itself parses as readelf reads it, without reading the file whole', () => {
  const readelf = execFileSync('readelf', ['-lhW', process.execPath], {encoding: 'utf8'})
  const fd = openSync(process.execPath, 'r')
  const reader = fileReader(fd)
  let read = 0
  const counting = {
    size: reader.size,
    read(offset: number, length: number) {
      read += length
      return reader.read(offset, length)
    },
  }

  const image = parseElf(counting, process.execPath)

  closeSync(fd)
  expect(readelf).toContain(`Entry point address:               0x${image.entry.toString(16)}`)
  expect(readelf).toContain(`[Requesting program interpreter: ${image.interp}]`)
  expect(image.phnum).toBe(Number(/Number of program headers: *(\d+)/.exec(readelf)?.[1]))
  expect(image.segments.filter(({type}) => type === 1).length).toBe(readelf.match(/^ +LOAD/gm)?.length)
  expect(read).toBeLessThan(16384)
})

test('a static program has an entry, its program headers in memory, and no interpreter', () => {
  const stack = {type: PT_GNU_STACK, flags: 6}
  const tls = {type: PT_TLS, vaddr: 0x400800, offset: 0x800, fileSize: 8, memSize: 16}
  const image = parse({headers: [TEXT, stack, tls]})
  expect(image).toMatchObject({type: 'EXEC', machine: 'x86_64', entry: 0x400100, phdrAddress: 0x400040})
  expect(image).toMatchObject({phnum: 3, phentsize: 56, stackFlags: 6, interp: undefined, tls: {memSize: 16}})
})

test('program headers that no segment loads have no address', () => {
  const image = parse({headers: [{...TEXT, offset: 0x1000, vaddr: 0x400000}]})
  expect(image.phdrAddress).toBe(0)
})

test('the interpreter is a byte string', () => {
  const interp = {type: PT_INTERP, offset: 0x800, fileSize: 5}
  const image = parse({headers: [TEXT, interp], data: [[0x800, Buffer.from('/l\xff.\0', 'latin1')]]})
  expect(image.interp).toBe('/l\xff.')
})

test('a program with nothing to load is refused by the interpreter that it asks for', () => {
  const interp = {type: PT_INTERP, offset: 0x800, fileSize: 5}
  const file = {headers: [interp], data: [[0x800, Buffer.from('/ld.\0')]]} satisfies ElfFile
  expect(refusal(() => parse(file))).toMatchObject({execErrno: ENOEXEC, interp: '/ld.'})
})

describe('bare metal', () => {
  const note = (name: string, type: number): Uint8Array => {
    const bytes = Buffer.alloc(20)
    bytes.writeUInt32LE(name.length, 0)
    bytes.writeUInt32LE(4, 4)
    bytes.writeUInt32LE(type, 8)
    bytes.write(name, 12, 'latin1')
    bytes.writeUInt32LE(7, 16)
    return bytes
  }
  const withNote = (name: string, type: number) =>
    parse({
      headers: [TEXT, {type: PT_NOTE, offset: 0x800, fileSize: 40, align: 4}],
      data: [
        [0x800, note('GNU\0', 1)],
        [0x814, note(name, type)],
      ],
    })

  test('is what carries the note hv of type 1, even behind another note', () => {
    const image = withNote('hv\0', 1)
    expect(isBareMetal(image)).toBe(true)
    expect([...image.machineNote!]).toEqual([7, 0, 0, 0])
  })
  test('is an ET_EXEC file with the standalone OSABI', () => {
    expect(isBareMetal(parse({osabi: 255}))).toBe(true)
  })
  test('is not what has other notes, or a standalone shared object', () => {
    expect(isBareMetal(withNote('hv\0', 2))).toBe(false)
    expect(isBareMetal(withNote('xv\0', 1))).toBe(false)
    expect(isBareMetal(parse({osabi: 255, type: ET_DYN}))).toBe(false)
  })
})

describe('a file of the wrong kind is NOT_EXECUTABLE and says what it is', () => {
  const elf = (at: number, ...bytes: number[]) => {
    const file = elfFile()
    file.set(bytes, at)
    return () => parseElf(bytesReader(file), 'prog', 'x86_64')
  }
  test.each<[string, () => unknown, RegExp]>([
    ['nothing', () => parseText(''), /^prog: is empty$/],
    ['text', () => parseText('hello'), /is not an ELF program/],
    ['a script', () => parseText('#!/bin/sh -e\necho'), /is a script/],
    ['32 bits', elf(4, 1), /is a 32-bit program/],
    ['big-endian', elf(5, 2), /is a big-endian program/],
    ['arm64', elf(18, 183, 0), /is a program for arm64; this host runs x86_64/],
    ['riscv', elf(18, 243, 0), /is a program for riscv;/],
    ['a machine that elfy knows', elf(18, 43, 0), /is a program for sparcv9;/],
    ['a machine nobody knows', elf(18, 1, 200), /is a program for machine 51201;/],
    ['an object file', () => parse({type: ET_REL}), /is an object file/],
    ['a core dump', () => parse({type: ET_CORE}), /is a core dump/],
  ])('%s', (_, body, message) => {
    const error = refusal(body)
    expect(error.message).toMatch(message)
    expect(error).toMatchObject({code: 'NOT_EXECUTABLE', execErrno: 8, exitStatus: 126})
    expect(error.nextStep).not.toBe('')
  })

  test('a script names its interpreter in the next step', () => {
    expect(refusal(() => parseText('#! /usr/bin/awk -f\n')).nextStep).toContain('hv run /usr/bin/awk prog')
  })
  test('the message stays on one line whatever the file and its name hold', () => {
    const script = bytesReader(Buffer.from('#!/bin/\x1b[2Jsh'))
    const error = refusal(() => parseElf(script, 'a\nb'))
    expect(`${error.message} ${error.nextStep}`).toMatch(/^[ -~]+$/)
  })
})

describe('a defective file is BAD_ELF and the defect is named', () => {
  const at = (vaddr: number | bigint, memSize: number | bigint) => ({fileSize: 0, vaddr, memSize})
  test.each<[string, ElfFile, RegExp]>([
    ['cut in the header', {size: 0x4000, phoff: 0x3fff}, /truncated: its program headers/],
    ['phoff wraps', {phoff: 2n ** 64n - 8n}, /truncated: its program headers/],
    ['no program headers', {phnum: 0}, /no program headers/],
    ['32-bit program headers', {phentsize: 32}, /are 32 bytes each/],
    ['too many program headers', {phnum: 1171}, /has 1171 program headers/],
    ['nothing to load', {headers: [{type: PT_NOTE}]}, /no PT_LOAD/],
    ['only an empty segment', {headers: [{vaddr: 0x400000}]}, /no PT_LOAD/],
    ['segment past the end', {headers: [{...TEXT, offset: 0x3001}]}, /truncated: the segment at 0x400000/],
    ['larger in file', {headers: [{...TEXT, memSize: 1}]}, /larger in the file/],
    ['overlap', {headers: [TEXT, at(0x400fff, 1)]}, /0x400000 and 0x400fff overlap/],
    [
      'wrapping',
      {headers: [TEXT, at(2n ** 64n - 1n, 2)]},
      /header 1 has an address or a size of more than 53/,
    ],
    ['huge address and size', {headers: [at(2n ** 52n, 2n ** 53n - 1n)]}, /more than 53 bits/],
    ['entry outside', {entry: 0x401000}, /entry point 0x401000 lies outside/],
    ['interp of one byte', {headers: [TEXT, {type: PT_INTERP, fileSize: 1}]}, /PT_INTERP\) is 1 bytes/],
    ['interp too long', {headers: [TEXT, {type: PT_INTERP, fileSize: 4097}]}, /is 4097 bytes/],
    ['interp without NUL', {headers: [TEXT, {type: PT_INTERP, fileSize: 4}]}, /does not end in NUL/],
    [
      'interp past the end',
      {headers: [TEXT, {type: PT_INTERP, fileSize: 9, offset: 0x3fff}]},
      /PT_INTERP\) is past/,
    ],
  ])('%s', (_, file, message) => {
    const error = refusal(() => parse(file))
    expect(error.message).toMatch(message)
    expect(error).toMatchObject({code: 'BAD_ELF', exitStatus: 126})
    expect(error.execErrno).toBeGreaterThan(0)
  })

  test('a file shorter than the header', () => {
    expect(refusal(() => parseText('\x7fELF\x02\x01')).message).toMatch(/truncated: 6 bytes/)
  })
  test('a file that shrinks while it is read', () => {
    const bytes = elfFile()
    const reader = {
      size: bytes.length,
      read: (from: number, n: number) => bytes.subarray(from, Math.min(from + n, 70)),
    }
    expect(refusal(() => parseElf(reader, 'prog')).message).toMatch(/ends inside the program headers/)
  })
})
