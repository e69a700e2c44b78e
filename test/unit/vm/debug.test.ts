// Debugging: steps, breakpoints, watchpoints; what is refused; and what a host cannot do.

import {afterEach, beforeEach, expect, test} from 'vitest'
import {arch} from '../../../src/arch/index.ts'
import type {DebugOptions} from '../../../src/vm/debug.ts'
import type {Vcpu} from '../../../src/vm/vcpu.ts'
import {Vm} from '../../../src/vm/vm.ts'
import {guest} from '../../helpers/guest-code.ts'
import {codeOf, describeKvm, isEmulatedX86, isPvmHost, MEMORY_BYTES} from '../../helpers/vm.ts'

const {at, nop, trap, stop, stopKind} = guest
const DATA = at + 0x4000
const address = BigInt(at)
const behind = (bytes: number): bigint => BigInt(at + bytes)
const isX86 = arch.name === 'x86_64'

let vm: Vm
let vcpu: Vcpu
beforeEach(() => {
  vm = Vm.create({memoryBytes: MEMORY_BYTES, memoryBase: guest.memoryBase})
})
afterEach(() => vm[Symbol.dispose]())

/** For x86_64: each of the guest's exceptions ends in a HLT; otherwise it would run away into empty memory. */
function catchExceptions(): void {
  const HLT = 0x0f00
  vm.memory.write(HLT, Uint8Array.of(0xf4))
  vm.memory.write(0, new Uint8Array(Uint32Array.from({length: 256}, () => HLT).buffer))
}

/** A debugged vCPU that is about to run the code. */
function debugged(code: readonly number[], options: DebugOptions): Vcpu {
  vcpu = guest.start(vm, at, [...code, ...stop], isX86 ? {rsp: 0x800n} : {})
  if (isX86) catchExceptions()
  vcpu.debug(options)
  return vcpu
}
const stopped = (cause: string, where: bigint) => ({kind: 'debug', cause, address: where})

describeKvm('a vCPU that single-steps', () => {
  test('stops behind each instruction, until it steps no more', () => {
    debugged([...nop, ...nop, ...nop], {singleStep: true})
    expect(vcpu.run()).toEqual(stopped('step', behind(nop.length)))
    expect(vcpu.run()).toEqual(stopped('step', behind(2 * nop.length)))
    vcpu.debug({})
    expect(vcpu.run().kind).toBe(stopKind)
  })

  test('steps from where its registers were set to', () => {
    debugged([...nop, ...nop, ...nop], {singleStep: true})
    vcpu.run()
    vcpu.registers.set({[guest.programCounter]: address})
    expect(vcpu.run()).toEqual(stopped('step', behind(nop.length)))
  })

  test('steps on its own thread as well, and behind an exit that waited for its answer', async () => {
    debugged([...guest.tell(1), ...nop], {singleStep: true})
    let exit = await vcpu.runAsync()
    while (exit.kind === 'debug') exit = await vcpu.runAsync()
    expect(guest.numberOf(exit)).toBe(1)
    // KVM decides whether the exit's own instruction counts as a step.
    const next = [guest.tell(1).length, guest.tell(1).length + nop.length].map((bytes) =>
      stopped('step', behind(bytes)),
    )
    expect(next).toContainEqual(await vcpu.runAsync())
  })
})

describeKvm('a breakpoint', () => {
  test('stops before its instruction, each time, until it is gone', () => {
    debugged([...nop, ...nop], {breakpoints: [behind(nop.length)]})
    expect(vcpu.run()).toEqual(stopped('breakpoint', behind(nop.length)))
    expect(vcpu.run()).toEqual(stopped('breakpoint', behind(nop.length)))
    expect(vcpu.registers.get(guest.programCounter)).toBe(behind(nop.length))
    vcpu.debug({singleStep: true})
    expect(vcpu.run()).toEqual(stopped('step', behind(2 * nop.length)))
  })

  test('is one of as many as the host has', () => {
    vcpu = guest.start(vm, at, stop, {})
    const {breakpoints} = vcpu.debugLimits
    const some = Array.from({length: breakpoints}, (_, i) => at + 0x100 + 4 * i)
    vcpu.debug({breakpoints: [...some.slice(1), at]})
    expect(vcpu.run()).toEqual(stopped('breakpoint', address))
    expect(codeOf(() => vcpu.debug({breakpoints: [...some, at]}))).toBe('BAD_ARGUMENT')
    // The earlier request still holds.
    expect(vcpu.run()).toEqual(stopped('breakpoint', address))
  })
})

/** PVM hosts have none of these: there the refusal is tested. */
function watching(code: readonly number[], options: DebugOptions, expected: (vcpu: Vcpu) => void): void {
  if (isPvmHost) expect(codeOf(() => debugged(code, options))).toBe('KVM_UNUSABLE')
  else expected(debugged(code, options))
}

describeKvm(`a watchpoint${isPvmHost ? ' is refused on this PVM host; it' : ''}`, () => {
  test('of writes stops at a store, and not at a load', () => {
    const code = [...guest.load(DATA), ...guest.store(DATA, 7)]
    watching(code, {watchpoints: [{address: DATA, length: 4, kind: 'write'}]}, () => {
      expect(vcpu.run()).toEqual(stopped('watchpoint', BigInt(DATA)))
      expect(vm.memory.read(DATA, 1)[0]).toBe(isX86 ? 7 : 0)
      vcpu.debug({})
      expect(vcpu.run().kind).toBe(stopKind)
      expect(vm.memory.read(DATA, 1)[0]).toBe(7)
    })
  })

  test('of accesses stops at a load; the one that was hit is told', () => {
    const watchpoints = [DATA + 8, DATA].map(
      (where) => ({address: where, length: 4, kind: 'access'}) as const,
    )
    watching([...guest.load(DATA + 3)], {watchpoints}, () => {
      expect(vcpu.run()).toEqual(stopped('watchpoint', BigInt(DATA)))
    })
  })

  test('stops for none of its neighbours', () => {
    const code = [...guest.store(DATA - 1, 7), ...guest.store(DATA + 2, 7)]
    watching(code, {watchpoints: [{address: DATA, length: 2, kind: 'access'}]}, () => {
      expect(vcpu.run().kind).toBe(stopKind)
    })
  })
})

describeKvm(`a software breakpoint${isPvmHost ? ' is refused on this PVM host; it' : ''}`, () => {
  test('stops before the instruction that the debugger wrote', () => {
    watching([...nop, ...trap, ...nop], {softwareBreakpoints: true}, () => {
      // QEMU's SVM does not intercept the exception of INT3: the guest gets it.
      if (isEmulatedX86) return expect(vcpu.run()).toEqual({kind: 'halt'})
      expect(vcpu.run()).toEqual(stopped('software', behind(nop.length)))
      vm.memory.write(at + nop.length, Uint8Array.from(nop))
      expect(vcpu.run().kind).toBe(stopKind)
    })
  })
})

describeKvm('what debug refuses', () => {
  const watch = (length: number, where: number | bigint = DATA, kind = 'write') => ({
    watchpoints: [{address: where, length, kind}],
  })
  test.each([
    ['no such option', {step: true}],
    ['a number for a truth', {singleStep: 1}],
    ['an address below 0', {breakpoints: [-1]}],
    ['an address of 65 bits', {breakpoints: [2n ** 64n]}],
    ['half an address', {breakpoints: [0.5]}],
    ['a million breakpoints', {breakpoints: Array(1_000_000).fill(at)}],
    ['a watchpoint of no bytes', watch(0)],
    ['a watchpoint of a kind that there is not', watch(1, DATA, 'execute')],
    ['an array for options', []],
  ])('%s', (_, options) => {
    vcpu = guest.start(vm, at, stop, {})
    expect(codeOf(() => vcpu.debug(options as never))).toBe('BAD_ARGUMENT')
  })

  test.each([
    {name: 'across 8 bytes', options: watch(4, DATA + 6)},
    {name: 'of 3 bytes, or of 12', options: watch(isX86 ? 3 : 12)},
    {name: 'of 64 bytes that begin between', options: watch(64, DATA + 8)},
    ...(isX86 ? [{name: 'of reads, on x86_64', options: watch(4, DATA, 'read')}] : []),
  ])('a watchpoint $name', ({options}) => {
    vcpu = guest.start(vm, at, stop, {})
    expect(codeOf(() => vcpu.debug(options as never))).toBe(isPvmHost ? 'KVM_UNUSABLE' : 'BAD_ARGUMENT')
  })

  test('a vCPU that runs, or is gone', async () => {
    vcpu = guest.start(vm, at, guest.spin, {})
    const ended = vcpu.runAsync()
    expect(codeOf(() => vcpu.debug({singleStep: true}))).toBe('VCPU_BUSY')
    vcpu.interrupt()
    await ended
    vcpu[Symbol.dispose]()
    expect(codeOf(() => vcpu.debug({}))).toBe('DISPOSED')
  })
})
