// CPUID on x86_64: leaves, features by name, what the guest sees of them, and what is refused.

import {afterEach, beforeEach, expect, test} from 'vitest'
import {featurePlaces} from '../../../../src/vm/cpuid-features.ts'
import type {Vcpu} from '../../../../src/vm/vcpu.ts'
import type {Vm} from '../../../../src/vm/vm.ts'
import {guest} from '../../../helpers/guest-code.ts'
import {codeOf, describeOn, standingBefore} from '../../../helpers/vm.ts'

describeOn('x86_64', 'CPUID', () => {
  let vm: Vm
  let vcpu: Vcpu
  beforeEach(() => {
    // cpuid
    ;({vm, vcpu} = standingBefore([0x0f, 0xa2, ...guest.stop]))
  })
  afterEach(() => vm[Symbol.dispose]())

  test('is what the guest gets', () => {
    vcpu.cpuid.set({leaf: 1, eax: 0x12345678, ebx: {mask: 0xff000000, value: 0x05ffffff}})
    const {ebx = 0} = vcpu.cpuid.get(1) ?? {}
    expect(ebx >>> 24).toBe(5)
    vcpu.registers.set({rax: 1n, rcx: 0n})
    expect(vcpu.run().kind).toBe(guest.stopKind)
    expect(vcpu.registers.get('rax')).toBe(0x12345678n)
    expect(vcpu.registers.get('rbx')).toBe(BigInt(ebx))
  })

  test('shows and hides features by name, all together', () => {
    const shown = () => (['hypervisor', 'nx', 'sse2'] as const).map((name) => vcpu.cpuid.has(name))
    vcpu.cpuid.setFeatures({hypervisor: true, nx: false})
    expect(shown()).toEqual([true, false, true])
    vcpu.cpuid.setFeatures({nx: true, hypervisor: false})
    expect(shown()).toEqual([false, true, true])
  })

  test('knows which features KVM offers', () => {
    expect(vcpu.cpuid.supports('sse2')).toBe(true)
    expect(vcpu.cpuid.supports('fpu')).toBe(vcpu.cpuid.has('fpu'))
  })

  test('gets a leaf that was not there, and gives none that is not', () => {
    expect(vcpu.cpuid.get(0x4f000000)).toBe(undefined)
    vcpu.cpuid.set({leaf: 0x4f000000, edx: 7})
    expect(vcpu.cpuid.get(0x4f000000)).toEqual({leaf: 0x4f000000, subleaf: 0, eax: 0, ebx: 0, ecx: 0, edx: 7})
    expect(vcpu.cpuid.getAll().length).toBeGreaterThan(5)
  })

  test('of 256 leaves at most', () => {
    const addAll = () => {
      for (let leaf = 0; leaf < 257; leaf++) vcpu.cpuid.set({leaf: 0x4f000000 + leaf, eax: 1})
    }
    expect(codeOf(addAll)).toBe('BAD_ARGUMENT')
  })

  test('is not changed behind the first run', () => {
    vcpu.run()
    expect(codeOf(() => vcpu.cpuid.setFeatures({sse2: false}))).toBe('BAD_ARGUMENT')
  })

  test.each([
    ['a feature that there is not', () => vcpu.cpuid.has('avx1024' as never)],
    ['a feature that is neither on nor off', () => vcpu.cpuid.setFeatures({avx: 1} as never)],
    ['33 bits', () => vcpu.cpuid.set({leaf: 1, eax: 2 ** 32})],
    ['less than nothing', () => vcpu.cpuid.set({leaf: 1, eax: {mask: -1, value: 0}})],
    ['no such register', () => vcpu.cpuid.set({leaf: 1, rax: 1} as never)],
    ['no leaf', () => vcpu.cpuid.set({eax: 1} as never)],
  ])('refuses %s as BAD_ARGUMENT', (_, set) => {
    expect(codeOf(set)).toBe('BAD_ARGUMENT')
  })

  test('each feature has a bit of its own', () => {
    const bits = [...featurePlaces.values()].map((place) => place.join(' '))
    expect(new Set(bits).size).toBe(bits.length)
  })
})
