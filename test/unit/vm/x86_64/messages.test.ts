// Messages that interrupt a guest: sent by a call, and by signals of an eventfd.

import {writeSync} from 'node:fs'
import {expect, test} from 'vitest'
import type {Exit} from '../../../../src/vm/exit.ts'
import type {Msi} from '../../../../src/vm/irqchip.ts'
import {Vm} from '../../../../src/vm/vm.ts'
import {guest} from '../../../helpers/guest-code.ts'
import {GSI, interrupted, isTaken} from '../../../helpers/interrupts.ts'
import {codeOf, describeOn, MEMORY_BYTES} from '../../../helpers/vm.ts'

const ONE = new Uint8Array(BigUint64Array.of(1n).buffer)
const READY = 1
/** The guest tells of each by the port of its number, at which KVM has no device: the PIT has 0x40 to 0x43. */
const [FIRST, SECOND, OF_PIN] = [0x50, 0x51, 0x52]
/** The PIC has none of this number. */
const PIN = 20
const HANDLERS_AT = 0x1200
const HANDLER_BYTES = 0x40

/** To the first processor's local APIC. */
const message = (vector: number): Msi => ({address: 0xfee00000, data: vector})

const dword = (value: number): number[] => [...new Uint8Array(Uint32Array.of(value).buffer)]
// Real mode: mov ecx, msr; mov eax, low; xor edx, edx; wrmsr.
const wrmsr = (msr: number, low: number): number[] => [
  ...[0x66, 0xb9, ...dword(msr)],
  ...[0x66, 0xb8, ...dword(low), 0x66, 0x31, 0xd2, 0x0f, 0x30],
]
// SDM vol. 3, 12.12.1: x2APIC: IA32_APIC_BASE, the spurious-interrupt register, EOI.
const X2APIC = [...wrmsr(0x1b, 0xfee00d00), ...wrmsr(0x80f, 0x1ff)]
// movl $value, address, of four bytes: the segment's limit lets it.
const store = (address: number, value: number): number[] => [
  ...[0x67, 0x66, 0xc7, 0x05, ...dword(address), ...dword(value)],
]
// The IOAPIC's redirection of a pin: its datasheet (82093AA), IOREDTBL.
const IOAPIC = [...store(0xfec00000, 0x10 + 2 * PIN), ...store(0xfec00010, OF_PIN)]
const EOI = wrmsr(0x80b, 0)
// sti; loop: hlt; jmp loop.
const WAIT = [0xfb, 0xf4, 0xeb, 0xfd]

/** A guest that tells of each vector that it takes. */
async function started(): Promise<{vm: Vm; taken(): Promise<Exit>}> {
  const vm = Vm.create({memoryBytes: MEMORY_BYTES, memoryBase: guest.memoryBase, irqchip: true})
  for (const [i, vector] of [FIRST, SECOND, OF_PIN].entries()) {
    const at = HANDLERS_AT + i * HANDLER_BYTES
    // Tells; iret.
    vm.memory.write(at, Uint8Array.from([...EOI, ...guest.tell(vector), 0xcf]))
    vm.memory.write(4 * vector, Uint8Array.from(dword(at)))
  }
  const segments = {'ss.base': 0n, 'ss.selector': 0n, 'ds.base': 0n, 'ds.limit': 0xffff_ffffn, 'ds.g': 1n}
  const code = [...X2APIC, ...IOAPIC, ...guest.tell(READY), ...WAIT]
  const vcpu = guest.start(vm, guest.at, code, {rsp: 0x8000n, ...segments})
  const taken = async (): Promise<Exit> => vcpu.runAsync(AbortSignal.timeout(60_000))
  expect(guest.numberOf(await taken())).toBe(READY)
  return {vm, taken}
}

describeOn('x86_64', 'a message', () => {
  test('interrupts when it is sent', async () => {
    const {vm, taken} = await started()
    using _ = vm
    for (const vector of [FIRST, SECOND]) {
      const next = taken()
      expect(vm.irqchip!.sendMsi(message(vector))).toBe(true)
      expect(guest.numberOf(await next)).toBe(vector)
    }
  })

  test('interrupts at each signal of its irqfd, and inputs work as before', async () => {
    const {vm, taken} = await started()
    using _ = vm
    const {irqchip} = vm
    expect(vm.eventfdLimits.messages).toBe(true)
    using first = irqchip!.irqfd(message(FIRST))
    using second = irqchip!.irqfd(message(SECOND))
    using input = irqchip!.irqfd(PIN)
    for (const [signal, vector] of [
      [() => first.signal(), FIRST],
      [() => writeSync(second.fd, ONE), SECOND],
      [() => input.signal(), OF_PIN],
      [() => irqchip!.line(PIN).pulse(), OF_PIN],
      [() => first.signal(), FIRST],
    ] as const) {
      const next = taken()
      signal()
      expect(guest.numberOf(await next)).toBe(vector)
    }
  })

  test('leaves the PIC its inputs', async () => {
    const {vm, taken} = await interrupted(false)
    using _ = vm
    using irqfd = vm.irqchip!.irqfd(message(FIRST))
    expect(irqfd.fd).toBeGreaterThan(2)
    const next = taken()
    vm.irqchip!.line(GSI).pulse()
    expect(isTaken(await next)).toBe(true)
  })

  test('has a number that the next one gets when its irqfd is disposed of', async () => {
    const {vm, taken} = await started()
    using _ = vm
    const first = vm.irqchip!.irqfd(message(FIRST))
    using second = vm.irqchip!.irqfd(message(SECOND))
    const {fd} = first
    first[Symbol.dispose]()
    first[Symbol.dispose]()
    expect(() => writeSync(fd, ONE)).toThrow('EBADF')
    using third = vm.irqchip!.irqfd(message(FIRST))
    for (const [irqfd, vector] of [[second, SECOND] as const, [third, FIRST] as const]) {
      const next = taken()
      irqfd.signal()
      expect(guest.numberOf(await next)).toBe(vector)
    }
  })

  test('is BAD_ARGUMENT where it is none, or is to have a level', async () => {
    using vm = Vm.create({memoryBytes: MEMORY_BYTES, memoryBase: guest.memoryBase, irqchip: true})
    const irqfd = (...args: unknown[]) => vm.irqchip!.irqfd(...(args as [Msi]))
    for (const bad of [{}, null, {address: -1, data: 0}, {address: 0xfee00000, data: 2 ** 32}]) {
      expect(codeOf(() => irqfd(bad))).toBe('BAD_ARGUMENT')
    }
    expect(codeOf(() => irqfd(message(FIRST), {resample: true}))).toBe('BAD_ARGUMENT')
    expect(codeOf(() => irqfd(message(FIRST), {fd: 2 ** 30}))).toBe('BAD_ARGUMENT')
  })

  test('may be one of 256', async () => {
    const {vm, taken} = await started()
    using _ = vm
    for (let i = 0; i < 255; i++) vm.irqchip!.irqfd(message(FIRST))
    const last = vm.irqchip!.irqfd(message(SECOND))
    expect(codeOf(() => vm.irqchip!.irqfd(message(FIRST)))).toBe('BAD_ARGUMENT')
    const next = taken()
    last.signal()
    expect(guest.numberOf(await next)).toBe(SECOND)
  })
})
