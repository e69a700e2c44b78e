// Exits on x86_64: what a vCPU stopped for, and how an answer gets back to the guest.

import {expect, test} from 'vitest'
import type {IoExit, MmioExit} from '../../../../src/vm/exit.ts'
import {addVcpu, describeOn, isPvmHost, standingBefore} from '../../../helpers/vm.ts'
import {enterProtectedMode} from '../../../helpers/x86-modes.ts'

const HLT = 0xf4
/** 2 MiB: above MEMORY_BYTES. */
const NOWHERE = 0x200000

/** More than an emulated processor needs for one instruction. */
const HYPERCALL_MS = isPvmHost ? 100 : 10_000

/** 32-bit protected mode, which reaches addresses without memory. */
function protectedMode(code: number[]) {
  const {vm, vcpu} = standingBefore(code)
  enterProtectedMode(vcpu, 0x1000)
  return {vm, vcpu}
}

describeOn('x86_64', 'port exits', () => {
  test('an OUT has the port, the size and the value', () => {
    // mov $0x1234, %dx; mov $0x89abcdef, %eax; out %eax, %dx
    const {vm, vcpu} = standingBefore([0xba, 0x34, 0x12, 0x66, 0xb8, 0xef, 0xcd, 0xab, 0x89, 0x66, 0xef, HLT])
    using _ = vm
    const exit = vcpu.run() as IoExit
    expect(exit).toEqual({
      kind: 'io',
      direction: 'out',
      port: 0x1234,
      size: 4,
      count: 1,
      data: Uint8Array.of(0xef, 0xcd, 0xab, 0x89),
    })
    expect(vcpu.run().kind).toBe('halt')
    expect(exit.data[0], 'an exit keeps its data').toBe(0xef)
  })

  test.each([
    [1, [0xec], 0xffffff42n],
    [2, [0xed], 0xffff1042n],
    [4, [0x66, 0xed], 0x30201042n],
  ])('an IN of %d bytes gives the guest what was put into data', (size, input, expected) => {
    // mov $0x60, %dx; in %dx, …
    const {vm, vcpu} = standingBefore([0xba, 0x60, 0x00, ...input, HLT], {rax: 0xffffffffn})
    using _ = vm
    const exit = vcpu.run() as IoExit
    expect(exit).toMatchObject({kind: 'io', direction: 'in', port: 0x60, size, count: 1})
    exit.data.set([0x42, 0x10, 0x20, 0x30].slice(0, size))
    expect(vcpu.run().kind).toBe('halt')
    expect(vcpu.registers.get('rax')).toBe(expected)
  })

  test('an IN that nobody answers gives zero', () => {
    const {vm, vcpu} = standingBefore([0xe4, 0x60, HLT], {rax: 0xffn})
    using _ = vm
    vcpu.run()
    vcpu.run()
    expect(vcpu.registers.get('rax')).toBe(0n)
  })

  test('a string output has all bytes in order, in one exit or several', () => {
    // mov $0x2000, %si; mov $6, %cx; mov $0xe9, %dx; cld; rep outsb
    const {vm, vcpu} = standingBefore([0xbe, 0, 0x20, 0xb9, 6, 0, 0xba, 0xe9, 0, 0xfc, 0xf3, 0x6e, HLT])
    using _ = vm
    vm.memory.write(0x2000, Buffer.from('string'))
    let text = ''
    let exit = vcpu.run()
    for (; exit.kind === 'io'; exit = vcpu.run()) {
      expect(exit.data.length).toBe(exit.size * exit.count)
      text += Buffer.from(exit.data).toString()
    }
    expect([text, exit.kind]).toEqual(['string', 'halt'])
  })

  test('a string input stores what was put into data, item by item', () => {
    // mov $0x2000, %di; mov $5, %cx; mov $0x60, %dx; cld; rep insw
    const {vm, vcpu} = standingBefore([0xbf, 0, 0x20, 0xb9, 5, 0, 0xba, 0x60, 0, 0xfc, 0xf3, 0x6d, HLT])
    using _ = vm
    let next = 1
    let exit = vcpu.run()
    for (; exit.kind === 'io'; exit = vcpu.run()) {
      expect([exit.direction, exit.size]).toEqual(['in', 2])
      for (let i = 0; i < exit.data.length; i++) exit.data[i] = next++
    }
    expect(exit.kind).toBe('halt')
    expect([...vm.memory.read(0x2000, 11)]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0])
  })
})

describeOn('x86_64', 'memory exits', () => {
  test('a store where there is no memory has address and data', () => {
    // movl $0x12345678, NOWHERE
    const {vm, vcpu} = protectedMode([0xc7, 0x05, 0, 0, 0x20, 0, 0x78, 0x56, 0x34, 0x12, HLT])
    using _ = vm
    const data = Uint8Array.of(0x78, 0x56, 0x34, 0x12)
    expect(vcpu.run()).toEqual({kind: 'mmio', isWrite: true, address: NOWHERE, data})
    expect(vcpu.run().kind).toBe('halt')
  })

  test('a load where there is no memory gives the guest what was put into data', () => {
    // mov NOWHERE + 4, %eax
    const {vm, vcpu} = protectedMode([0xa1, 4, 0, 0x20, 0, HLT])
    using _ = vm
    const exit = vcpu.run() as MmioExit
    expect(exit).toMatchObject({kind: 'mmio', isWrite: false, address: NOWHERE + 4})
    exit.data.set([1, 2, 3, 4])
    expect(vcpu.run().kind).toBe('halt')
    expect(vcpu.registers.get('rax')).toBe(0x04030201n)
  })

  test('the last byte of memory is memory, the next is not', () => {
    // movb $1, 0xfffff; movb $1, 0x100000
    const {vm, vcpu} = protectedMode([0xc6, 0x05, 0xff, 0xff, 0x0f, 0, 1, 0xc6, 0x05, 0, 0, 0x10, 0, 1, HLT])
    using _ = vm
    expect(vcpu.run()).toMatchObject({kind: 'mmio', address: 0x100000})
    expect(vm.memory.view(0xfffff, 1)[0]).toBe(1)
  })
})

describeOn('x86_64', 'other exits', () => {
  test('HLT halts, and the next run goes on behind it', () => {
    const {vm, vcpu} = standingBefore([HLT, 0xb0, 7, HLT], {rax: 0n})
    using _ = vm
    expect(vcpu.run()).toEqual({kind: 'halt'})
    expect(vcpu.run()).toEqual({kind: 'halt'})
    expect(vcpu.registers.get('rax')).toBe(7n)
  })

  test('a triple fault is a shutdown, and the VM lives on', () => {
    // ud2, and no IDT to handle it
    const {vm, vcpu} = protectedMode([0x0f, 0x0b])
    using _ = vm
    vcpu.registers.set({'idt.base': 0n, 'idt.limit': 0n})
    expect(vcpu.run()).toEqual({kind: 'shutdown', reason: 'triple-fault'})
    expect(addVcpu(vm, 0x2000, [HLT]).run().kind).toBe('halt')
  })

  test('an instruction that KVM cannot even fetch is an internal error', () => {
    // ljmp to NOWHERE
    const {vm, vcpu} = protectedMode([0xea, 0, 0, 0x20, 0, 8, 0])
    using _ = vm
    vm.memory.write(
      0x7000,
      new Uint8Array(BigUint64Array.of(0n, 0x00cf9b000000ffffn, 0x00cf93000000ffffn).buffer),
    )
    vcpu.registers.set({'gdt.base': 0x7000n, 'gdt.limit': 23n})
    expect(vcpu.run()).toMatchObject({kind: 'internal-error', suberror: 1})
  })

  test('a hypercall that KVM leaves to its user comes out; a PVM host never finishes the instruction', async () => {
    // KVM_HC_MAP_GPA_RANGE (12) of one page at 0x5000; vmcall
    const {vm, vcpu} = protectedMode([0x0f, 0x01, 0xc1, HLT])
    using _ = vm
    vcpu.registers.set({rax: 12n, rbx: 0x5000n, rcx: 1n, rdx: 0x10n})
    const exit = await vcpu.runAsync(AbortSignal.timeout(HYPERCALL_MS))
    if (isPvmHost) {
      expect(exit.kind).toBe('interrupted')
      return
    }
    if (exit.kind !== 'hypercall') throw new Error(exit.kind)
    expect([exit.number, ...exit.args.slice(0, 3)]).toEqual([12, 0x5000n, 1n, 0x10n])
    exit.result = 0x77n
    expect(vcpu.run().kind).toBe('halt')
    expect(vcpu.registers.get('rax')).toBe(0x77n)
  })
})
