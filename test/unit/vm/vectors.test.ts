// Floating-point and vector registers: what the guest computes with, what is kept, and what is refused.

import {afterEach, beforeEach, expect, test} from 'vitest'
import {arch} from '../../../src/arch/index.ts'
import type {Vcpu} from '../../../src/vm/vcpu.ts'
import type {VectorName, VectorValues} from '../../../src/vm/vectors.ts'
import type {Vm} from '../../../src/vm/vm.ts'
import {instructions} from '../../helpers/arm64-code.ts'
import {guest} from '../../helpers/guest-code.ts'
import {codeOf, describeKvm, describeOn, standingBefore} from '../../helpers/vm.ts'

const isX86 = arch.name === 'x86_64'
const [first, second]: VectorName[] = isX86 ? ['xmm0', 'xmm15'] : ['v0', 'v31']
/** Copies the first register to the second. */
const copy = isX86
  ? // movaps %xmm0, %xmm15 wants long mode; movaps %xmm0, %xmm7
    [0x0f, 0x28, 0xf8]
  : // mov v31.16b, v0.16b
    instructions(0x4ea01c1f)
const target: VectorName = isX86 ? 'xmm7' : 'v31'
const bytes = (start: number, length = 16) => Uint8Array.from({length}, (_, index) => start + index)

describeKvm('vector registers', () => {
  let vm: Vm
  let vcpu: Vcpu
  beforeEach(() => {
    ;({vm, vcpu} = standingBefore([...copy, ...guest.stop]))
  })
  afterEach(() => vm[Symbol.dispose]())

  test('keep what is set, and the others what they had', () => {
    vcpu.vectors.set({[first]: bytes(1)})
    vcpu.vectors.set({[second]: bytes(100)})
    expect(vcpu.vectors.get(first)).toEqual(bytes(1))
    expect(vcpu.vectors.getAll()[second]).toEqual(bytes(100))
    expect(Object.keys(vcpu.vectors.getAll())).toEqual(vcpu.vectors.names)
  })

  test('are what the guest computes with', () => {
    if (isX86) vcpu.registers.set({cr4: 0x600n, cr0: 0x12n | (vcpu.registers.get('cr0') & ~0xcn)})
    vcpu.vectors.set({[first]: bytes(50)})
    expect(vcpu.run().kind).toBe(guest.stopKind)
    expect(vcpu.vectors.get(target)).toEqual(bytes(50))
  })

  test('are part of what is saved', () => {
    vcpu.vectors.set({[first]: bytes(7)})
    const state = vcpu.save()
    vcpu.vectors.set({[first]: bytes(9)})
    vcpu.restore(state)
    expect(vcpu.vectors.get(first)).toEqual(bytes(7))
  })

  test.each([
    ['a name that is none', {zmm40: bytes(0)}],
    ['the other architecture', {[isX86 ? 'v0' : 'xmm0']: bytes(0)}],
    ['too few bytes', {[first]: bytes(0, 15)}],
    ['too many bytes', {[first]: new Uint8Array(1 << 20)}],
    ['a bigint', {[first]: 1n}],
    ['an array', []],
  ])('refuse %s as BAD_ARGUMENT, and set nothing', (_, values) => {
    vcpu.vectors.set({[first]: bytes(1)})
    expect(codeOf(() => vcpu.vectors.set({[first]: bytes(2), ...values} as VectorValues))).toBe(
      Array.isArray(values) ? 'nothing was thrown' : 'BAD_ARGUMENT',
    )
  })

  test('are VCPU_BUSY and DISPOSED as registers are', () => {
    vcpu[Symbol.dispose]()
    expect(codeOf(() => vcpu.vectors.get(first))).toBe('DISPOSED')
    expect(codeOf(() => vcpu.vectors.names)).toBe('DISPOSED')
  })
})

describeOn('x86_64', 'the registers of XSAVE', () => {
  test('an ymm is its xmm and an upper half, where the host has AVX', () => {
    const {vm, vcpu} = standingBefore(guest.stop)
    using _ = vm
    if (!vcpu.vectors.names.includes('ymm3'))
      return expect(codeOf(() => vcpu.vectors.get('ymm3'))).toBe('BAD_ARGUMENT')
    vcpu.vectors.set({ymm3: bytes(1, 32)})
    expect(vcpu.vectors.get('xmm3')).toEqual(bytes(1))
    vcpu.vectors.set({xmm3: bytes(200)})
    expect(vcpu.vectors.get('ymm3')).toEqual(Uint8Array.from([...bytes(200), ...bytes(17)]))
  })

  // KVM keeps each component by itself: bytes at another offset would be lost, or another register's.
  test('a zmm is its ymm and an upper half, and is kept with the masks, where the host has AVX-512', () => {
    const {vm, vcpu} = standingBefore(guest.stop)
    using _ = vm
    if (!vcpu.vectors.names.includes('zmm20'))
      return expect(codeOf(() => vcpu.vectors.get('zmm20'))).toBe('BAD_ARGUMENT')
    vcpu.vectors.set({zmm1: bytes(1, 64), k1: bytes(9, 8), zmm31: bytes(100, 64)})
    expect(vcpu.vectors.get('ymm1')).toEqual(bytes(1, 32))
    expect(vcpu.vectors.get('ymm31')).toEqual(bytes(100, 32))
    vcpu.vectors.set({xmm31: bytes(3)})
    expect(vcpu.vectors.get('zmm31')).toEqual(Uint8Array.from([...bytes(3), ...bytes(116, 48)]))
    expect(vcpu.vectors.getAll().zmm1).toEqual(bytes(1, 64))
    expect(Object.keys(vcpu.vectors.getAll())).toEqual(vcpu.vectors.names)
    const saved = vcpu.save()
    vcpu.vectors.set({k1: bytes(0, 8), zmm1: bytes(0, 64)})
    vcpu.restore(saved)
    expect(vcpu.vectors.get('zmm1')).toEqual(bytes(1, 64))
    expect(vcpu.vectors.get('k1')).toEqual(bytes(9, 8))
  })

  test('those of the x87 are there, and MXCSR takes no bits that there are not', () => {
    const {vm, vcpu} = standingBefore(guest.stop)
    using _ = vm
    expect(vcpu.vectors.get('mxcsr')).toEqual(Uint8Array.of(0x80, 0x1f, 0, 0))
    vcpu.vectors.set({st1: bytes(1, 10), fcw: Uint8Array.of(0x7f, 2)})
    expect(vcpu.vectors.get('st1')).toEqual(bytes(1, 10))
    expect(vcpu.vectors.get('fcw')).toEqual(Uint8Array.of(0x7f, 2))
    expect(codeOf(() => vcpu.vectors.set({mxcsr: Uint8Array.of(0, 0, 0, 0xff)}))).toBe('BAD_ARGUMENT')
  })
})

describeOn('arm64', 'CPUID and MSRs', () => {
  test('are BAD_ARGUMENT, and the error says what there is', () => {
    const {vm, vcpu} = standingBefore(guest.stop)
    using _ = vm
    expect(codeOf(() => vcpu.cpuid.has('avx'))).toBe('BAD_ARGUMENT')
    expect(codeOf(() => vcpu.cpuid.getAll())).toBe('BAD_ARGUMENT')
    expect(codeOf(() => vcpu.msrs.get(1))).toBe('BAD_ARGUMENT')
    expect(() => vcpu.msrs.indexes).toThrow('arm64')
  })
})
