// Exits on arm64: addresses without memory, hypercalls, PSCI, and what is no exit.

import {release} from 'node:os'
import {expect, test} from 'vitest'
import type {MmioExit} from '../../../../src/vm/exit.ts'
import {instructions, move, NOWHERE} from '../../../helpers/arm64-code.ts'
import {guest} from '../../../helpers/guest-code.ts'
import {codeOf, describeOn, standingBefore} from '../../../helpers/vm.ts'

const HVC = 0xd4000002
const WFI = 0xd503207f
const SYSTEM_OFF = 0x84000008
const SYSTEM_RESET = 0x84000009
/** Whether KVM has the SMCCC filter: since Linux 6.4. */
const hasFilter = release().localeCompare('6.4', undefined, {numeric: true}) >= 0

/** x9 is the address of a device, x1 the value; then `code`, then the end. */
const accessing = (instruction: number, x1 = 0n) =>
  standingBefore([...instructions(...move(9, NOWHERE), instruction), ...guest.stop], {x1})

describeOn('arm64', 'memory exits', () => {
  test.each([
    ['strb', 0x39000121, [0x88]],
    ['strh', 0x79000121, [0x88, 0x77]],
    ['str w', 0xb9000121, [0x88, 0x77, 0x66, 0x55]],
    ['str x', 0xf9000121, [0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11]],
  ])('a store by %s has address and data', (_, store, bytes) => {
    const {vm, vcpu} = accessing(store, 0x1122334455667788n)
    using _vm = vm
    expect(vcpu.run()).toEqual({kind: 'mmio', isWrite: true, address: NOWHERE, data: Uint8Array.from(bytes)})
    expect(vcpu.run().kind).toBe(guest.stopKind)
  })

  test.each([
    ['ldrb', 0x39400121, 1, 0x81n],
    ['ldr w', 0xb9400121, 4, 0x84838281n],
    ['ldr x', 0xf9400121, 8, 0x8887868584838281n],
  ])('a load by %s gives the guest what was put into data', (_, load, size, expected) => {
    const {vm, vcpu} = accessing(load)
    using _vm = vm
    const exit = vcpu.run() as MmioExit
    expect(exit).toEqual({kind: 'mmio', isWrite: false, address: NOWHERE, data: new Uint8Array(size)})
    for (let i = 0; i < size; i++) exit.data[i] = 0x81 + i
    expect(vcpu.run().kind).toBe(guest.stopKind)
    expect(vcpu.registers.get('x1')).toBe(expected)
  })

  test('the last byte of memory is memory, the next is not', () => {
    const {vm, vcpu} = standingBefore([])
    using _ = vm
    const end = vm.memory.base + vm.memory.size
    // strb w1, [x9, #-1]!; strb w1, [x9, #1]
    vm.memory.write(guest.at, Uint8Array.from(instructions(...move(9, end), 0x381ffd21, 0x39000521)))
    expect(vcpu.run()).toMatchObject({kind: 'mmio', address: end})
  })

  test('an access that the processor does not describe is an internal error that names the address', () => {
    // stp xzr, xzr, [x9]
    const {vm, vcpu} = accessing(0xa9007d3f)
    using _ = vm
    expect(vcpu.run()).toMatchObject({
      kind: 'internal-error',
      suberror: 1,
      data: [expect.anything(), BigInt(NOWHERE)],
    })
  })
})

describeOn('arm64', 'calls to the hypervisor', () => {
  const calling = (number: number) => instructions(...move(0, number), HVC)

  test.each([
    ['SYSTEM_OFF', SYSTEM_OFF, 'off'],
    ['SYSTEM_RESET', SYSTEM_RESET, 'reset'],
  ])("PSCI's %s is a shutdown", (_, call, reason) => {
    const {vm, vcpu} = standingBefore(calling(call))
    using _vm = vm
    expect(vcpu.run()).toEqual({kind: 'shutdown', reason})
  })

  test('a hypercall has number and arguments, and gives the guest its result; before Linux 6.4 KVM refuses it', () => {
    const {vm, vcpu} = standingBefore([...calling(0xc3000001), ...guest.stop], {x1: 11n, x2: 12n, x6: 16n})
    using _ = vm
    const exit = vcpu.run()
    if (!hasFilter) {
      expect(exit.kind).toBe(guest.stopKind)
      expect(BigInt.asIntN(32, vcpu.registers.get('x0'))).toBe(-1n)
      return
    }
    if (exit.kind !== 'hypercall') throw new Error(exit.kind)
    expect([exit.number, ...exit.args]).toEqual([0xc3000001, 11n, 12n, 0n, 0n, 0n, 16n])
    exit.result = 0x7777n
    expect(vcpu.run().kind).toBe(guest.stopKind)
    expect(vcpu.registers.get('x0')).toBe(0x7777n)
  })

  test('a filter decides what becomes of a call, before the first run alone; KVM has none before Linux 6.4', () => {
    const {vm, vcpu} = standingBefore([...calling(0x83000001), ...calling(SYSTEM_OFF), ...guest.stop])
    using _ = vm
    if (!hasFilter) {
      expect(codeOf(() => vm.filterCalls({base: 0x83000000, action: 'exit'}))).toBe('KVM_UNUSABLE')
      return
    }
    vm.filterCalls({base: 0x83000000, count: 2, action: 'exit'})
    vm.filterCalls({base: SYSTEM_OFF, action: 'deny'})
    for (const wrong of [
      {base: 0x83000001},
      {base: 0xc3000000},
      {base: -1},
      {base: 1, count: 0},
      {base: 1, action: 'x'},
    ])
      expect(codeOf(() => vm.filterCalls({action: 'exit', ...wrong} as never))).toBe('BAD_ARGUMENT')
    expect(vcpu.run()).toMatchObject({kind: 'hypercall', number: 0x83000001})
    expect(vcpu.run().kind).toBe(guest.stopKind)
    expect(BigInt.asIntN(32, vcpu.registers.get('x0'))).toBe(-1n)
    expect(codeOf(() => vm.filterCalls({base: 0x83000010, action: 'exit'}))).toBe('BAD_ARGUMENT')
  })

  test("the guest's counter is the host's less an offset, from Linux 6.4 on", () => {
    // mrs x1, cntvct_el0; mrs x2, cntfrq_el0
    const {vm, vcpu} = standingBefore([...instructions(0xd53be041, 0xd53be002), ...guest.stop])
    using _ = vm
    if (!hasFilter) return expect(codeOf(() => vm.setCounterOffset(0n))).toBe('KVM_UNUSABLE')
    vm.setCounterOffset(-(1n << 60n))
    expect(vcpu.run().kind).toBe(guest.stopKind)
    expect(vcpu.registers.get('x1') >> 60n).toBe(1n)
    expect(codeOf(() => vm.setCounterOffset(1 as never))).toBe('BAD_ARGUMENT')
  })

  test('WFI is no exit: KVM waits, until it is interrupted', async () => {
    const {vm, vcpu} = standingBefore(instructions(WFI))
    using _ = vm
    expect((await vcpu.runAsync(AbortSignal.timeout(50))).kind).toBe('interrupted')
  })
})
