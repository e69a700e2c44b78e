// Model-specific registers of x86_64: what the guest reads and writes, and what is refused.

import {afterEach, beforeEach, expect, test} from 'vitest'
import type {Vcpu} from '../../../../src/vm/vcpu.ts'
import type {Vm} from '../../../../src/vm/vm.ts'
import {guest} from '../../../helpers/guest-code.ts'
import {codeOf, describeOn, standingBefore} from '../../../helpers/vm.ts'

const SYSENTER_CS = 0x174
const EFER = 0xc0000080
const NONE = 0x4b000000

describeOn('x86_64', 'MSRs', () => {
  let vm: Vm
  let vcpu: Vcpu
  beforeEach(() => {
    // rdmsr; mov %eax, %ebx; mov $0x55, %al; wrmsr, in real mode
    const code = [0x0f, 0x32, 0x66, 0x89, 0xc3, 0xb0, 0x55, 0x0f, 0x30]
    ;({vm, vcpu} = standingBefore([...code, ...guest.stop], {rcx: BigInt(SYSENTER_CS)}))
  })
  afterEach(() => vm[Symbol.dispose]())

  test('are what the guest reads and writes', () => {
    vcpu.msrs.set(SYSENTER_CS, 0x1230n)
    expect(vcpu.run().kind).toBe(guest.stopKind)
    expect(vcpu.registers.get('rbx')).toBe(0x1230n)
    expect(vcpu.msrs.get(SYSENTER_CS)).toBe(0x1255n)
  })

  test('are listed, and most of them can be read', () => {
    const {indexes} = vcpu.msrs
    expect(indexes).toContain(SYSENTER_CS)
    expect(new Set(indexes).size).toBe(indexes.length)
  })

  test.each([
    ['one that there is not', () => vcpu.msrs.get(NONE)],
    ['to set one that there is not', () => vcpu.msrs.set(NONE, 0n)],
    ['a value that is none', () => vcpu.msrs.set(EFER, 0xffffffffn)],
    ['65 bits', () => vcpu.msrs.set(SYSENTER_CS, 2n ** 64n)],
    ['a number for a bigint', () => vcpu.msrs.set(SYSENTER_CS, 1 as never)],
    ['half an index', () => vcpu.msrs.get(0.5)],
    ['an index of 33 bits', () => vcpu.msrs.get(2 ** 32)],
  ])('refuse %s as BAD_ARGUMENT', (_, use) => {
    expect(codeOf(use)).toBe('BAD_ARGUMENT')
  })

  test('say which one it is', () => {
    expect(() => vcpu.msrs.get(NONE)).toThrow('0x4b000000')
  })
})
