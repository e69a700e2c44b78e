// Latched reads and posted stores: accesses that end no run.

import {describe, expect, test} from 'vitest'
import {arch} from '../../../src/arch/index.ts'
import {Vm} from '../../../src/vm/vm.ts'
import {guest} from '../../helpers/guest-code.ts'
import {codeOf, describeKvm, MEMORY_BYTES} from '../../helpers/vm.ts'

/** Where guests tell numbers. */
const space = arch.name === 'x86_64' ? 'port' : 'memory'
const placeOf = (number: number) =>
  arch.name === 'x86_64' ? {first: number, length: 1} : {first: 0x0a001000 + 4 * number, length: 4}

describeKvm('a posted store', () => {
  const create = () => Vm.create({memoryBytes: MEMORY_BYTES, memoryBase: guest.memoryBase})

  test('ends no run, and is told in order, before the exit behind it', async () => {
    using vm = create()
    const told: number[] = []
    for (const number of [1, 2]) vm.post({space, ...placeOf(number)}, () => told.push(number))
    const code = [...[1, 2, 2, 1, 3].flatMap((number) => guest.tell(number)), ...guest.stop]
    const vcpu = guest.start(vm, guest.at, code, {})
    const exit = await vcpu.runAsync()
    expect(told).toEqual([1, 2, 2, 1])
    expect(guest.numberOf(exit)).toBe(3)
    expect(vcpu.run().kind).toBe(guest.stopKind)
  })

  test('is told while the guest runs on', async () => {
    using vm = create()
    const told = new Promise<number[]>((resolve) =>
      vm.post({space, ...placeOf(1)}, (offset, _value, size) => resolve([offset, size])),
    )
    const vcpu = guest.start(vm, guest.at, [...guest.tell(1), ...guest.spin], {})
    const run = vcpu.runAsync()
    expect(await told).toEqual([0, placeOf(1).length])
    vcpu.interrupt()
    expect(await run).toEqual({kind: 'interrupted'})
  })

  test.each(['run', 'runAsync'] as const)(
    'is told while its vCPU is busy: %s returns its own exit',
    async (way) => {
      using vm = create()
      const codes: string[] = []
      const vcpu = guest.start(vm, guest.at, [...guest.tell(1), ...guest.tell(2), ...guest.stop], {})
      vm.post({space, ...placeOf(1)}, () => {
        codes.push(codeOf(() => vcpu.run()))
        codes.push(codeOf(() => vcpu.registers.get(guest.programCounter)))
      })
      const exit = await vcpu[way]()
      expect([guest.numberOf(exit), codes]).toEqual([2, ['VCPU_BUSY', 'VCPU_BUSY']])
      expect(vcpu.run().kind).toBe(guest.stopKind)
    },
  )

  test('may dispose of the VM: the run is interrupted then', () => {
    using vm = create()
    vm.post({space, ...placeOf(1)}, () => vm[Symbol.dispose]())
    const vcpu = guest.start(vm, guest.at, [...guest.tell(1), ...guest.stop], {})
    expect(vcpu.run().kind).toBe('interrupted')
    expect(codeOf(() => vcpu.run())).toBe('DISPOSED')
  })

  test('is an exit when too many wait, and none is lost', async () => {
    using vm = create()
    let told = 0
    vm.post({space, ...placeOf(1)}, () => told++)
    const [counter] = guest.general
    // The guest stores without end while this thread hears nothing, until too many stores wait.
    const vcpu = guest.start(vm, guest.at, tellForEver, {[counter]: 0n})
    const exit = vcpu.run()
    expect([guest.numberOf(exit), told]).toEqual([1, 4096])
    expect(guest.numberOf(vcpu.run())).toBe(1)
    expect(told).toBe(8192)
  })
})

/** For arm64: a b that many bytes back. */
const backOf = (bytes: number): number[] => {
  const word = 0x14000000 | ((-bytes / 4) & 0x3ffffff)
  return [...new Uint8Array(Uint32Array.of(word).buffer)]
}

/** Stores without end. */
const tellForEver = ((): number[] => {
  const code = guest.tell(1)
  return [...code, ...(arch.name === 'x86_64' ? [0xeb, 0x100 - code.length - 2] : backOf(code.length))]
})()

describeKvm('a place', () => {
  test('may come while a vCPU runs and looks for its own', async () => {
    using vm = Vm.create({memoryBytes: MEMORY_BYTES, memoryBase: guest.memoryBase})
    let told = 0
    vm.post({space, ...placeOf(1)}, () => told++)
    const vcpu = guest.start(vm, guest.at, tellForEver, {})
    const run = vcpu.runAsync()
    for (let number = 0; number < 255; number++) {
      const first = 0x9000 + number
      if (number % 2 === 0) vm.post({space: 'memory', first, length: 1}, () => {})
      else vm.latch({space: 'memory', first, length: 1})
      if (number % 50 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    expect(codeOf(() => vm.latch({space: 'memory', first: 0, length: 1}))).toBe('BAD_ARGUMENT')
    const before = told
    while (told === before) await new Promise((resolve) => setImmediate(resolve))
    vcpu.interrupt()
    expect(['interrupted', space === 'port' ? 'io' : 'mmio']).toContain((await run).kind)
  })

  test.each([
    {space: 'port', first: 0x10000, length: 1},
    {space: 'port', first: 0xffff, length: 2},
    {space: 'memory', first: -1, length: 1},
    {space: 'memory', first: 0, length: 0},
    {space: 'other', first: 0, length: 1},
    {space: 'memory', first: '0', length: 1},
    undefined,
  ] as const)('that is none is refused: %j', (place) => {
    using vm = Vm.create({memoryBytes: MEMORY_BYTES})
    expect(codeOf(() => vm.latch(place as never))).toBe('BAD_ARGUMENT')
    expect(codeOf(() => vm.post(place as never, () => {}))).toBe('BAD_ARGUMENT')
  })

  test.each([3, 8])('of %i bytes is no register that reads can be latched for', (length) => {
    using vm = Vm.create({memoryBytes: MEMORY_BYTES})
    expect(codeOf(() => vm.latch({space: 'memory', first: 0x9000, length}))).toBe('BAD_ARGUMENT')
  })

  test.each(['x', -1, 0.5, 0x100, Number.NaN, undefined])('of one byte never reads as %j', (value) => {
    using vm = Vm.create({memoryBytes: MEMORY_BYTES})
    const latch = vm.latch({space: 'memory', first: 0x9000, length: 1})
    expect(codeOf(() => latch.set(value as never))).toBe('BAD_ARGUMENT')
    latch.set(0xff)
  })

  test('is not posted to nobody', () => {
    using vm = Vm.create({memoryBytes: MEMORY_BYTES})
    for (const listener of [undefined, null, {}])
      expect(codeOf(() => vm.post({space, ...placeOf(1)}, listener as never))).toBe('BAD_ARGUMENT')
  })

  test('is one of 256 at most', () => {
    using vm = Vm.create({memoryBytes: MEMORY_BYTES})
    for (let i = 0; i < 256; i++) vm.latch({space: 'memory', first: 0x10000000 + 4 * i, length: 4})
    expect(codeOf(() => vm.latch({space: 'memory', first: 0, length: 4}))).toBe('BAD_ARGUMENT')
  })
})

describe.runIf(arch.name === 'x86_64')('a latched read', () => {
  test('gives what was set last', () => {
    using vm = Vm.create({memoryBytes: MEMORY_BYTES})
    const latch = vm.latch({space: 'port', first: 0x70, length: 1})
    // in $0x70, %al; mov %al, 0x3000; hlt
    const code = [0xe4, 0x70, 0xa2, 0x00, 0x30, 0xf4]
    latch.set(0x5a)
    const vcpu = guest.start(vm, guest.at, code, {})
    expect(vcpu.run().kind).toBe('halt')
    expect([...vm.memory.read(0x3000, 1)]).toEqual([0x5a])
  })
})
