// What is saved when an exit waits for its answer, or is not the last of its instruction.

import {expect, test} from 'vitest'
import {arch} from '../../../../src/arch/index.ts'
import type {Exit} from '../../../../src/vm/exit.ts'
import {instructions, move, NOWHERE} from '../../../helpers/arm64-code.ts'
import {guest} from '../../../helpers/guest-code.ts'
import {codeOf, describeKvm, describeOn, standingBefore} from '../../../helpers/vm.ts'

const isX86 = arch.name === 'x86_64'
// in $0x60, %al; ldrb w1, [x9]
const load = isX86 ? [0xe4, 0x60] : instructions(...move(9, NOWHERE + 0x100), 0x39400121)
const loaded = isX86 ? 'rax' : 'x1'

function answer(exit: Exit, byte: number): void {
  if (exit.kind !== 'io' && exit.kind !== 'mmio') throw new Error(exit.kind)
  exit.data[0] = byte
}

describeKvm('an exit that waits for its answer', () => {
  test('gets it when the vCPU is saved, once', () => {
    const {vm, vcpu} = standingBefore([...load, ...guest.stop])
    using _ = vm
    const exit = vcpu.run()
    answer(exit, 42)
    const state = vcpu.save()
    answer(exit, 43)
    expect(vcpu.run().kind).toBe(guest.stopKind)
    expect(vcpu.registers.get(loaded) & 0xffn).toBe(42n)
    vcpu.registers.set({[loaded]: 0n})
    vcpu.restore(state)
    expect(vcpu.registers.get(loaded) & 0xffn).toBe(42n)
  })

  test('gets none when another state is restored', () => {
    const {vm, vcpu} = standingBefore([...load, ...guest.stop])
    using _ = vm
    const state = vcpu.save()
    answer(vcpu.run(), 42)
    vcpu.restore(state)
    answer(vcpu.run(), 44)
    expect(vcpu.run().kind).toBe(guest.stopKind)
    expect(vcpu.registers.get(loaded) & 0xffn).toBe(44n)
  })
})

describeOn('x86_64', 'an instruction that makes several exits', () => {
  test('is not saved in its middle, and loses none of them', () => {
    // mov %eax, 0xffe across two pages, in a segment where there is no memory
    const {vm, vcpu} = standingBefore([0x66, 0xa3, 0xfe, 0x0f, ...guest.stop])
    using _ = vm
    vcpu.registers.set({'ds.base': 0x200000n, rax: 0x44332211n})
    const stores = []
    for (const last of [false, true]) {
      const exit = vcpu.run()
      if (exit.kind !== 'mmio') throw new Error(exit.kind)
      stores.push([exit.address, ...exit.data])
      for (let i = 0; i < 2; i++)
        expect(codeOf(() => vcpu.save())).toBe(last ? 'nothing was thrown' : 'VCPU_BUSY')
    }
    expect(stores).toEqual([
      [0x200ffe, 0x11, 0x22],
      [0x201000, 0x33, 0x44],
    ])
    expect(vcpu.run().kind).toBe('halt')
  })
})
