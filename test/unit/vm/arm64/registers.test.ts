// Registers of arm64: system registers by the Arm ARM's names, and what is refused.

import {afterEach, beforeEach, expect, test} from 'vitest'
import type {RegisterValues} from '../../../../src/vm/registers.ts'
import type {Vcpu} from '../../../../src/vm/vcpu.ts'
import type {Vm} from '../../../../src/vm/vm.ts'
import {instructions} from '../../../helpers/arm64-code.ts'
import {guest} from '../../../helpers/guest-code.ts'
import {codeOf, describeOn, standingBefore} from '../../../helpers/vm.ts'

describeOn('arm64', 'registers', () => {
  let vm: Vm
  let vcpu: Vcpu
  beforeEach(() => {
    // mrs x1, tpidr_el1; msr tpidr_el0, x2; mov x3, sp
    const code = instructions(0xd538d081, 0xd51bd042, 0x910003e3)
    ;({vm, vcpu} = standingBefore([...code, ...guest.stop]))
  })
  afterEach(() => vm[Symbol.dispose]())

  test('are what the guest reads and writes', () => {
    vcpu.registers.set({tpidr_el1: 0x1111n, x2: 0x2222n, sp_el1: 0x3330n, sp_el0: 0x4440n})
    expect(vcpu.run().kind).toBe(guest.stopKind)
    const {x1, tpidr_el0, x3} = vcpu.registers.getAll()
    expect([x1, tpidr_el0, x3]).toEqual([0x1111n, 0x2222n, 0x3330n])
  })

  test('keep what is set', () => {
    const values: RegisterValues = {
      elr_el1: 0x40001000n,
      spsr_el1: 0x3c5n,
      esr_el1: 0x2000000n,
      x30: 2n ** 64n - 1n,
    }
    vcpu.registers.set(values)
    expect(vcpu.registers.getAll()).toMatchObject(values)
  })

  test('tell what the processor is', () => {
    const {midr_el1, mpidr_el1, id_aa64mmfr0_el1, id_aa64pfr0_el1} = vcpu.registers.getAll()
    expect(midr_el1).not.toBe(0n)
    expect(mpidr_el1 & 0xffn).toBe(0n)
    // Physical addresses of 36 bits at least; AArch64 at EL0.
    expect(id_aa64mmfr0_el1 & 0xfn).toBeGreaterThan(0n)
    expect(id_aa64pfr0_el1 & 0xfn).toBeGreaterThan(0n)
  })

  test.each([
    ['a mode that there is not', {pstate: 0x3cfn}],
    ['another kind of processor', {mpidr_el1: 0n, id_aa64mmfr0_el1: 2n ** 64n - 1n}],
    ['a register of x86_64', {rax: 1n}],
  ])('refuse %s as BAD_ARGUMENT and set nothing', (_, values) => {
    const {cntvct_el0: __, ...before} = vcpu.registers.getAll()
    expect(codeOf(() => vcpu.registers.set({x5: 7n, ...values} as RegisterValues))).toBe('BAD_ARGUMENT')
    expect(vcpu.registers.getAll()).toMatchObject(before)
  })
})

describeOn('arm64', 'all registers that KVM lists', () => {
  let vm: Vm
  let vcpu: Vcpu
  beforeEach(() => {
    // mrs x1, dbgbvr0_el1
    ;({vm, vcpu} = standingBefore([...instructions(0xd5300081), ...guest.stop]))
  })
  afterEach(() => vm[Symbol.dispose]())

  test('have a name each, and the values of those that have one elsewhere', () => {
    const all = vcpu.listedRegisters.getAll()
    const names = Object.keys(all)
    expect(names).toEqual(vcpu.listedRegisters.names)
    expect(names).toEqual(
      expect.arrayContaining(['v31', 'spsr_fiq', 'dbgbvr0_el1', 'ccsidr_el1:0', 'fw:psci_version']),
    )
    expect(names.filter((name) => name.startsWith('id:'))).toEqual([])
    // Encodings that the architecture reserves for features.
    expect(names.filter((name) => name.startsWith('sys:') && !name.startsWith('sys:3,0,c0,'))).toEqual([])
    // It counts on.
    const {cntvct_el0: _, ...others} = vcpu.registers.getAll()
    expect(all).toMatchObject(others)
    expect(Buffer.from(vcpu.vectors.get('v1')).readBigUInt64LE()).toBe(all.v1 & (2n ** 64n - 1n))
  })

  test('are what the guest reads', () => {
    vcpu.listedRegisters.set({dbgbvr0_el1: 0x1230n, v1: 2n ** 128n - 1n})
    expect(vcpu.run().kind).toBe(guest.stopKind)
    expect(vcpu.registers.get('x1')).toBe(0x1230n)
    expect(vcpu.vectors.get('v1')).toEqual(new Uint8Array(16).fill(255))
    expect(vcpu.listedRegisters.id('dbgbvr0_el1')).toBe(0x6030000000138004n)
  })

  test.each<[string, Record<string, unknown>]>([
    ['another name', {actlr_el9: 1n}],
    ['a number', {x1: 1}],
    ['a value that is too wide', {fpsr: 2n ** 32n}],
    ['less than nothing', {x1: -1n}],
    ['what KVM refuses', {midr_el1: 0n}],
  ])('refuse %s as BAD_ARGUMENT and set nothing', (_, wrong) => {
    const {listedRegisters} = vcpu
    listedRegisters.set({x5: 6n})
    expect(codeOf(() => listedRegisters.set({x5: 7n, ...wrong} as never))).toBe('BAD_ARGUMENT')
    expect(listedRegisters.get('x5')).toBe(6n)
  })
})
