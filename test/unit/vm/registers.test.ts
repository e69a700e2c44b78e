// Registers: every one by name, together in one call, and what is refused.

import {readFileSync} from 'node:fs'
import {afterEach, beforeEach, expect, test} from 'vitest'
import {addon} from '../../../src/addon.ts'
import type {RegisterName, RegisterValues} from '../../../src/vm/registers.ts'
import type {Vcpu} from '../../../src/vm/vcpu.ts'
import type {Vm} from '../../../src/vm/vm.ts'
import {guest} from '../../helpers/guest-code.ts'
import {codeOf, describeKvm, standingBefore} from '../../helpers/vm.ts'

const [first, second] = guest.general
/** Without arm64's counter, which goes on. */
const withoutClock = (all: object) => ({...all, cntvct_el0: 0n})

describeKvm('Registers', () => {
  let vm: Vm
  let vcpu: Vcpu
  beforeEach(() => {
    ;({vm, vcpu} = standingBefore(guest.stop))
  })
  afterEach(() => vm[Symbol.dispose]())

  const set = (values: object) => codeOf(() => vcpu.registers.set(values as RegisterValues))

  test('keep what is set, and the others what they had', () => {
    vcpu.registers.set({[first]: 2n ** 64n - 1n, [second]: 0x1234n})
    const all = vcpu.registers.getAll()
    expect([all[first], all[second]]).toEqual([2n ** 64n - 1n, 0x1234n])
    expect(vcpu.registers.get(guest.programCounter)).toBe(BigInt(guest.at))
  })

  test('take back all that they gave', () => {
    const all = vcpu.registers.getAll()
    vcpu.registers.set(all)
    expect(withoutClock(vcpu.registers.getAll())).toEqual(withoutClock(all))
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
    ['a number', {[first]: 1}],
    ['undefined', {[first]: undefined}],
    ['a negative', {[first]: -1n}],
    ['65 bits', {[first]: 2n ** 64n}],
  ])('refuse %s as BAD_ARGUMENT and set nothing', (_, values) => {
    expect(set({[second]: 7n, ...values})).toBe('BAD_ARGUMENT')
    expect(vcpu.registers.get(second)).not.toBe(7n)
  })

  test('refuse an unknown name to read', () => {
    expect(codeOf(() => vcpu.registers.get('toString' as RegisterName))).toBe('BAD_ARGUMENT')
  })

  test('are DISPOSED with the vCPU', () => {
    vcpu[Symbol.dispose]()
    expect(codeOf(() => vcpu.registers.get(first))).toBe('DISPOSED')
    expect(codeOf(() => vcpu.registers.getAll())).toBe('DISPOSED')
    expect(set({[first]: 1n})).toBe('DISPOSED')
  })
})
