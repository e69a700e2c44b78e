// A guest in each of the processor's modes halts with the expected value in a register and in memory.

import {expect, test} from 'vitest'
import type {Vcpu} from '../../../../src/vm/vcpu.ts'
import {Vm} from '../../../../src/vm/vm.ts'
import {guest} from '../../../helpers/guest-code.ts'
import {
  addVcpu,
  codeOf,
  describeOn,
  flatImage,
  isPvmHost,
  runToHalt,
  standingBefore,
} from '../../../helpers/vm.ts'
import {
  enterCompatibilityMode,
  enterLongMode,
  enterPagedMode,
  enterProtectedMode,
} from '../../../helpers/x86-modes.ts'

const CODE = guest.at
const EIGHT_MIB = 8 << 20
/** Where the image for long mode lies: the machine's tables take the first 64 KiB. */
const LONG_MODE_CODE = 0x10000

const valueAt = (vm: Vm, address: number): number => vm.memory.view(address, 1)[0]

function expectPaged(vm: Vm, vcpu: Vcpu): void {
  expect(runToHalt(vcpu)).toEqual({printed: 'paged 32-bit mode\n', kind: 'halt'})
  expect(vcpu.registers.get('rax')).toBe(42n)
  expect(valueAt(vm, 0x400010)).toBe(42)
}

describeOn('x86_64', 'guests/bare', () => {
  test("add-digit, LWN's program, prints the sum of 2 and 2 and halts", () => {
    const {vm, vcpu} = standingBefore(flatImage('add-digit'), {rax: 2n, rbx: 2n})
    using _ = vm
    expect(runToHalt(vcpu)).toEqual({printed: '4\n', kind: 'halt'})
  })

  test('real-mode halts with 42 in AX and in the memory of its segment', () => {
    const {vm, vcpu} = standingBefore(flatImage('real-mode'))
    using _ = vm
    expect(runToHalt(vcpu)).toEqual({printed: 'real mode\n', kind: 'halt'})
    expect(vcpu.registers.get('rax') & 0xffffn).toBe(42n)
    expect(valueAt(vm, 0x4010)).toBe(42)
  })

  test("protected-mode halts with 42 in EAX and in memory above real mode's reach", () => {
    using vm = Vm.create({memoryBytes: EIGHT_MIB})
    const vcpu = addVcpu(vm, 0, flatImage('protected-mode'))
    enterProtectedMode(vcpu, CODE)
    expect(runToHalt(vcpu)).toEqual({printed: 'protected mode\n', kind: 'halt'})
    expect(vcpu.registers.get('rax')).toBe(42n)
    expect(valueAt(vm, 0x210010)).toBe(42)
  })

  test('paged-32-bit halts with 42 in EAX and behind its page table, unless a PVM host refuses 32-bit paging', () => {
    using vm = Vm.create({memoryBytes: EIGHT_MIB})
    const vcpu = addVcpu(vm, 0, flatImage('paged-32-bit'))
    if (isPvmHost) {
      expect(codeOf(() => enterPagedMode(vm, vcpu, CODE, 0x400000))).toBe('KVM_UNUSABLE')
      return
    }
    enterPagedMode(vm, vcpu, CODE, 0x400000)
    expectPaged(vm, vcpu)
  })

  test('paged-32-bit halts with 42 in EAX and behind its page table in compatibility mode, on every host', () => {
    using vm = Vm.create({memoryBytes: EIGHT_MIB})
    const vcpu = addVcpu(vm, 0, flatImage('paged-32-bit'))
    enterCompatibilityMode(vm, vcpu, CODE, 0x400000)
    expectPaged(vm, vcpu)
  })

  test('long-mode halts with 42 in RAX and behind a mapping of the upper half', () => {
    using vm = Vm.create({memoryBytes: EIGHT_MIB})
    const vcpu = addVcpu(vm, LONG_MODE_CODE - CODE, flatImage('long-mode'))
    enterLongMode(vm, vcpu, LONG_MODE_CODE)
    expect(runToHalt(vcpu)).toEqual({printed: 'long mode\n', kind: 'halt'})
    expect(vcpu.registers.get('rax')).toBe(42n)
    expect(valueAt(vm, 0x400010)).toBe(42)
  })
})
