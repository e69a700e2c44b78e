// What KVM counts of a VM and of a vCPU.

import {readdirSync} from 'node:fs'
import {expect, test} from 'vitest'
import {guest} from '../../helpers/guest-code.ts'
import {codeOf, describeKvm, standingBefore} from '../../helpers/vm.ts'

describeKvm('the statistics', () => {
  test('of a vCPU count its exits', () => {
    const {vm, vcpu} = standingBefore(guest.repeat([...guest.stop, ...guest.nop]))
    using _ = vm
    const exits = (): bigint => vcpu.statistics.exits!.values[0]!
    const before = exits()
    for (let i = 0; i < 10; i++) vcpu.run()
    expect(exits() - before).toBeGreaterThanOrEqual(10n)
    expect(vcpu.statistics.exits).toMatchObject({kind: 'cumulative', unit: 'none', scale: 1})
  })

  test('of its thread are CPU time, once it has one', async () => {
    const {vm, vcpu} = standingBefore(guest.repeat([...guest.stop, ...guest.nop]))
    using _ = vm
    expect(vcpu.cpuNs).toBe(0)
    await vcpu.runAsync()
    const first = vcpu.cpuNs
    for (let i = 0; i < 50; i++) await vcpu.runAsync()
    expect(first).toBeGreaterThan(0)
    expect(vcpu.cpuNs).toBeGreaterThan(first)
    vm[Symbol.dispose]()
    expect(codeOf(() => vcpu.cpuNs)).toBe('DISPOSED')
  })

  test('have histograms, and times with their scale', () => {
    const {vm, vcpu} = standingBefore(guest.stop)
    using _ = vm
    const {halt_poll_success_hist: histogram, halt_wait_ns: time} = vcpu.statistics
    expect(histogram!.kind).toBe('log-histogram')
    expect(histogram!.values.length).toBeGreaterThan(8)
    expect(time).toMatchObject({unit: 'seconds', scale: 1e-9})
  })

  test('of a VM are others, and leave no descriptor', () => {
    const {vm, vcpu} = standingBefore(guest.stop)
    using _ = vm
    const before = readdirSync('/proc/self/fd').length
    expect(Object.keys(vm.statistics).length).toBeGreaterThan(0)
    expect(vm.statistics).not.toHaveProperty('exits')
    expect(readdirSync('/proc/self/fd').length).toBe(before)
    vm[Symbol.dispose]()
    for (const each of [vm, vcpu]) expect(codeOf(() => each.statistics)).toBe('DISPOSED')
  })
})
