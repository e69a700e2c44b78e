// Accesses to model-specific registers that are exits, and their answers.

import {afterEach, beforeEach, expect, test} from 'vitest'
import type {Vcpu} from '../../../../src/vm/vcpu.ts'
import type {Vm} from '../../../../src/vm/vm.ts'
import {guest} from '../../../helpers/guest-code.ts'
import {codeOf, describeOn, standingBefore} from '../../../helpers/vm.ts'

const SYSENTER_CS = 0x174
const NONE = 0x4b000000
/** The handler of general-protection faults tells of it. */
const FAULT = 0x13

describeOn('x86_64', 'vm.exitOnMsrs', () => {
  let vm: Vm
  let vcpu: Vcpu
  beforeEach(() => {
    // rdmsr; wrmsr, in real mode
    ;({vm, vcpu} = standingBefore([0x0f, 0x32, 0x0f, 0x30, ...guest.stop], {
      ...{rcx: BigInt(SYSENTER_CS), rsp: 0x8000n, 'ss.base': 0n, 'ss.selector': 0n},
    }))
    vm.memory.write(0x1100, Uint8Array.from(guest.tell(FAULT)))
    vm.memory.write(4 * 13, Uint8Array.of(0, 0x11, 0, 0))
  })
  afterEach(() => vm[Symbol.dispose]())

  test('gives the guest what it answers, and keeps what the guest writes from KVM', () => {
    vm.exitOnMsrs({ranges: [{first: SYSENTER_CS - 1, count: 70}]})
    const read = vcpu.run()
    expect(read).toEqual({kind: 'rdmsr', index: SYSENTER_CS, value: 0n, reason: 'filter', isFault: false})
    if (read.kind === 'rdmsr') read.value = 0x1122_3344_5566_7788n
    const value = 0x1122_3344_5566_7788n
    expect(vcpu.run()).toEqual({kind: 'wrmsr', index: SYSENTER_CS, value, reason: 'filter', isFault: false})
    expect(vcpu.run().kind).toBe('halt')
    expect(vcpu.msrs.get(SYSENTER_CS)).toBe(0n)
    expect([vcpu.registers.get('rax'), vcpu.registers.get('rdx')]).toEqual([0x5566_7788n, 0x1122_3344n])
  })

  test('keeps its answer when the vCPU is saved before it', () => {
    vm.exitOnMsrs({ranges: [{first: SYSENTER_CS, access: 'read'}]})
    const read = vcpu.run()
    if (read.kind === 'rdmsr') read.value = 7n
    vcpu.restore(vcpu.save())
    expect(vcpu.run().kind).toBe('halt')
    expect(vcpu.msrs.get(SYSENTER_CS)).toBe(7n)
  })

  test.each(['read', 'write'] as const)(
    'makes a %s a fault where the answer says so, and only that an exit',
    (access) => {
      vm.exitOnMsrs({ranges: [{first: SYSENTER_CS, access}]})
      const exit = vcpu.run()
      expect(exit.kind).toBe(access === 'read' ? 'rdmsr' : 'wrmsr')
      if (exit.kind === 'rdmsr' || exit.kind === 'wrmsr') exit.isFault = true
      expect(guest.numberOf(vcpu.run())).toBe(FAULT)
    },
  )

  test('tells of registers that KVM does not know, and no longer when it is asked for nothing', () => {
    vcpu.registers.set({rcx: BigInt(NONE)})
    vm.exitOnMsrs({unknown: true})
    expect(vcpu.run()).toMatchObject({kind: 'rdmsr', index: NONE, reason: 'unknown'})
    vm.exitOnMsrs({})
    expect(guest.numberOf(vcpu.run())).toBe(FAULT)
  })

  test.each<[string, object]>([
    ['17 ranges', {ranges: Array.from({length: 17}, () => ({first: 0}))}],
    ['a range of none', {ranges: [{first: 0, count: 0}]}],
    ['a range that is too long', {ranges: [{first: 0, count: 0x3001}]}],
    ['a number of 33 bits', {ranges: [{first: 2 ** 32}]}],
    ['another access', {ranges: [{first: 0, access: 'execute'}]}],
  ])('refuses %s as BAD_ARGUMENT', (_, exits) => {
    expect(codeOf(() => vm.exitOnMsrs(exits))).toBe('BAD_ARGUMENT')
  })
})
