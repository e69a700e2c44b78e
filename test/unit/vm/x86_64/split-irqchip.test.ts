// A split interrupt controller: local APICs in KVM, and an IOAPIC of the host's that sends messages and hears of their ends.

import {expect, test} from 'vitest'
import type {Exit} from '../../../../src/vm/exit.ts'
import type {Msi} from '../../../../src/vm/irqchip.ts'
import {Vm} from '../../../../src/vm/vm.ts'
import {guest} from '../../../helpers/guest-code.ts'
import {codeOf, describeOn, MEMORY_BYTES} from '../../../helpers/vm.ts'

const READY = 1
/** The guest tells of each by the port of its number. */
const [OF_LEVEL, OF_EDGE] = [0x50, 0x51]
const [LEVEL, PIN, OTHER] = [0x8000, 4, 20]
const HANDLERS_AT = 0x1200
const HANDLER_BYTES = 0x40

const message = (vector: number, flags = 0): Msi => ({address: 0xfee00000, data: flags | vector})
const dword = (value: number): number[] => [...new Uint8Array(Uint32Array.of(value).buffer)]
// Real mode: mov ecx, msr; mov eax, low; xor edx, edx; wrmsr.
const wrmsr = (msr: number, low: number): number[] => [
  ...[0x66, 0xb9, ...dword(msr)],
  ...[0x66, 0xb8, ...dword(low), 0x66, 0x31, 0xd2, 0x0f, 0x30],
]
// SDM vol. 3, 12.12.1: x2APIC: IA32_APIC_BASE, the spurious-interrupt register, EOI.
const X2APIC = [...wrmsr(0x1b, 0xfee00d00), ...wrmsr(0x80f, 0x1ff)]
const EOI = wrmsr(0x80b, 0)
// sti; loop: hlt; jmp loop.
const WAIT = [0xfb, 0xf4, 0xeb, 0xfd]

async function started(): Promise<{vm: Vm; taken(): Promise<Exit>}> {
  const vm = Vm.create({memoryBytes: MEMORY_BYTES, irqchip: 'split'})
  for (const [i, vector] of [OF_LEVEL, OF_EDGE].entries()) {
    const at = HANDLERS_AT + i * HANDLER_BYTES
    // Tells; ends it; iret.
    vm.memory.write(at, Uint8Array.from([...guest.tell(vector), ...EOI, 0xcf]))
    vm.memory.write(4 * vector, Uint8Array.from(dword(at)))
  }
  const code = [...X2APIC, ...guest.tell(READY), ...WAIT]
  const vcpu = guest.start(vm, guest.at, code, {rsp: 0x8000n, 'ss.base': 0n, 'ss.selector': 0n})
  const taken = async (): Promise<Exit> => vcpu.runAsync(AbortSignal.timeout(60_000))
  expect(guest.numberOf(await taken())).toBe(READY)
  return {vm, taken}
}

describeOn('x86_64', 'a split interrupt controller', () => {
  test('tells of the end of what an input sent level-triggered, and of no other', async () => {
    const {vm, taken} = await started()
    using _ = vm
    const {irqchip} = vm
    irqchip!.route(PIN, message(OF_LEVEL, LEVEL))
    irqchip!.route(OTHER, message(OF_EDGE))
    for (let times = 0; times < 2; times++) {
      irqchip!.line(PIN).pulse()
      expect(guest.numberOf(await taken())).toBe(OF_LEVEL)
      expect(await taken()).toEqual({kind: 'ioapic-eoi', vector: OF_LEVEL})
      irqchip!.line(OTHER).pulse()
      expect(guest.numberOf(await taken())).toBe(OF_EDGE)
    }
    // A message that is none of an input's has no end to tell of.
    irqchip!.route(PIN, undefined)
    irqchip!.line(PIN).pulse()
    expect(irqchip!.sendMsi(message(OF_EDGE))).toBe(true)
    expect(guest.numberOf(await taken())).toBe(OF_EDGE)
  })

  test('takes signals of irqfds, of inputs and of messages beside them', async () => {
    const {vm, taken} = await started()
    using _ = vm
    vm.irqchip!.route(PIN, message(OF_LEVEL, LEVEL))
    const ofInput = vm.irqchip!.irqfd(PIN)
    const ofMessage = vm.irqchip!.irqfd(message(OF_EDGE))
    ofInput.signal()
    expect(guest.numberOf(await taken())).toBe(OF_LEVEL)
    expect((await taken()).kind).toBe('ioapic-eoi')
    ofMessage.signal()
    expect(guest.numberOf(await taken())).toBe(OF_EDGE)
    expect(codeOf(() => vm.irqchip!.irqfd(PIN, {resample: true}))).toBe('BAD_ARGUMENT')
  })

  test('is saved without chips of its own, and restored as one', () => {
    using vm = Vm.create({memoryBytes: MEMORY_BYTES, irqchip: 'split'})
    vm.createVcpu()
    const file = `/tmp/hv-split-${process.pid}`
    vm.save(file)
    using restored = Vm.restore(file)
    expect([restored.irqchip!.kind, restored.irqchip!.lines]).toEqual(['split', 24])
    expect(codeOf(() => vm.part('ioapic').read())).toBe('BAD_ARGUMENT')
  })

  test.each<[string, (vm: Vm) => unknown]>([
    ['an input that there is not', (vm) => vm.irqchip!.route(24, message(OF_EDGE))],
    ['half an input', (vm) => vm.irqchip!.route(0.5, message(OF_EDGE))],
    ['a message of 33 bits', (vm) => vm.irqchip!.route(PIN, {address: 0, data: 2 ** 32})],
    ['another kind', () => Vm.create({memoryBytes: MEMORY_BYTES, irqchip: 'whole' as never})],
  ])('refuses %s as BAD_ARGUMENT', (_, use) => {
    using vm = Vm.create({memoryBytes: MEMORY_BYTES, irqchip: 'split'})
    expect(codeOf(() => use(vm))).toBe('BAD_ARGUMENT')
    using whole = Vm.create({memoryBytes: MEMORY_BYTES, irqchip: true})
    expect(codeOf(() => whole.irqchip!.route(PIN, message(OF_EDGE)))).toBe('BAD_ARGUMENT')
  })
})
