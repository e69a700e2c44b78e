// startRealMode, startProtectedMode and startLongMode, with the tables where the caller wants them.

import {expect, test} from 'vitest'
import {startEl1, startEl2} from '../../../../src/vm/start-el.ts'
import {type LongModeStart, startLongMode} from '../../../../src/vm/start-long-mode.ts'
import {type ProtectedModeStart, startProtectedMode} from '../../../../src/vm/start-protected-mode.ts'
import {startRealMode} from '../../../../src/vm/start-real-mode.ts'
import {Vm} from '../../../../src/vm/vm.ts'
import {codeOf, describeOn} from '../../../helpers/vm.ts'

const MEMORY_BYTES = 0x200000
const GIB = 2 ** 30
const HIGH = 5 * GIB
const START: LongModeStart = {entry: 0x10000, stack: MEMORY_BYTES}

function started(code: readonly number[], start: Partial<LongModeStart> = {}) {
  const vm = Vm.create({memoryBytes: MEMORY_BYTES})
  const vcpu = vm.createVcpu()
  vm.memory.write(0x10000, Uint8Array.from(code))
  startLongMode(vm, vcpu, {...START, ...start})
  return {vm, vcpu}
}

describeOn('x86_64', 'startLongMode', () => {
  test('runs code of 64-bit mode, on its stack, with general registers as they were', () => {
    // push %rdi; movabs $0x123456789abcdef0, %rax; hlt
    const code = [0x57, 0x48, 0xb8, 0xf0, 0xde, 0xbc, 0x9a, 0x78, 0x56, 0x34, 0x12, 0xf4]
    const {vm, vcpu} = started(code)
    using _ = vm
    vcpu.registers.set({rdi: 42n})
    expect(vcpu.run().kind).toBe('halt')
    expect(vcpu.registers.get('rax')).toBe(0x123456789abcdef0n)
    expect(vm.memory.view(MEMORY_BYTES - 8, 1)[0]).toBe(42)
  })

  test('reaches as many GiB as it was asked to, by tables that lie where it was told', () => {
    const vm = Vm.create({memoryBytes: MEMORY_BYTES})
    using _ = vm
    vm.addMemory({address: HIGH, bytes: 0x1000})
    vm.memory.write(HIGH, Uint8Array.of(41))
    const vcpu = vm.createVcpu()
    // movabs HIGH, %al; inc %al; movabs %al, HIGH + 1; hlt
    const address = [...new Uint8Array(BigUint64Array.of(BigInt(HIGH)).buffer)]
    const code = [0xa0, ...address, 0xfe, 0xc0, 0xa2, 1, ...address.slice(1), 0xf4]
    vm.memory.write(0x10000, Uint8Array.from(code))
    startLongMode(vm, vcpu, {...START, gibs: 6, tables: 0x100000})
    expect(vcpu.run().kind).toBe('halt')
    expect(vm.memory.view(HIGH, 2)[1]).toBe(42)
    expect(vcpu.registers.get('cr3')).toBe(0x100000n)
    expect(vm.memory.read(0x1000, 0x7000).every((byte) => byte === 0)).toBe(true)
  })

  test('has the selectors that it was asked for, which the GDT has, too', () => {
    // push $0x10; pop %ds (through a register: mov %eax, %ds); mov %cs, %eax; hlt
    const {vm, vcpu} = started([0xb8, 0x18, 0, 0, 0, 0x8e, 0xd8, 0x8c, 0xc8, 0xf4], {
      codeSelector: 0x10,
      dataSelector: 0x18,
    })
    using _ = vm
    expect(vcpu.run().kind).toBe('halt')
    expect(vcpu.registers.get('rax')).toBe(0x10n)
    expect(vcpu.registers.get('ds.selector')).toBe(0x18n)
  })

  test.each<[string, Partial<LongModeStart>, string]>([
    ['tables behind the memory', {tables: MEMORY_BYTES - 0x1000}, 'MEMORY_RANGE'],
    ['tables of more GiB than there is room for', {gibs: 512}, 'MEMORY_RANGE'],
    ['tables beside a page', {tables: 0x1008}, 'BAD_ARGUMENT'],
    ['tables below zero', {tables: -0x1000}, 'BAD_ARGUMENT'],
    ['no GiB', {gibs: 0}, 'BAD_ARGUMENT'],
    ['more than one table has', {gibs: 513}, 'BAD_ARGUMENT'],
    ['an entry behind the map', {entry: 4 * GIB}, 'BAD_ARGUMENT'],
    ['an entry of half a byte', {entry: 0.5}, 'BAD_ARGUMENT'],
    ['a stack behind the map', {stack: 4n * 2n ** 30n + 1n}, 'BAD_ARGUMENT'],
    ['a selector that the GDT has not', {codeSelector: 32}, 'BAD_ARGUMENT'],
    ['one selector for both', {codeSelector: 16, dataSelector: 16}, 'BAD_ARGUMENT'],
    ['another option', {rip: 0} as never, 'BAD_ARGUMENT'],
    ['tables over the entry', {tables: 0x10000}, 'BAD_ARGUMENT'],
    ['tables whose end is over the entry', {tables: 0xa000}, 'BAD_ARGUMENT'],
    ['a stack that grows into the tables', {stack: 0x8000}, 'BAD_ARGUMENT'],
  ])('refuses %s', (_, start, code) => {
    using vm = Vm.create({memoryBytes: MEMORY_BYTES})
    const vcpu = vm.createVcpu()
    expect(codeOf(() => startLongMode(vm, vcpu, {...START, ...start}))).toBe(code)
    expect(vcpu.registers.get('rip')).toBe(0xfff0n)
  })

  test('refuses a vCPU of another VM', () => {
    using vm = Vm.create({memoryBytes: MEMORY_BYTES})
    using other = Vm.create({memoryBytes: MEMORY_BYTES})
    const vcpu = other.createVcpu()
    expect(codeOf(() => startLongMode(vm, vcpu, START))).toBe('BAD_ARGUMENT')
    expect(vm.memory.read(0x1000, 0x7000).every((byte) => byte === 0)).toBe(true)
    vcpu[Symbol.dispose]()
    expect(codeOf(() => startLongMode(other, vcpu, START))).toBe('DISPOSED')
  })

  test('is for x86_64, and arm64 has others', () => {
    using vm = Vm.create({memoryBytes: MEMORY_BYTES})
    const vcpu = vm.createVcpu()
    for (const start of [startEl1, startEl2])
      expect(codeOf(() => start(vm, vcpu, START))).toBe('BAD_ARGUMENT')
  })
})

describeOn('x86_64', 'startRealMode', () => {
  test.each([
    [0x7c00, 0x7c00],
    [0x2fff0, 0x10000],
    [0xf0000, 0x90000],
  ])('begins at %i with its stack below %i', (entry, stack) => {
    using vm = Vm.create({memoryBytes: 0x100000})
    const vcpu = vm.createVcpu()
    // push %di; mov %cs, %ax; mov $7, %bx; mov %bx, 0x500 in DS; hlt
    const code = [0x57, 0x8c, 0xc8, 0xbb, 7, 0, 0x89, 0x1e, 0, 5, 0xf4]
    vm.memory.write(entry, Uint8Array.from(code))
    vcpu.registers.set({rdi: 42n})
    startRealMode(vm, vcpu, {entry, stack})
    expect(vcpu.run().kind).toBe('halt')
    expect(vm.memory.read(stack - 2, 2)).toEqual(Uint8Array.of(42, 0))
    expect(vm.memory.read(0x500, 1)).toEqual(Uint8Array.of(7))
    expect(vcpu.registers.get('rax') & 0xffffn).toBe(BigInt((entry & 0xf0000) >> 4))
  })

  test('takes a vCPU back from protected mode', () => {
    using vm = Vm.create({memoryBytes: MEMORY_BYTES})
    const vcpu = vm.createVcpu()
    startProtectedMode(vm, vcpu, {entry: 0x10000, stack: MEMORY_BYTES})
    startRealMode(vm, vcpu, {entry: 0x8000, stack: 0x8000})
    vm.memory.write(0x8000, Uint8Array.of(0xb8, 0xff, 0xff, 0x40, 0xf4)) // mov $0xffff, %ax; inc %ax; hlt
    expect(vcpu.run().kind).toBe('halt')
    expect(vcpu.registers.get('rax') & 0xfffffn).toBe(0n)
  })

  test.each([
    ['an entry above 1 MiB', {entry: 0x100000, stack: 0x1000}],
    ['a stack above 1 MiB', {entry: 0x1000, stack: 0x100001n}],
    ['another option', {entry: 0x1000, stack: 0x1000, tables: 0x2000}],
  ])('refuses %s', (_, start) => {
    using vm = Vm.create({memoryBytes: MEMORY_BYTES})
    expect(codeOf(() => startRealMode(vm, vm.createVcpu(), start))).toBe('BAD_ARGUMENT')
  })
})

describeOn('x86_64', 'startProtectedMode', () => {
  const PROTECTED: ProtectedModeStart = {entry: 0x10000, stack: MEMORY_BYTES}

  test('runs 32-bit code, on its stack, with selectors that the GDT has, too', () => {
    using vm = Vm.create({memoryBytes: MEMORY_BYTES})
    const vcpu = vm.createVcpu()
    // mov $0x18, %eax; mov %eax, %ds; push %edi; mov $0xffff, %eax; inc %eax; hlt
    const code = [0xb8, 0x18, 0, 0, 0, 0x8e, 0xd8, 0x57, 0xb8, 0xff, 0xff, 0, 0, 0x40, 0xf4]
    vm.memory.write(0x10000, Uint8Array.from(code))
    vcpu.registers.set({rdi: 42n})
    startProtectedMode(vm, vcpu, {...PROTECTED, codeSelector: 16, dataSelector: 24, tables: 0x8000})
    expect(vcpu.run().kind).toBe('halt')
    expect(vcpu.registers.get('rax')).toBe(0x10000n)
    expect(vcpu.registers.get('cs.selector')).toBe(16n)
    expect(vm.memory.read(MEMORY_BYTES - 4, 1)).toEqual(Uint8Array.of(42))
  })

  test.each<[string, Partial<ProtectedModeStart>, string]>([
    ['an entry above 4 GiB', {entry: 4 * GIB}, 'BAD_ARGUMENT'],
    ['tables behind the memory', {tables: MEMORY_BYTES}, 'MEMORY_RANGE'],
    ['tables over the entry', {tables: 0x10000}, 'BAD_ARGUMENT'],
    ['tables beside a page', {tables: 8}, 'BAD_ARGUMENT'],
    ['one selector for both', {codeSelector: 16}, 'BAD_ARGUMENT'],
    ['GiBs, as nothing is mapped', {gibs: 4} as never, 'BAD_ARGUMENT'],
  ])('refuses %s', (_, start, code) => {
    using vm = Vm.create({memoryBytes: MEMORY_BYTES})
    expect(codeOf(() => startProtectedMode(vm, vm.createVcpu(), {...PROTECTED, ...start}))).toBe(code)
  })
})
