// Parts of the state by the names of their fields.

import {expect, test} from 'vitest'
import {arch} from '../../../../src/arch/index.ts'
import {Vm} from '../../../../src/vm/vm.ts'
import {instructions} from '../../../helpers/arm64-code.ts'
import {guest} from '../../../helpers/guest-code.ts'
import {interrupted} from '../../../helpers/interrupts.ts'
import {codeOf, describeKvm, describeOn, MEMORY_BYTES, standingBefore} from '../../../helpers/vm.ts'

const [TOLD, TAKEN] = [0x60, 0x61]

describeOn('x86_64', 'a part', () => {
  test('of events interrupts the guest', () => {
    const {vm, vcpu} = standingBefore([...guest.tell(TOLD), 0xf4], {
      rsp: 0x8000n,
      'ss.base': 0n,
      'ss.selector': 0n,
    })
    using _ = vm
    vm.memory.write(0x2000, Uint8Array.from([...guest.tell(TAKEN), 0xcf]))
    vm.memory.write(4 * 2, new Uint8Array(Uint32Array.of(0x2000).buffer))
    expect(guest.numberOf(vcpu.run())).toBe(TOLD)
    const events = vcpu.part('events')
    expect(events.get('nmi.pending')).toBe(0n)
    events.set({'nmi.pending': 1n})
    expect(guest.numberOf(vcpu.run())).toBe(TAKEN)
    expect(events.get('nmi.masked')).toBe(1n)
    expect(vcpu.run().kind).toBe('halt')
    expect(events.get('nmi.masked')).toBe(0n)
  })

  test('of debug registers, of XCRs and of the frequency has what was set', () => {
    const {vm, vcpu} = standingBefore(guest.stop)
    using _ = vm
    const debug = vcpu.part('debugregs')
    debug.set({dr0: 0x1234n, dr3: 0xffff_8000_0000_0000n})
    expect(debug.getAll()).toMatchObject({
      dr0: 0x1234n,
      dr1: 0n,
      dr3: 0xffff_8000_0000_0000n,
      dr6: 0xffff0ff0n,
    })
    expect(vcpu.part('xcrs').get('xcr0') & 1n).toBe(1n)
    expect(vcpu.part('tsc-khz').get('khz')).toBeGreaterThan(1000n)
    expect(vcpu.part('cpuid').names).toEqual([])
    expect(vcpu.part('cpuid').read().length % 40).toBe(0)
  })

  test('of an interrupt controller shows what the guest has done to it', async () => {
    const {vm, vcpu} = await interrupted(false)
    using _ = vm
    expect(vm.part('pic-master').getAll()).toMatchObject({'irq-base': 0x20n, imr: 0n, isr: 0n})
    expect(vm.part('ioapic').get('redirection23')).toBe(0x10000n)
    expect(vm.part('pit').names).toContain('channel2.count-load-time')
    const lapic = vcpu.part('lapic')
    expect(lapic.get('svr')).toBe(0xffn)
    lapic.set({tpr: 0x20n})
    expect(lapic.get('tpr')).toBe(0x20n)
    expect(vm.part('clock').get('clock')).toBeGreaterThan(0n)
  })

  test('that comes with an irqchip is BAD_ARGUMENT without one', () => {
    const {vm, vcpu} = standingBefore(guest.stop)
    using _ = vm
    expect(codeOf(() => vcpu.part('lapic').read())).toBe('BAD_ARGUMENT')
    expect(codeOf(() => vm.part('pit').getAll())).toBe('BAD_ARGUMENT')
  })
})

describeOn('arm64', 'a part', () => {
  test('of events interrupts the guest with an SError', async () => {
    const vbar = guest.at + 0x800
    // msr daifclr, #4
    const unmask = instructions(0xd50344ff)
    const {vm, vcpu} = standingBefore([...unmask, ...guest.tell(TOLD), ...guest.spin], {
      vbar_el1: BigInt(vbar),
    })
    using _ = vm
    // Arm ARM, D1.3.1.4: an SError from the current EL with SPx.
    vm.memory.write(vbar + 0x380, Uint8Array.from([...guest.tell(TAKEN), ...guest.spin]))
    const told = async () => guest.numberOf(await vcpu.runAsync(AbortSignal.timeout(60_000)))
    expect(await told()).toBe(TOLD)
    vcpu.part('events').set({'serror.pending': 1n})
    expect(await told()).toBe(TAKEN)
  })

  test('of a GIC has bytes alone', () => {
    using vm = Vm.create({memoryBytes: MEMORY_BYTES, memoryBase: guest.memoryBase, irqchip: true})
    using _ = vm.createVcpu()
    expect(vm.part('gic-distributor').names).toEqual([])
    expect(vm.part('gic-distributor').read().length).toBeGreaterThan(0)
  })
})

describeKvm('a part', () => {
  test('is one of those that are saved, and has them', () => {
    const {vm, vcpu} = standingBefore(guest.stop)
    using _ = vm
    for (const [name, bytes] of Object.entries(vcpu.save().parts).filter(
      ([name]) => name !== 'msrs' && name !== 'registers',
    ))
      expect(vcpu.part(name).read(), name).toEqual(bytes)
    const state = vcpu.part('mp-state')
    const bytes = state.read()
    state.write(bytes)
    expect(state.read()).toEqual(bytes)
  })

  test('is BAD_ARGUMENT where it is none, and so is what does not fit', () => {
    const {vm, vcpu} = standingBefore(guest.stop)
    using _ = vm
    const state = vcpu.part('mp-state')
    for (const wrong of [
      () => vcpu.part('nothing'),
      () => vm.part('mp-state'),
      () => vcpu.part('toString'),
      () => state.get('nothing'),
      () => state.set({nothing: 1n}),
      () => state.set({'mp-state': 2n ** 32n}),
      () => state.set({'mp-state': -1n}),
      () => state.set({'mp-state': 1 as never}),
      () => state.set({'mp-state': 99n}),
      () => state.write(new Uint8Array(3)),
      () => state.write('' as never),
      () => vcpu.part(arch.name === 'arm64' ? 'registers' : 'regs').get('rax'),
    ])
      expect(codeOf(wrong), String(wrong)).toBe('BAD_ARGUMENT')
    expect(state.get('mp-state')).toBe(0n)
    vm[Symbol.dispose]()
    expect(codeOf(() => state.read())).toBe('DISPOSED')
  })

  test('of a vCPU that runs is VCPU_BUSY', async () => {
    const {vm, vcpu} = standingBefore(guest.spin)
    using _ = vm
    const state = vcpu.part('mp-state')
    const run = vcpu.runAsync()
    expect(codeOf(() => state.get('mp-state'))).toBe('VCPU_BUSY')
    vcpu.interrupt()
    await run
    expect(state.get('mp-state')).toBe(0n)
  })
})
