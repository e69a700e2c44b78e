// startLinux with a Multiboot kernel: where it goes, what it is told, and which files are refused.

import {describe, expect, test} from 'vitest'
import {loadKernel} from '../../../helpers/loaded-kernel.ts'
import {HIGH_HALF, KERNEL_AT, multibootElf, multibootFlat} from '../../../helpers/multiboot.ts'

const GIB = 2 ** 30
/** Header, load, load end, zeros' end, entry. */
const PLACED = [KERNEL_AT, KERNEL_AT, 0, KERNEL_AT + 0x5000, KERNEL_AT + 32]
const CODE_AT = KERNEL_AT + 12

const sum = (bytes: Buffer): number => bytes.reduce((total, byte) => total + byte, 0) & 0xff

describe('a Multiboot kernel', () => {
  test.each([
    ['its physical entry', multibootElf()],
    ['its virtual entry', multibootElf({entry: CODE_AT + HIGH_HALF})],
  ])('lies where its segment is to lie, and begins at %s in protected mode', (_, file) => {
    const {at, registers} = loadKernel(file)
    expect(at(CODE_AT, 4).toString()).toBe('code')
    expect(registers).toMatchObject({rip: BigInt(CODE_AT), rax: 0x2badb002n, cr0: 0x11n, efer: 0n})
  })

  test('lies where its header says', () => {
    const {at, registers} = loadKernel(multibootFlat(PLACED))
    expect(at(KERNEL_AT + 32, 4).toString()).toBe('code')
    expect(registers.rip).toBe(BigInt(KERNEL_AT + 32))
  })

  test('is told of its parameters, its module and its memory', () => {
    const initrd = Buffer.alloc(5000, 7)
    const highMemory = {address: 4 * GIB, bytes: GIB}
    const {at, registers} = loadKernel(multibootElf(), {memoryBytes: 3 * GIB, initrd, highMemory})
    const told = at(Number(registers.rbx), 116)
    const word = (offset: number): number => told.readUInt32LE(offset)
    expect([word(0) & 0x4d, word(4), word(8)]).toEqual([0x4d, 620, (3 * GIB) / 1024 - 1024])
    expect(at(word(16), 6).toString()).toBe('quiet\0')
    const module = at(word(24), 16)
    expect([word(20), module.readUInt32LE(0)]).toEqual([1, KERNEL_AT + 0x3000])
    expect(at(module.readUInt32LE(0), 5000)).toEqual(initrd)
    const map = at(word(48), word(44))
    const entries = Array.from({length: map.length / 24}, (_, index) => {
      const entry = map.subarray(24 * index)
      return [Number(entry.readBigUInt64LE(4)), Number(entry.readBigUInt64LE(12)), entry.readUInt32LE(20)]
    })
    expect(entries).toEqual([
      [0, 0x9b000, 1],
      [0x9b000, 0x5000, 2],
      [0xe0000, 0x20000, 3],
      [0x100000, 3 * GIB - 0x100000, 1],
      [4 * GIB, GIB, 1],
    ])
  })

  test('finds the MP table as a PC’s kernel looks for it, and ACPI’s', () => {
    const {at} = loadKernel(multibootElf())
    const pointer = at(at(0x40e, 2).readUInt16LE() * 16, 16)
    expect([pointer.toString('latin1', 0, 4), sum(pointer)]).toEqual(['_MP_', 0])
    const tableAt = pointer.readUInt32LE(4)
    const table = at(tableAt, at(tableAt, 6).readUInt16LE(4))
    expect([table.toString('latin1', 0, 4), sum(table), table.readUInt32LE(36)]).toEqual([
      'PCMP',
      0,
      0xfee00000,
    ])
    // A processor; a bus, an IOAPIC, 15 interrupts of ISA, and two local ones.
    expect([table.readUInt16LE(34), table.length]).toEqual([20, 44 + 20 + 19 * 8])
    expect(at(0xe0000, 8).toString()).toBe('RSD PTR ')
  })
})

const placed = (changes: Record<number, number>): Buffer => multibootFlat(Object.assign([...PLACED], changes))

test.each<[what: string, file: Buffer, message: string]>([
  ['a video mode', multibootElf({flags: 7}), 'requires a video mode'],
  ['an unknown requirement', multibootElf({flags: 0x8003}), 'flags 0x8000'],
  ['another machine', multibootElf({machine: 40}), 'is for arm'],
  ['an entry outside', multibootElf({entry: 0x200000}), 'in no segment'],
  ['a segment below 1 MiB', multibootElf({address: 0x9f000}), 'below 0x100000'],
  ['one behind all memory', multibootElf({memoryBytes: 0xefffffff}), 'does not fit'],
  ['a file that ends early', multibootElf().subarray(0, -1), 'that it does not have'],
  ['a header alone', multibootElf().subarray(84, 96), 'is no ELF file'],
  ['addresses that are not there', multibootFlat([]).subarray(0, 12), 'ends within its Multiboot header'],
  ['a load address below 1 MiB', placed({0: 0x1000, 1: 0x1000}), 'cannot be right'],
  ['a header before its load address', placed({0: KERNEL_AT - 4}), 'cannot be right'],
  ['a load address before the file', placed({0: KERNEL_AT + 64}), 'cannot be right'],
  ['an end behind the file', placed({2: KERNEL_AT + 0x1000}), 'cannot be right'],
  ['an end before its begin', placed({2: KERNEL_AT - 1}), 'cannot be right'],
  ['an entry behind it', placed({4: KERNEL_AT + 36}), 'cannot be right'],
  ['zeros behind all memory', placed({3: 0xffffffff}), 'does not fit'],
])('%s is refused', (_, file, message) => {
  expect(() => loadKernel(file)).toThrow(message)
  expect(() => loadKernel(file)).toThrow(expect.objectContaining({code: 'BAD_KERNEL'}))
})

test('a module that does not fit is refused, and parameters that are too long', () => {
  expect(() => loadKernel(multibootElf(), {initrd: new Uint8Array(2 ** 28 - KERNEL_AT)})).toThrow(
    'does not fit',
  )
  expect(() => loadKernel(multibootElf(), {commandLine: 'x'.repeat(6144)})).toThrow('takes 6143 characters')
})
