// Running: side by side, interrupted, aborted, twice at once, disposed of.

import {setTimeout as sleep} from 'node:timers/promises'
import {expect, test} from 'vitest'
import type {Exit} from '../../../src/vm/exit.ts'
import type {Vcpu} from '../../../src/vm/vcpu.ts'
import {guest} from '../../helpers/guest-code.ts'
import {addVcpu, codeOf, describeKvm, standingBefore} from '../../helpers/vm.ts'

const {stop, stopKind, spin, programCounter, general} = guest
/** A byte of memory that both vCPUs use. */
const SHARED = guest.at + 0x4000

async function codeOfAsync(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (reason) => reason,
  )
  return codeOf(() => {
    if (error !== undefined) throw error
  })
}

/** Starts a vCPU that spins for ever, and then stops it. @returns how its run ended */
async function endOf(vcpu: Vcpu, stop: () => void, signal?: AbortSignal): Promise<Exit> {
  const ended = vcpu.runAsync(signal)
  await sleep(20)
  stop()
  return ended
}

describeKvm('Vcpu', () => {
  test('interrupt stops a spinning guest at once', async () => {
    const {vm, vcpu} = standingBefore(spin)
    using _ = vm
    const exit = await endOf(vcpu, () => vcpu.interrupt())
    expect(exit).toEqual({kind: 'interrupted'})
    expect(vcpu.registers.get(programCounter)).toBe(BigInt(guest.at))
  })

  test('the event loop turns while guests exit without a rest', async () => {
    const {vm, vcpu} = standingBefore(guest.repeat(guest.tell(1)))
    using _ = vm
    const other = addVcpu(vm, 0x100, guest.repeat(guest.tell(1)))
    let hasTurned = false
    let exits = 0
    const follow = async (each: Vcpu): Promise<void> => {
      while (!hasTurned) {
        expect(guest.numberOf(await each.runAsync())).toBe(1)
        if (++exits !== 3) continue
        setTimeout(() => {
          hasTurned = true
        }, 30)
      }
    }
    await Promise.all([follow(vcpu), follow(other)])
  })

  test('runs on after an interrupt', async () => {
    const {vm, vcpu} = standingBefore(spin)
    using _ = vm
    await endOf(vcpu, () => vcpu.interrupt())
    const behind = guest.at + spin.length
    vcpu.registers.set({[programCounter]: BigInt(behind)})
    vm.memory.write(behind, Uint8Array.from(stop))
    expect(vcpu.run().kind).toBe(stopKind)
  })

  test('code that is written over code is what runs next', () => {
    const {vm, vcpu} = standingBefore(guest.tell(1))
    using _ = vm
    const told = [guest.numberOf(vcpu.run())]
    for (const number of [2, 3]) {
      const vcpuOfNewCode = addVcpu(vm, 0, guest.tell(number))
      told.push(guest.numberOf(vcpuOfNewCode.run()))
    }
    expect(told).toEqual([1, 2, 3])
  })

  test('an interrupt before the run ends it at once, and only that one', () => {
    const {vm, vcpu} = standingBefore(stop)
    using _ = vm
    vcpu.interrupt()
    expect(vcpu.run().kind).toBe('interrupted')
    expect(vcpu.run().kind).toBe(stopKind)
  })

  test('an aborted signal ends the run', async () => {
    const {vm, vcpu} = standingBefore(spin)
    using _ = vm
    const controller = new AbortController()
    const exit = await endOf(vcpu, () => controller.abort(), controller.signal)
    expect(exit.kind).toBe('interrupted')
  })

  test('a signal that was aborted before prevents the run, and not the next', async () => {
    const {vm, vcpu} = standingBefore(stop)
    using _ = vm
    expect((await vcpu.runAsync(AbortSignal.abort())).kind).toBe('interrupted')
    expect((await vcpu.runAsync()).kind).toBe(stopKind)
  })

  test('a signal that is aborted after the run changes nothing', async () => {
    const {vm, vcpu} = standingBefore([...stop, ...stop])
    using _ = vm
    const controller = new AbortController()
    expect((await vcpu.runAsync(controller.signal)).kind).toBe(stopKind)
    controller.abort()
    expect((await vcpu.runAsync()).kind).toBe(stopKind)
  })

  test('is VCPU_BUSY while it runs, for everything but interrupt and dispose', async () => {
    const {vm, vcpu} = standingBefore(spin)
    using _ = vm
    const ended = vcpu.runAsync()
    expect(codeOf(() => vcpu.run())).toBe('VCPU_BUSY')
    expect(await codeOfAsync(vcpu.runAsync())).toBe('VCPU_BUSY')
    expect(codeOf(() => vcpu.registers.get(general[0]))).toBe('VCPU_BUSY')
    expect(codeOf(() => vcpu.registers.set({[general[0]]: 1n}))).toBe('VCPU_BUSY')
    vcpu.interrupt()
    expect((await ended).kind).toBe('interrupted')
    expect(vcpu.registers.get(programCounter)).toBe(BigInt(guest.at))
  })

  test('dispose ends a run that goes on, and the vCPU is DISPOSED after it', async () => {
    const {vm, vcpu} = standingBefore(spin)
    const exit = await endOf(vcpu, () => vm[Symbol.dispose]())
    expect(exit.kind).toBe('interrupted')
    expect(codeOf(() => vcpu.run())).toBe('DISPOSED')
    expect(await codeOfAsync(vcpu.runAsync())).toBe('DISPOSED')
    expect(codeOf(() => vcpu.interrupt())).toBe('DISPOSED')
  })

  test('goes away alone: its VM and its sisters stay', () => {
    const {vm, vcpu} = standingBefore(stop)
    using _ = vm
    vcpu[Symbol.dispose]()
    vcpu[Symbol.dispose]()
    expect(addVcpu(vm, 0x1000, stop).run().kind).toBe(stopKind)
  })

  test('runs may alternate between this thread and its own', async () => {
    const {vm, vcpu} = standingBefore([1, 2, 3, 4].flatMap(guest.tell))
    using _ = vm
    const told: number[] = []
    for (let i = 0; i < 4; i++) {
      told.push(guest.numberOf(i % 2 === 0 ? vcpu.run() : await vcpu.runAsync()))
    }
    expect(told).toEqual([1, 2, 3, 4])
  })

  test('the event loop turns while it runs', async () => {
    const {vm, vcpu} = standingBefore(spin)
    using _ = vm
    const ended = vcpu.runAsync()
    for (let i = 0; i < 10; i++) await sleep(1)
    vcpu.interrupt()
    expect((await ended).kind).toBe('interrupted')
  })
})

describeKvm('two vCPUs of one VM', () => {
  test('run side by side and share memory', async () => {
    const {vm, vcpu: first} = standingBefore([...guest.await(SHARED), ...guest.increment(SHARED), ...stop])
    using _ = vm
    const waiting = first.runAsync()
    await sleep(20)
    const second = addVcpu(vm, 0x1000, [...guest.store(SHARED, 41), ...stop])
    expect((await second.runAsync()).kind).toBe(stopKind)
    expect((await waiting).kind).toBe(stopKind)
    expect(vm.memory.view(SHARED, 1)[0]).toBe(42)
  })

  test('see what the host stores while they run', async () => {
    const {vm, vcpu} = standingBefore([...guest.await(SHARED), ...stop])
    using _ = vm
    const waiting = vcpu.runAsync()
    await sleep(20)
    vm.memory.view(SHARED, 1)[0] = 1
    expect((await waiting).kind).toBe(stopKind)
  })

  test('have registers of their own', () => {
    const {vm, vcpu} = standingBefore(stop, {[general[0]]: 1n})
    using _ = vm
    const second = addVcpu(vm, 0x1000, stop, {[general[0]]: 2n})
    expect([vcpu, second].map(({registers}) => registers.get(general[0]))).toEqual([1n, 2n])
  })

  // KVM makes no more vCPUs where the interrupt controller is a GICv2.
  test('eight spin at once and all end', async () => {
    const {vm, vcpu} = standingBefore(spin)
    using _ = vm
    const all = [vcpu, ...Array.from({length: 7}, () => addVcpu(vm, 0, spin))]
    const ended = all.map((each) => each.runAsync())
    await sleep(50)
    for (const each of all) each.interrupt()
    expect((await Promise.all(ended)).every(({kind}) => kind === 'interrupted')).toBe(true)
  })
})
