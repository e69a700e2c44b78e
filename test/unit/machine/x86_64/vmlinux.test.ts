// startLinux with an ELF vmlinux: where it goes, what it is told, and which files are refused.

import {describe, expect, test} from 'vitest'
import {E_PHENTSIZE, E_PHNUM, E_PHOFF, EM_AARCH64} from '../../../../src/abi/elf.ts'
import {loadKernel} from '../../../helpers/loaded-kernel.ts'
import {makeVmlinux, type TestSegment} from '../../../helpers/vmlinux.ts'

const MIB = 2 ** 20
const GIB = 2 ** 30
const ZERO_PAGE = 0x10000
const TEXT = 16 * MIB
const DATA = 20 * MIB
const text: TestSegment = {address: TEXT, bytes: Buffer.from('code'), memoryBytes: MIB}
const data: TestSegment = {address: DATA, bytes: Buffer.from('values'), memoryBytes: 2 * MIB}
const sound = {segments: [text, data], entry: TEXT + 2}

/** Address, bytes, type. */
function mapOf(page: Buffer): number[][] {
  return Array.from({length: page[0x1e8]}, (_, index) => {
    const at = 0x2d0 + 20 * index
    return [
      Number(page.readBigUInt64LE(at)),
      Number(page.readBigUInt64LE(at + 8)),
      page.readUInt32LE(at + 16),
    ]
  })
}

describe('an ELF vmlinux', () => {
  test('lies where its segments are to lie physically, and begins at its entry in long mode', () => {
    const {at, registers} = loadKernel(makeVmlinux(sound))
    expect([at(TEXT, 4).toString(), at(DATA, 6).toString()]).toEqual(['code', 'values'])
    expect(registers).toMatchObject({rip: BigInt(TEXT + 2), rsi: BigInt(ZERO_PAGE), cr0: 0x80010033n})
  })

  test('is told of its parameters, its initrd and its memory by the zero page', () => {
    const initrd = Buffer.alloc(5000, 7)
    const high = {address: 4 * GIB, bytes: GIB}
    const {at} = loadKernel(makeVmlinux(sound), {memoryBytes: 3 * GIB, initrd, highMemory: high})
    const page = at(ZERO_PAGE, 4096)
    expect(page.toString('latin1', 0x202, 0x206)).toBe('HdrS')
    expect(page.readUInt16LE(0x1fe)).toBe(0xaa55)
    expect(at(page.readUInt32LE(0x228), 6).toString()).toBe('quiet\0')
    const [initrdAt, initrdBytes] = [page.readUInt32LE(0x218), page.readUInt32LE(0x21c)]
    expect(at(initrdAt, initrdBytes)).toEqual(initrd)
    expect([initrdAt % 4096, initrdAt + initrdBytes <= 2 * GIB]).toEqual([0, true])
    expect(mapOf(page)).toEqual([
      [0, 0x9fc00, 1],
      [0xe0000, 0x20000, 3],
      [MIB, 3 * GIB - MIB, 1],
      [4 * GIB, GIB, 1],
    ])
    expect(at(Number(page.readBigUInt64LE(0x70)), 8).toString()).toBe('RSD PTR ')
  })

  test('may have segments without bytes, empty ones, and others that are not loaded', () => {
    const more: TestSegment[] = [
      {address: 30 * MIB, memoryBytes: MIB},
      {address: 0, memoryBytes: 0},
      {address: 0, type: 4, bytes: Buffer.from('a note')},
    ]
    expect(
      loadKernel(makeVmlinux({...sound, segments: [data, text, ...more]}))
        .at(TEXT, 4)
        .toString(),
    ).toBe('code')
  })
})

const vmlinux = (...segments: TestSegment[]): Buffer => makeVmlinux({segments, entry: TEXT + 2})
function changed(offset: number, value: bigint | number, bytes: 2 | 8): Buffer {
  const file = makeVmlinux(sound)
  if (bytes === 2) file.writeUInt16LE(Number(value), offset)
  else file.writeBigUInt64LE(BigInt(value), offset)
  return file
}
const whole = makeVmlinux(sound)

describe('what is refused', () => {
  test.each<[what: string, file: Buffer, message: string]>([
    ['nothing but the magic', whole.subarray(0, 4), 'is an ELF file of 4 bytes'],
    ['half a header', whole.subarray(0, 63), 'is an ELF file of 63 bytes'],
    ['another class', Buffer.from(whole).fill(1, 4, 5), 'is an ELF file of 32 bits'],
    ['no class', Buffer.from(whole).fill(3, 4, 5), 'no little-endian machine'],
    ['another byte order', Buffer.from(whole).fill(2, 5, 6), 'no little-endian machine'],
    [
      'another machine',
      makeVmlinux({...sound, machine: EM_AARCH64}),
      'is for arm64, and this host is x86_64',
    ],
    ['no program headers', changed(E_PHNUM, 0, 2), 'no Linux kernel'],
    ['65535 program headers', changed(E_PHNUM, 0xffff, 2), '65535 program headers that cannot be right'],
    ['more program headers than it has', changed(E_PHNUM, 100, 2), '100 program headers that cannot'],
    ['program headers of another size', changed(E_PHENTSIZE, 32, 2), 'program headers that cannot be right'],
    [
      'program headers behind its end',
      changed(E_PHOFF, 2n ** 63n, 8),
      'program headers that cannot be right',
    ],
    [
      'program headers that wrap',
      changed(E_PHOFF, 2n ** 64n - 56n, 8),
      'program headers that cannot be right',
    ],
    ['a file that ends early', whole.subarray(0, -1), 'a segment of 6 bytes that it does not have'],
    ['more of it in the file than in memory', vmlinux({...text, memoryBytes: 2}), 'a segment of 4 bytes'],
    ['segments that overlap', vmlinux(text, {...data, address: TEXT + MIB - 1}), 'at 0x10fffff, on another'],
    ['the same segment twice', vmlinux(text, text), 'at 0x1000000, on another'],
    ['one over the zero page', vmlinux(text, {...data, address: ZERO_PAGE}), 'at 0x10000, below 0x100000'],
    ['one over ACPI’s tables', vmlinux(text, {...data, address: 0xe0000}), 'at 0xe0000, below 0x100000'],
    ['one at the first byte', vmlinux(text, {...data, address: 0}), 'at 0x0, below'],
    ['one behind all memory', vmlinux(text, {...data, address: 4 * GIB}), 'does not fit'],
    ['one that ends behind it', vmlinux(text, {...data, memoryBytes: GIB}), 'does not fit'],
    ['one that wraps', vmlinux(text, {...data, memoryBytes: 2n ** 64n - 1n}), 'does not fit'],
    ['one at the end of addresses', vmlinux(text, {...data, address: 2n ** 64n - 1n}), 'does not fit'],
    ['an entry outside', makeVmlinux({...sound, entry: DATA + MIB}), 'no Linux kernel'],
    ['an entry where its zeros are', makeVmlinux({...sound, entry: TEXT + 4}), 'no Linux kernel'],
    ['an entry by its virtual address', makeVmlinux({...sound, entry: 2n ** 64n - 2n ** 31n}), 'no Linux'],
    ['a program', vmlinux({...text, virtual: BigInt(TEXT)}), 'is an ELF file, and no Linux kernel'],
  ])('%s', (_, file, message) => {
    expect(() => loadKernel(file)).toThrow(message)
    expect(() => loadKernel(file)).toThrow(expect.objectContaining({code: 'BAD_KERNEL'}))
  })

  test('an initrd that lies on a segment, parameters that are too long', () => {
    const initrd = new Uint8Array(2 ** 28 - DATA - MIB)
    expect(() => loadKernel(whole, {initrd})).toThrow('does not fit')
    expect(() => loadKernel(whole, {commandLine: 'x'.repeat(2048)})).toThrow('takes 2047 characters')
    loadKernel(whole, {commandLine: 'x'.repeat(2047)})
  })
})
