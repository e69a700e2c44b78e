// startEl1 and startEl2: MMU and caches on, with the table where the caller wants it.

import {expect, test} from 'vitest'
import {addon} from '../../../../src/addon.ts'
import {arch} from '../../../../src/arch/index.ts'
import {type ElStart, startEl1, startEl2} from '../../../../src/vm/start-el.ts'
import {startLongMode} from '../../../../src/vm/start-long-mode.ts'
import {startProtectedMode} from '../../../../src/vm/start-protected-mode.ts'
import {startRealMode} from '../../../../src/vm/start-real-mode.ts'
import {Vm} from '../../../../src/vm/vm.ts'
import {instructions, NOWHERE} from '../../../helpers/arm64-code.ts'
import {guest} from '../../../helpers/guest-code.ts'
import {codeOf, describeOn} from '../../../helpers/vm.ts'

const MEMORY_BASE = 0x40000000
const MEMORY_BYTES = 0x200000
const GIB = 2 ** 30
const HIGH = 5 * GIB
const START: ElStart = {entry: MEMORY_BASE + 0x10000, stack: MEMORY_BASE + MEMORY_BYTES}
const hasEl2 = arch.name === 'arm64' && addon.vmLimits().hasEl2

/** str x0, [sp, #-16]!; mrs x1, CurrentEL; mrs x2, SCTLR_EL1; ldxr w3, [x5]: exclusives need write-back memory. */
const CODE = [...instructions(0xf81f0fe0, 0xd5384241, 0xd5381002, 0x885f7ca3), ...guest.stop]

function created(nested = false) {
  const vm = Vm.create({memoryBytes: MEMORY_BYTES, memoryBase: MEMORY_BASE, nested})
  const vcpu = vm.createVcpu()
  vm.memory.write(START.entry, Uint8Array.from(CODE))
  return {vm, vcpu}
}

describeOn('arm64', 'startEl1', () => {
  test('runs at EL1, on its stack, with MMU and caches on, and general registers as they were', () => {
    const {vm, vcpu} = created()
    using _ = vm
    startEl1(vm, vcpu, START)
    vcpu.registers.set({x0: 42n, x5: BigInt(MEMORY_BASE)})
    expect(vcpu.run()).toMatchObject({kind: 'mmio', address: NOWHERE})
    expect(vcpu.registers.get('x1')).toBe(4n)
    expect(vcpu.registers.get('x2') & 0x1005n).toBe(0x1005n)
    expect(vm.memory.view(MEMORY_BASE + MEMORY_BYTES - 16, 1)[0]).toBe(42)
  })

  test('reaches as many GiB as it was asked to, by a table that lies where it was told', () => {
    const {vm, vcpu} = created()
    using _ = vm
    vm.addMemory({address: HIGH, bytes: 0x10000})
    startEl1(vm, vcpu, {...START, gibs: 6, tables: MEMORY_BASE + 0x100000})
    vcpu.registers.set({x5: BigInt(HIGH)})
    vm.memory.write(HIGH, Uint8Array.of(42))
    expect(vcpu.run()).toMatchObject({kind: 'mmio', address: NOWHERE})
    expect(vcpu.registers.get('x3')).toBe(42n)
    expect(vm.memory.read(MEMORY_BASE + 0x1000, 0x1000).every((byte) => byte === 0)).toBe(true)
  })

  test.each<[string, Partial<ElStart>, string]>([
    ['a table behind the memory', {tables: MEMORY_BASE + MEMORY_BYTES}, 'MEMORY_RANGE'],
    ['a table before it', {tables: MEMORY_BASE - 0x1000}, 'MEMORY_RANGE'],
    ['a table beside a page', {tables: MEMORY_BASE + 8}, 'BAD_ARGUMENT'],
    ['no GiB', {gibs: 0}, 'BAD_ARGUMENT'],
    ['more than one table has', {gibs: 513}, 'BAD_ARGUMENT'],
    ['an entry behind the map', {entry: 4 * GIB}, 'BAD_ARGUMENT'],
    ['a stack behind the map', {stack: 4 * GIB + 1}, 'BAD_ARGUMENT'],
    ['vectors beside their alignment', {vectors: 0x400}, 'BAD_ARGUMENT'],
    ['another option', {pc: 0} as never, 'BAD_ARGUMENT'],
    ['a table over the entry', {tables: MEMORY_BASE + 0x10000}, 'BAD_ARGUMENT'],
    ['a stack that grows into the table', {stack: MEMORY_BASE + 0x2000}, 'BAD_ARGUMENT'],
  ])('refuses %s', (_, start, code) => {
    const {vm, vcpu} = created()
    using _vm = vm
    const before = vcpu.registers.get('pc')
    expect(codeOf(() => startEl1(vm, vcpu, {...START, ...start}))).toBe(code)
    expect(vcpu.registers.get('pc')).toBe(before)
  })

  test('refuses a vCPU of another VM', () => {
    const {vm} = created()
    using _vm = vm
    const {vm: other, vcpu} = created()
    using _other = other
    expect(codeOf(() => startEl1(vm, vcpu, START))).toBe('BAD_ARGUMENT')
  })

  test('is for arm64, and x86_64 has others', () => {
    const {vm, vcpu} = created()
    using _ = vm
    for (const start of [startRealMode, startProtectedMode, startLongMode])
      expect(codeOf(() => start(vm, vcpu, {entry: 0x1000, stack: 0x1000}))).toBe('BAD_ARGUMENT')
  })
})

describeOn('arm64', 'startEl2', () => {
  test(`runs at EL2, or is refused without one: this host has ${hasEl2 ? 'it' : 'it not'}`, () => {
    const {vm, vcpu} = created(hasEl2)
    using _ = vm
    const [fits, other] = hasEl2 ? [startEl2, startEl1] : [startEl1, startEl2]
    expect(codeOf(() => other(vm, vcpu, START))).toBe('BAD_ARGUMENT')
    fits(vm, vcpu, START)
    vcpu.registers.set({x5: BigInt(MEMORY_BASE)})
    expect(vcpu.run()).toMatchObject({kind: 'mmio', address: NOWHERE})
    expect(vcpu.registers.get('x1')).toBe(hasEl2 ? 8n : 4n)
  })
})
