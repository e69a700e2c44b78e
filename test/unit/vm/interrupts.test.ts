// Interrupts of a vCPU whose VM has no interrupt controller, and those that no controller sends.

import {expect, test} from 'vitest'
import {Vm} from '../../../src/vm/vm.ts'
import {instructions} from '../../helpers/arm64-code.ts'
import {type Code, guest} from '../../helpers/guest-code.ts'
import {codeOf, describeKvm, describeOn, isPvmHost, MEMORY_BYTES, standingBefore} from '../../helpers/vm.ts'

const VECTOR = 0x50
const [TOLD, AT_VECTOR, AT_NMI, AT_SMI] = [0x60, 0x61, 0x62, 0x63]
const STI = 0xfb
const NOP = 0x90
const HLT = 0xf4
const IRET = 0xcf
const RSM = [0x0f, 0xaa]
const NMI_VECTOR = 2
/** A PVM host interprets these guests, and looks for interrupts at the next HLT alone. */
const WINDOW = isPvmHost ? 'halt' : 'interrupt-window'
const HANDLERS_AT = 0x2000
/** SDM vol. 3, 33.4: SMBASE after reset, and the entry point in it. */
const SMM_ENTRY = 0x30000 + 0x8000

/** A real-mode guest about to run `code`, with a handler for VECTOR and one for NMIs. */
function withHandlers(code: Code) {
  const {vm, vcpu} = standingBefore(code, {rsp: 0x8000n, 'ss.base': 0n, 'ss.selector': 0n})
  const place = (vector: number, told: number): void => {
    const at = HANDLERS_AT + 16 * vector
    vm.memory.write(at, Uint8Array.from([...guest.tell(told), IRET]))
    vm.memory.write(4 * vector, new Uint8Array(Uint32Array.of(at).buffer))
  }
  place(VECTOR, AT_VECTOR)
  place(NMI_VECTOR, AT_NMI)
  const told = (): number => guest.numberOf(vcpu.run())
  const takesAtWindow = (): void => {
    expect(vcpu.run()).toEqual({kind: WINDOW})
    expect(vcpu.interrupt(VECTOR)).toBe(true)
    expect(told()).toBe(AT_VECTOR)
  }
  return {vm, vcpu, told, takesAtWindow}
}

describeOn('x86_64', 'a vector', () => {
  test('interrupts a guest that waits for one', () => {
    const {vm, vcpu, told} = withHandlers([STI, ...guest.repeat([HLT])])
    using _ = vm
    for (let i = 0; i < 3; i++) {
      expect(vcpu.run().kind).toBe('halt')
      expect(vcpu.interrupt(VECTOR)).toBe(true)
      expect(told()).toBe(AT_VECTOR)
    }
  })

  test('waits for a guest that has interrupts switched off', () => {
    const {vm, vcpu, told, takesAtWindow} = withHandlers([
      ...guest.tell(TOLD),
      ...guest.tell(TOLD),
      STI,
      NOP,
      NOP,
      ...guest.repeat([HLT]),
    ])
    using _ = vm
    expect(told()).toBe(TOLD)
    expect(vcpu.interrupt(VECTOR)).toBe(false)
    expect(told()).toBe(TOLD)
    takesAtWindow()
    expect(vcpu.run().kind).toBe('halt')
  })

  test('waits for one that was given before', () => {
    const {vm, vcpu, told, takesAtWindow} = withHandlers([STI, ...guest.repeat([HLT])])
    using _ = vm
    expect(vcpu.run().kind).toBe('halt')
    expect([vcpu.interrupt(VECTOR), vcpu.interrupt(VECTOR)]).toEqual([true, false])
    expect(told()).toBe(AT_VECTOR)
    takesAtWindow()
  })

  test('is not forced on a guest whose flags were changed since its last exit', () => {
    const {vm, vcpu, told} = withHandlers([
      STI,
      HLT,
      ...guest.tell(TOLD),
      STI,
      NOP,
      NOP,
      ...guest.repeat([HLT]),
    ])
    using _ = vm
    expect(vcpu.run().kind).toBe('halt')
    vcpu.registers.set({rflags: 2n})
    expect(vcpu.interrupt(VECTOR)).toBe(false)
    expect(told()).toBe(TOLD)
    expect(vcpu.run()).toEqual({kind: WINDOW})
  })

  test('that waits to be taken is saved with the vCPU', () => {
    const {vm, vcpu, told} = withHandlers([STI, ...guest.repeat([HLT])])
    using _ = vm
    vcpu.run()
    vcpu.interrupt(VECTOR)
    const saved = vcpu.save()
    expect(told()).toBe(AT_VECTOR)
    expect(vcpu.run().kind).toBe('halt')
    vcpu.restore(saved)
    expect(told()).toBe(AT_VECTOR)
  })

  test('is BAD_ARGUMENT where it is none, and where a controller interrupts', () => {
    const {vm, vcpu} = withHandlers([STI, HLT])
    using _ = vm
    for (const bad of [-1, 256, 0.5, '32', null])
      expect(codeOf(() => vcpu.interrupt(bad as never))).toBe('BAD_ARGUMENT')
    using controlled = Vm.create({memoryBytes: MEMORY_BYTES, irqchip: true})
    expect(codeOf(() => controlled.createVcpu().interrupt(VECTOR))).toBe('BAD_ARGUMENT')
    vcpu[Symbol.dispose]()
    expect(codeOf(() => vcpu.interrupt(VECTOR))).toBe('DISPOSED')
  })
})

describeOn('x86_64', 'an NMI', () => {
  test('interrupts a guest that has interrupts switched off', () => {
    const {vm, vcpu, told} = withHandlers([...guest.tell(TOLD), HLT])
    using _ = vm
    expect(told()).toBe(TOLD)
    vcpu.nmi()
    expect(told()).toBe(AT_NMI)
    expect(vcpu.run().kind).toBe('halt')
  })
})

describeOn('x86_64', 'an SMI', () => {
  test('runs the handler of system management mode, which PVM hosts have none of', () => {
    const {vm, vcpu, told} = withHandlers([...guest.tell(TOLD), HLT])
    using _ = vm
    vm.memory.write(SMM_ENTRY, Uint8Array.from([...guest.tell(AT_SMI), ...RSM]))
    expect(told()).toBe(TOLD)
    if (isPvmHost) return expect(codeOf(() => vcpu.smi())).toBe('KVM_UNUSABLE')
    vcpu.smi()
    expect(told()).toBe(AT_SMI)
    expect(vcpu.run().kind).toBe('halt')
  })
})

/** Arm ARM, D1.3.1.4: from the current EL with SPx. */
const VECTORS = {irq: 0x280, fiq: 0x300}
const VECTORS_OFFSET = 0x800
// msr daifclr, #3
const UNMASK = instructions(0xd50343ff)
const ERET = instructions(0xd69f03e0)

describeOn('arm64', 'an input of a vCPU', () => {
  test.each(['irq', 'fiq'] as const)('%s interrupts while it is raised', async (input) => {
    const vbar = BigInt(guest.at + VECTORS_OFFSET)
    const {vm, vcpu} = standingBefore([...UNMASK, ...guest.tell(TOLD), ...guest.spin], {vbar_el1: vbar})
    using _ = vm
    for (const [name, offset] of Object.entries(VECTORS))
      vm.memory.write(
        guest.at + VECTORS_OFFSET + offset,
        Uint8Array.from([...guest.tell(name === input ? AT_VECTOR : AT_NMI), ...ERET]),
      )
    const told = async (): Promise<number> => guest.numberOf(await vcpu.runAsync(AbortSignal.timeout(60_000)))
    expect(await told()).toBe(TOLD)
    const line = vcpu.line(input)
    line.raise()
    expect([await told(), await told()]).toEqual([AT_VECTOR, AT_VECTOR])
    line.lower()
    expect((await vcpu.runAsync(AbortSignal.timeout(100))).kind).toBe('interrupted')
    // While it runs.
    const next = told()
    line.raise()
    expect(await next).toBe(AT_VECTOR)
  })

  test('is BAD_ARGUMENT where there is none, or the VM has a controller', () => {
    const {vm, vcpu} = standingBefore(guest.stop)
    using _ = vm
    expect(codeOf(() => vcpu.line('nmi' as never))).toBe('BAD_ARGUMENT')
    const line = vcpu.line('irq')
    vcpu[Symbol.dispose]()
    expect(codeOf(() => line.raise())).toBe('DISPOSED')
    using controlled = Vm.create({memoryBytes: MEMORY_BYTES, memoryBase: guest.memoryBase, irqchip: true})
    expect(codeOf(() => controlled.createVcpu().line('irq').raise())).toBe('BAD_ARGUMENT')
  })
})

describeKvm('what only the other architecture has', () => {
  test('is BAD_ARGUMENT', () => {
    const {vm, vcpu} = standingBefore(guest.stop)
    using _ = vm
    const others =
      guest.stopKind === 'halt'
        ? [() => vcpu.line('irq')]
        : [() => vcpu.interrupt(VECTOR), () => vcpu.nmi(), () => vcpu.smi()]
    for (const other of others) expect(codeOf(other)).toBe('BAD_ARGUMENT')
  })
})
