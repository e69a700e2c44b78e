// vCPUs of arm64: switched on through PSCI, woken by the interrupt controller, at EL2.

import {expect, test} from 'vitest'
import {addon} from '../../../../src/addon.ts'
import {arch} from '../../../../src/arch/index.ts'
import {Vm} from '../../../../src/vm/vm.ts'
import type {VmOptions} from '../../../../src/vm/vm-options.ts'
import {instructions, NOWHERE} from '../../../helpers/arm64-code.ts'
import {guest} from '../../../helpers/guest-code.ts'
import {addVcpu, codeOf, describeOn, flatImage, MEMORY_BYTES} from '../../../helpers/vm.ts'

const limits = arch.name === 'arm64' ? addon.vmLimits() : {ipaBits: 0, hasEl2: false}
const word = (value: number) => new Uint8Array(Uint32Array.of(value).buffer)
const create = (options: Partial<VmOptions>) =>
  Vm.create({memoryBytes: MEMORY_BYTES, memoryBase: guest.memoryBase, ...options})

describeOn('arm64', 'a vCPU that starts off', () => {
  test('runs once another switches it on', async () => {
    using vm = create({})
    const first = addVcpu(vm, 0, flatImage('cpu-on'))
    const second = vm.createVcpu({startsOff: true})
    first.registers.set({x1: second.registers.get('mpidr_el1') & 0xffffffn})
    const other = second.runAsync()
    expect(first.run()).toMatchObject({kind: 'mmio', address: NOWHERE, data: word(0)})
    expect(await other).toMatchObject({kind: 'mmio', address: NOWHERE + 4, data: word(0x1234)})
  })

  test('waits until then, and can be interrupted', async () => {
    using vm = create({})
    const off = vm.createVcpu({startsOff: true})
    expect((await off.runAsync(AbortSignal.timeout(50))).kind).toBe('interrupted')
  })
})

describeOn('arm64', 'an interrupt controller', () => {
  test('wakes the guest when its timer says so', async () => {
    using vm = create({irqchip: true})
    expect(['gicv2', 'gicv3']).toContain(vm.irqchip?.kind)
    const vcpu = addVcpu(vm, 0, flatImage(`gic-${vm.irqchip!.kind.slice(3)}`))
    const exit = await vcpu.runAsync(AbortSignal.timeout(10_000))
    expect(exit).toMatchObject({kind: 'mmio', address: NOWHERE, data: word(27)})
  })

  test('lets no vCPU be made behind the first run, and says so', () => {
    using vm = create({irqchip: true})
    expect(addVcpu(vm, 0, guest.stop).run().kind).toBe(guest.stopKind)
    expect(() => vm.createVcpu()).toThrow(/the interrupt controller has started/)
  })

  test('is refused where memory lies in its place', () => {
    expect(codeOf(() => create({irqchip: true, memoryBase: 0, memoryBytes: 2 ** 28}))).toBe('MEMORY_SIZE')
  })
})

describeOn('arm64', 'guest physical addresses', () => {
  test.each([32, 36, 40])('have %d bits when asked, if the host can', (ipaBits) => {
    if (ipaBits > limits.ipaBits) return expect(codeOf(() => create({ipaBits}))).toBe('BAD_ARGUMENT')
    using vm = create({ipaBits})
    expect(addVcpu(vm, 0, guest.stop).run().kind).toBe(guest.stopKind)
  })

  test.each([1, 31, 40.5, 53, 64, -1])('of %d bits are refused with the limit', (ipaBits) => {
    expect(codeOf(() => create({ipaBits}))).toBe('BAD_ARGUMENT')
    expect(() => create({ipaBits})).toThrow(`cannot have ${ipaBits} bits`)
  })
})

describeOn('arm64', 'nested virtualization', () => {
  const CURRENT_EL = 0xd5384241
  // mrs x1, CurrentEL
  const code = [...instructions(CURRENT_EL), ...guest.stop]

  test(`begins at EL2, or is refused with what it needs: this host has ${limits.hasEl2 ? 'it' : 'it not'}`, () => {
    if (!limits.hasEl2) return expect(codeOf(() => create({nested: true}))).toBe('KVM_UNUSABLE')
    using vm = create({nested: true})
    const vcpu = addVcpu(vm, 0, code)
    expect(vcpu.run().kind).toBe(guest.stopKind)
    expect(vcpu.registers.get('x1')).toBe(8n)
    expect(vcpu.registers.getAll().hcr_el2 & (1n << 34n)).not.toBe(0n)
  })

  test("EL2's registers are none where there is no EL2", () => {
    using vm = create({})
    const {registers} = addVcpu(vm, 0, code)
    expect(codeOf(() => registers.get('hcr_el2'))).toBe('BAD_ARGUMENT')
    expect(registers.getAll()).not.toHaveProperty('hcr_el2')
  })
})
