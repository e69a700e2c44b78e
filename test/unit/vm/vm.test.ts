// Vm and GuestMemory: what they refuse, with which error, and what dispose frees.

import {afterEach, beforeEach, describe, expect, test} from 'vitest'
import {addon} from '../../../src/addon.ts'
import {Vm} from '../../../src/vm/vm.ts'
import {codeOf, describeKvm, MEMORY_BYTES} from '../../helpers/vm.ts'

describe('a memory size', () => {
  const create = (memoryBytes: number) => codeOf(() => Vm.create({memoryBytes}))

  test.each([0, -4096, Number.NaN, Number.POSITIVE_INFINITY, 1, 4097, 4096.5, 2 ** 32, 2 ** 60])(
    'of %d is refused as MEMORY_SIZE',
    (memoryBytes) => expect(create(memoryBytes)).toBe('MEMORY_SIZE'),
  )

  test('that is no number is refused as BAD_ARGUMENT', () => {
    expect(create('4096' as unknown as number)).toBe('BAD_ARGUMENT')
    expect(create(undefined as unknown as number)).toBe('BAD_ARGUMENT')
  })
})

describeKvm('Vm', () => {
  test.each([addon.pageBytes, 3 * 2 ** 30])('has %d bytes of memory when asked for them', (memoryBytes) => {
    using vm = Vm.create({memoryBytes})
    expect(vm.memory.size).toBe(memoryBytes)
    vm.memory.write(memoryBytes - 1, Uint8Array.of(7))
    expect([...vm.memory.read(memoryBytes - 2, 2)]).toEqual([0, 7])
  })

  test('makes no vCPU once it is disposed, and can be disposed twice', () => {
    const vm = Vm.create({memoryBytes: MEMORY_BYTES})
    vm[Symbol.dispose]()
    vm[Symbol.dispose]()
    expect(codeOf(() => vm.createVcpu())).toBe('DISPOSED')
  })
})

describeKvm('GuestMemory', () => {
  let vm: Vm
  beforeEach(() => {
    vm = Vm.create({memoryBytes: MEMORY_BYTES})
  })
  afterEach(() => vm[Symbol.dispose]())

  test('gives back what was written, as copy and as view', () => {
    const view = vm.memory.view(0x2000, 4)
    vm.memory.write(0x2000, Uint8Array.of(1, 2, 3, 4))
    const copy = vm.memory.read(0x2000n, 4)
    view[0] = 9
    expect([...copy]).toEqual([1, 2, 3, 4])
    expect([...vm.memory.read(0x2000, 4)]).toEqual([9, 2, 3, 4])
  })

  const outside: [number | bigint, number][] = [
    [MEMORY_BYTES, 1],
    [MEMORY_BYTES - 1, 2],
    [-1, 1],
    [-1n, 1],
    [0, -1],
    [0, MEMORY_BYTES + 1],
    [0.5, 1],
    [0, 1.5],
    [Number.NaN, 1],
    [0, Number.NaN],
    [2n ** 64n - 1n, 2],
    [2 ** 53, 1],
    [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  ]
  test.each(outside)('refuses address %s with %d bytes as MEMORY_RANGE', (address, length) => {
    expect(codeOf(() => vm.memory.read(address, length))).toBe('MEMORY_RANGE')
    expect(codeOf(() => vm.memory.view(address, length))).toBe('MEMORY_RANGE')
  })

  test('writes nothing when not all of it fits', () => {
    const write = () => vm.memory.write(MEMORY_BYTES - 2, Uint8Array.of(1, 2, 3))
    expect(codeOf(write)).toBe('MEMORY_RANGE')
    expect([...vm.memory.read(MEMORY_BYTES - 2, 2)]).toEqual([0, 0])
  })

  test('names the address and the size in the error', () => {
    expect(() => vm.memory.read(0xfff_fff0, 32)).toThrow('32 bytes at guest physical address 0xffffff0')
  })

  test('is DISPOSED with its VM, and views become empty', () => {
    const view = vm.memory.view(0, 16)
    vm[Symbol.dispose]()
    expect(codeOf(() => vm.memory.read(0, 1))).toBe('DISPOSED')
    expect(codeOf(() => vm.memory.write(0, Uint8Array.of(1)))).toBe('DISPOSED')
    expect(codeOf(() => vm.memory.view(MEMORY_BYTES, 1))).toBe('DISPOSED')
    expect(view.length).toBe(0)
    expect(view[0]).toBe(undefined)
  })

  test('cannot be transferred away from its VM', () => {
    const buffer = vm.memory.view(0, 1).buffer as ArrayBuffer
    try {
      structuredClone(buffer, {transfer: [buffer]})
    } catch {
      // Newer versions of Node refuse; older ones clone.
    }
    expect(vm.memory.read(0, 1).length).toBe(1)
  })
})
