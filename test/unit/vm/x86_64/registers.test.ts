// Registers of x86_64: segments, tables, control registers, and what is refused.

import {afterEach, beforeEach, expect, test} from 'vitest'
import type {RegisterValues} from '../../../../src/vm/registers.ts'
import type {Vcpu} from '../../../../src/vm/vcpu.ts'
import type {Vm} from '../../../../src/vm/vm.ts'
import {guest} from '../../../helpers/guest-code.ts'
import {codeOf, describeOn, standingBefore} from '../../../helpers/vm.ts'

describeOn('x86_64', 'registers', () => {
  let vm: Vm
  let vcpu: Vcpu
  beforeEach(() => {
    ;({vm, vcpu} = standingBefore(guest.stop))
  })
  afterEach(() => vm[Symbol.dispose]())

  test('keep what is set, general and system ones in one call', () => {
    vcpu.registers.set({r15: 2n ** 64n - 1n, rax: 0x1234n, 'ds.base': 0x50000n, 'ds.selector': 0x5000n})
    const all = vcpu.registers.getAll()
    expect(all.r15).toBe(2n ** 64n - 1n)
    expect(all.rax).toBe(0x1234n)
    expect(all['ds.base']).toBe(0x50000n)
    expect(all['ds.selector']).toBe(0x5000n)
    expect(vcpu.registers.get('rip')).toBe(0x1000n)
  })

  test('have the tables and control registers', () => {
    vcpu.registers.set({
      'gdt.base': 0x7000n,
      'gdt.limit': 0x17n,
      'idt.base': 0x6000n,
      'idt.limit': 0xffn,
      cr3: 0x8000n,
    })
    const all = vcpu.registers.getAll()
    expect([all['gdt.base'], all['gdt.limit'], all['idt.base'], all['idt.limit'], all.cr3]).toEqual([
      0x7000n,
      0x17n,
      0x6000n,
      0xffn,
      0x8000n,
    ])
  })

  test.each([
    ['no segment field', {'cs.size': 1n}],
    ['17 bits in a selector', {'cs.selector': 0x10000n}],
    ['33 bits in a limit', {'cs.limit': 2n ** 32n}],
    ['paging without protection', {cr0: 1n << 31n, efer: 0x100n}],
  ])('refuse %s as BAD_ARGUMENT and set nothing', (_, values) => {
    const before = vcpu.registers.getAll()
    expect(codeOf(() => vcpu.registers.set({rbx: 7n, ...values} as RegisterValues))).toBe('BAD_ARGUMENT')
    expect(vcpu.registers.getAll()).toEqual(before)
  })
})
