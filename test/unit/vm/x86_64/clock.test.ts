// vm.clock and vcpu.tellOfPause: what a guest learns of time that passed, and of time that it stood still.

import {expect, test} from 'vitest'
import {Vm} from '../../../../src/vm/vm.ts'
import {codeOf, describeOn, MEMORY_BYTES, standingBefore} from '../../../helpers/vm.ts'

const SECOND = 1_000_000_000n
/** MSR_KVM_SYSTEM_TIME_NEW; bit 0 switches it on. */
const SYSTEM_TIME = 0x4b564d01
const TIME_AT = 0x3000
/** Of struct pvclock_vcpu_time_info: flags; PVCLOCK_GUEST_STOPPED. */
const [FLAGS, STOPPED] = [29, 2]

describeOn('x86_64', 'vm.clock', () => {
  test('goes on from what was set, or by the time of day since', () => {
    using vm = Vm.create({memoryBytes: MEMORY_BYTES})
    vm.createVcpu()
    vm.clock.set({clockNs: 1000n * SECOND})
    const {clockNs, realtimeNs, hostTsc} = vm.clock.read()
    expect(clockNs).toBeGreaterThanOrEqual(1000n * SECOND)
    expect(clockNs).toBeLessThan(2000n * SECOND)
    expect(typeof realtimeNs).toBe(typeof hostTsc)
    // Where the host's own clock is not the TSC, KVM takes the time of day, and does not use it.
    if (realtimeNs === undefined) return
    expect(realtimeNs).toBeGreaterThan(1_600_000_000n * SECOND)
    vm.clock.set({clockNs, realtimeNs: realtimeNs - 5000n * SECOND})
    expect(vm.clock.read().clockNs).toBeGreaterThanOrEqual(clockNs + 5000n * SECOND)
  })

  test.each([[-1n], [2n ** 64n], [1 as never], [undefined as never]])('refuses %s', (clockNs) => {
    using vm = Vm.create({memoryBytes: MEMORY_BYTES})
    expect(codeOf(() => vm.clock.set({clockNs}))).toBe('BAD_ARGUMENT')
  })

  test('vcpu.tellOfPause marks the clock of a guest that has one', () => {
    const {vm, vcpu} = standingBefore([0xf4, 0xf4])
    using _ = vm
    expect(vcpu.tellOfPause()).toBe(false)
    vcpu.msrs.set(SYSTEM_TIME, BigInt(TIME_AT | 1))
    expect(vcpu.run().kind).toBe('halt')
    expect(vcpu.tellOfPause()).toBe(true)
    expect(vcpu.run().kind).toBe('halt')
    expect(vm.memory.read(TIME_AT + FLAGS, 1)[0] & STOPPED).toBe(STOPPED)
  })
})
