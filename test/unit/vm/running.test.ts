// Running: side by side, interrupted, aborted, twice at once, disposed of.

import {setTimeout as sleep} from 'node:timers/promises'
import {expect, test} from 'vitest'
import type {Exit, IoExit} from '../../../src/vm/exit.ts'
import type {Vcpu} from '../../../src/vm/vcpu.ts'
import {addRealMode, codeOf, describeKvm, realMode} from '../../helpers/vm.ts'

const HLT = 0xf4
/** jmp . */
const SPIN = [0xeb, 0xfe]
const LATEST_MS = 100

async function codeOfAsync(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (reason) => reason,
  )
  return codeOf(() => {
    if (error !== undefined) throw error
  })
}

/** Starts it, lets it spin, and tells how it ended and how long that took from `stop` on. */
async function endOf(vcpu: Vcpu, stop: () => void, signal?: AbortSignal): Promise<{exit: Exit; ms: number}> {
  const ended = vcpu.runAsync(signal)
  await sleep(20)
  const started = performance.now()
  stop()
  return {exit: await ended, ms: performance.now() - started}
}

describeKvm('Vcpu', () => {
  test('interrupt stops a spinning guest in less than 100 ms', async () => {
    const {vm, vcpu} = realMode(SPIN)
    using _ = vm
    const {exit, ms} = await endOf(vcpu, () => vcpu.interrupt())
    expect(exit).toEqual({kind: 'interrupted'})
    expect(ms).toBeLessThan(LATEST_MS)
    expect(vcpu.registers.get('rip')).toBe(0x1000n)
  })

  test('runs on after an interrupt', async () => {
    const {vm, vcpu} = realMode(SPIN)
    using _ = vm
    await endOf(vcpu, () => vcpu.interrupt())
    vcpu.registers.set({rip: 0x1002n})
    vm.memory.write(0x1002, Uint8Array.of(HLT))
    expect(vcpu.run().kind).toBe('halt')
  })

  test('an interrupt before the run ends it at once, and only that one', () => {
    const {vm, vcpu} = realMode([HLT])
    using _ = vm
    vcpu.interrupt()
    expect(vcpu.run().kind).toBe('interrupted')
    expect(vcpu.run().kind).toBe('halt')
  })

  test('an aborted signal ends the run', async () => {
    const {vm, vcpu} = realMode(SPIN)
    using _ = vm
    const controller = new AbortController()
    const {exit, ms} = await endOf(vcpu, () => controller.abort(), controller.signal)
    expect(exit.kind).toBe('interrupted')
    expect(ms).toBeLessThan(LATEST_MS)
  })

  test('a signal that was aborted before prevents the run, and not the next', async () => {
    const {vm, vcpu} = realMode([HLT])
    using _ = vm
    expect((await vcpu.runAsync(AbortSignal.abort())).kind).toBe('interrupted')
    expect((await vcpu.runAsync()).kind).toBe('halt')
  })

  test('a signal that is aborted after the run changes nothing', async () => {
    const {vm, vcpu} = realMode([HLT, HLT])
    using _ = vm
    const controller = new AbortController()
    expect((await vcpu.runAsync(controller.signal)).kind).toBe('halt')
    controller.abort()
    expect((await vcpu.runAsync()).kind).toBe('halt')
  })

  test('is VCPU_BUSY while it runs, for everything but interrupt and dispose', async () => {
    const {vm, vcpu} = realMode(SPIN)
    using _ = vm
    const ended = vcpu.runAsync()
    expect(codeOf(() => vcpu.run())).toBe('VCPU_BUSY')
    expect(await codeOfAsync(vcpu.runAsync())).toBe('VCPU_BUSY')
    expect(codeOf(() => vcpu.registers.get('rax'))).toBe('VCPU_BUSY')
    expect(codeOf(() => vcpu.registers.set({rax: 1n}))).toBe('VCPU_BUSY')
    vcpu.interrupt()
    expect((await ended).kind).toBe('interrupted')
    expect(vcpu.registers.get('rip')).toBe(0x1000n)
  })

  test('dispose ends a run that goes on, and the vCPU is DISPOSED after it', async () => {
    const {vm, vcpu} = realMode(SPIN)
    const {exit, ms} = await endOf(vcpu, () => vm[Symbol.dispose]())
    expect(exit.kind).toBe('interrupted')
    expect(ms).toBeLessThan(LATEST_MS)
    expect(codeOf(() => vcpu.run())).toBe('DISPOSED')
    expect(await codeOfAsync(vcpu.runAsync())).toBe('DISPOSED')
    expect(codeOf(() => vcpu.interrupt())).toBe('DISPOSED')
  })

  test('goes away alone: its VM and its sisters stay', () => {
    const {vm, vcpu} = realMode([HLT])
    using _ = vm
    vcpu[Symbol.dispose]()
    vcpu[Symbol.dispose]()
    expect(addRealMode(vm, 0x2000, [HLT]).run().kind).toBe('halt')
  })

  test('runs may alternate between this thread and its own', async () => {
    const {vm, vcpu} = realMode([0xe6, 1, 0xe6, 2, 0xe6, 3, 0xe6, 4])
    using _ = vm
    const ports: number[] = []
    for (let i = 0; i < 4; i++) {
      ports.push(((i % 2 === 0 ? vcpu.run() : await vcpu.runAsync()) as IoExit).port)
    }
    expect(ports).toEqual([1, 2, 3, 4])
  })

  test('the event loop turns while it runs', async () => {
    const {vm, vcpu} = realMode(SPIN)
    using _ = vm
    const ended = vcpu.runAsync()
    for (let i = 0; i < 10; i++) await sleep(1)
    vcpu.interrupt()
    expect((await ended).kind).toBe('interrupted')
  })
})

describeKvm('two vCPUs of one VM', () => {
  test('run side by side and share memory', async () => {
    // The first waits until the byte at 0x5000 is set, adds one to it and halts: cmpb $0, 0x5000; je .; incb 0x5000
    const {vm, vcpu: first} = realMode([0x80, 0x3e, 0, 0x50, 0, 0x74, 0xf9, 0xfe, 0x06, 0, 0x50, HLT])
    using _ = vm
    const waiting = first.runAsync()
    await sleep(20)
    // The second sets it: movb $41, 0x5000
    const second = addRealMode(vm, 0x2000, [0xc6, 0x06, 0, 0x50, 41, HLT])
    expect((await second.runAsync()).kind).toBe('halt')
    expect((await waiting).kind).toBe('halt')
    expect(vm.memory.view(0x5000, 1)[0]).toBe(42)
  })

  test('see what the host stores while they run', async () => {
    const {vm, vcpu} = realMode([0x80, 0x3e, 0, 0x50, 0, 0x74, 0xf9, HLT])
    using _ = vm
    const waiting = vcpu.runAsync()
    await sleep(20)
    vm.memory.view(0x5000, 1)[0] = 1
    expect((await waiting).kind).toBe('halt')
  })

  test('have registers of their own', () => {
    const {vm, vcpu} = realMode([HLT], {rax: 1n})
    using _ = vm
    const second = addRealMode(vm, 0x2000, [HLT], {rax: 2n})
    expect([vcpu.registers.get('rax'), second.registers.get('rax')]).toEqual([1n, 2n])
  })

  test('twenty spin at once and all end', async () => {
    const {vm, vcpu} = realMode(SPIN)
    using _ = vm
    const all = [vcpu, ...Array.from({length: 19}, () => addRealMode(vm, 0x1000, SPIN))]
    const ended = all.map((each) => each.runAsync())
    await sleep(50)
    for (const each of all) each.interrupt()
    expect((await Promise.all(ended)).every(({kind}) => kind === 'interrupted')).toBe(true)
  })
})
