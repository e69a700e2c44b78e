// Registers: every one by name, together in one call, and what is refused.

import {readFileSync} from 'node:fs'
import {afterEach, beforeEach, expect, test} from 'vitest'
import {addon} from '../../../src/addon.ts'
import type {RegisterName, RegisterValues} from '../../../src/vm/registers.ts'
import type {Vcpu} from '../../../src/vm/vcpu.ts'
import type {Vm} from '../../../src/vm/vm.ts'
import {codeOf, describeKvm, realMode} from '../../helpers/vm.ts'

const HLT = 0xf4

describeKvm('Registers', () => {
  let vm: Vm
  let vcpu: Vcpu
  beforeEach(() => {
    ;({vm, vcpu} = realMode([HLT]))
  })
  afterEach(() => vm[Symbol.dispose]())

  const set = (values: object) => codeOf(() => vcpu.registers.set(values as RegisterValues))

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

  test('take back all that they gave', () => {
    const all = vcpu.registers.getAll()
    vcpu.registers.set(all)
    expect(vcpu.registers.getAll()).toEqual(all)
    expect(Object.keys(all).length).toBe(addon.registerNames.length)
  })

  test('are all documented in src/vm/README.md', () => {
    const text = readFileSync(new URL('../../../src/vm/README.md', import.meta.url), 'utf8')
    const words = new Set(text.match(/[a-z][a-z0-9_]*/g))
    const undocumented = addon.registerNames.filter(
      (name) => !name.split('.').every((word) => words.has(word)),
    )
    expect(undocumented).toEqual([])
  })

  test.each([
    ['no register', {zax: 1n}],
    ['no segment field', {'cs.size': 1n}],
    ['a number', {rax: 1}],
    ['undefined', {rax: undefined}],
    ['a negative', {rax: -1n}],
    ['65 bits', {rax: 2n ** 64n}],
    ['17 bits in a selector', {'cs.selector': 0x10000n}],
    ['33 bits in a limit', {'cs.limit': 2n ** 32n}],
    ['paging without protection', {cr0: 1n << 31n, efer: 0x100n}],
  ])('refuse %s as BAD_ARGUMENT and set nothing', (_, values) => {
    const before = vcpu.registers.getAll()
    expect(set({rbx: 7n, ...values})).toBe('BAD_ARGUMENT')
    expect(vcpu.registers.getAll()).toEqual(before)
  })

  test('refuse an unknown name to read', () => {
    expect(codeOf(() => vcpu.registers.get('toString' as RegisterName))).toBe('BAD_ARGUMENT')
  })

  test('are DISPOSED with the vCPU', () => {
    vcpu[Symbol.dispose]()
    expect(codeOf(() => vcpu.registers.get('rax'))).toBe('DISPOSED')
    expect(codeOf(() => vcpu.registers.getAll())).toBe('DISPOSED')
    expect(set({rax: 1n})).toBe('DISPOSED')
  })
})
