// Save and restore: a vCPU goes on where it was, in another VM and in another process.

import {execFileSync} from 'node:child_process'
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {afterEach, beforeEach, expect, test} from 'vitest'
import {addon} from '../../../../src/addon.ts'
import {arch} from '../../../../src/arch/index.ts'
import {Vm} from '../../../../src/vm/vm.ts'
import {counting} from '../../../helpers/counting-code.ts'
import {guest} from '../../../helpers/guest-code.ts'
import {addVcpu, codeOf, describeKvm, MEMORY_BYTES, standingBefore} from '../../../helpers/vm.ts'

const helper = fileURLToPath(new URL('../../../helpers/restored.mjs', import.meta.url))
const {tell, stop, stopKind, general, programCounter} = guest
const DATA = guest.at + 0x4000

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hv-save-'))
  file = join(folder, 'saved')
})
afterEach(() => rmSync(folder, {recursive: true}))

describeKvm('a vCPU that is saved', () => {
  test('goes on from there each time that its state is restored', () => {
    const {vm, vcpu} = standingBefore([1, 2, 3].flatMap(tell))
    using _ = vm
    expect(guest.numberOf(vcpu.run())).toBe(1)
    const state = vcpu.save()
    expect([2, 3].map(() => guest.numberOf(vcpu.run()))).toEqual([2, 3])
    vcpu.restore(state)
    expect([2, 3].map(() => guest.numberOf(vcpu.run()))).toEqual([2, 3])
  })

  test('goes on as another vCPU', () => {
    const {vm, vcpu} = standingBefore([...tell(1), ...stop], {[general[1]]: 0x1234n})
    using _ = vm
    vcpu.run()
    const second = vm.createVcpu()
    const {parts, architecture} = vcpu.save()
    expect(architecture).toBe(arch.name)
    // On arm64 a vCPU keeps its own number.
    if (arch.name === 'arm64') return
    second.restore({parts, architecture})
    expect(second.run().kind).toBe(stopKind)
    expect(second.registers.get(general[1])).toBe(0x1234n)
  })

  test('has completed the instruction that it stopped in', () => {
    const {vm, vcpu} = standingBefore([...tell(1), ...stop])
    using _ = vm
    vcpu.run()
    vcpu.save()
    expect(vcpu.registers.get(programCounter)).toBe(BigInt(guest.at + tell(1).length))
    expect(vcpu.run().kind).toBe(stopKind)
  })

  test('is still interrupted, if it was to be', () => {
    const {vm, vcpu} = standingBefore([...tell(1), ...stop])
    using _ = vm
    vcpu.run()
    vcpu.interrupt()
    vcpu.save()
    expect(vcpu.run().kind).toBe('interrupted')
    expect(vcpu.run().kind).toBe(stopKind)
  })

  test('is VCPU_BUSY while it runs, and DISPOSED when it is gone', async () => {
    const {vm, vcpu} = standingBefore(guest.spin)
    const state = vcpu.save()
    const ended = vcpu.runAsync()
    expect(codeOf(() => vcpu.save())).toBe('VCPU_BUSY')
    expect(codeOf(() => vcpu.restore(state))).toBe('VCPU_BUSY')
    expect(codeOf(() => vm.save(file))).toBe('VCPU_BUSY')
    expect(readdirSync(folder)).toEqual([])
    vcpu.interrupt()
    await ended
    vm.save(file)
    vm[Symbol.dispose]()
    expect(codeOf(() => vcpu.save())).toBe('DISPOSED')
    expect(codeOf(() => vcpu.restore(state))).toBe('DISPOSED')
    expect(codeOf(() => vm.save(file))).toBe('DISPOSED')
  })

  const first = addon.vcpuParts[0]
  test.each([
    ['nothing', {}],
    ['another architecture', {architecture: arch.name === 'arm64' ? 'x86_64' : 'arm64'}],
    ['a part that there is not', {parts: {nonsense: Uint8Array.of(1)}}],
    ['no parts', {parts: {}}],
    ['a part that is too short', {parts: {[first]: Uint8Array.of(1)}}],
    ['a part that is too long', {parts: {'mp-state': new Uint8Array(1 << 20)}}],
    ['a part that is none', {parts: {[first]: 'bytes'}}],
  ])('takes no state of %s', (_, wrong) => {
    const {vm, vcpu} = standingBefore(stop)
    using _vm = vm
    const state = vcpu.save()
    const parts =
      'parts' in wrong && Object.keys(wrong.parts).length > 0 ? {...state.parts, ...wrong.parts} : {}
    const given =
      Object.keys(wrong).length === 0 ? {} : {...state, ...wrong, ...('parts' in wrong && {parts})}
    expect(codeOf(() => vcpu.restore(given as never))).toBe('BAD_ARGUMENT')
    vcpu.restore(state)
    expect(vcpu.run().kind).toBe(stopKind)
  })
})

describeKvm('a VM that is saved', () => {
  /** Counts in memory for ever. */
  const counter = () => standingBefore([...counting(DATA)])
  const count = (bytes: Iterable<number>) => new Uint32Array(Uint8Array.from(bytes).buffer)[0]
  const inChild = (...args: string[]) => {
    const printed = execFileSync(process.execPath, [helper, ...args], {encoding: 'utf8', timeout: 240_000})
    const {kind, before, after} = JSON.parse(printed)
    return {kind, before: count(before), after: count(after)}
  }

  test('goes on in other processes from where it was, one after another', async () => {
    const {vm, vcpu} = counter()
    const soFar = () => count(vm.memory.read(DATA, 4))
    while (soFar() === 0) await vcpu.runAsync(AbortSignal.timeout(50))
    const counted = soFar()
    vm.save(file)
    vm[Symbol.dispose]()

    const second = join(folder, 'second')
    const first = inChild(file, String(DATA), '4', second)
    expect([first.kind, first.before]).toEqual(['interrupted', counted])
    expect(first.after).toBeGreaterThan(counted)
    const third = inChild(second, String(DATA), '4', join(folder, 'third'))
    expect(third.before).toBe(first.after)
    expect(third.after).toBeGreaterThan(third.before)
  })

  test('has its memory, slots and vCPUs, and runs on itself', () => {
    const {vm, vcpu} = standingBefore([...tell(1), ...stop])
    using _ = vm
    const address = guest.memoryBase + 0x200000
    const bytes = 2 * addon.pageBytes
    const slot = vm.addMemory({address, bytes, readOnly: true})
    vm.memory.write(address + bytes - 2, Uint8Array.of(5, 6))
    vm.createVcpu()[Symbol.dispose]()
    addVcpu(vm, 0x1000, [...tell(2), ...stop])
    expect(guest.numberOf(vcpu.run())).toBe(1)
    vm.save(file)
    slot[Symbol.dispose]()
    using restored = Vm.restore(file)
    expect(restored.memory.size).toBe(MEMORY_BYTES)
    expect([...restored.memory.read(address + bytes - 3, 3)]).toEqual([0, 5, 6])
    expect(restored.vcpus.length).toBe(2)
    expect(restored.vcpus[0].run().kind).toBe(stopKind)
    expect(guest.numberOf(restored.vcpus[1].run())).toBe(2)
    expect(vcpu.run().kind).toBe(stopKind)
  })

  test("takes no room for zeros, and is its owner's alone", () => {
    using vm = Vm.create({memoryBytes: 512 << 20, memoryBase: guest.memoryBase})
    vm.memory.write(guest.memoryBase + (300 << 20), Uint8Array.of(1))
    vm.save(file)
    expect(statSync(file).size).toBeLessThan(0x10000)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    using restored = Vm.restore(file)
    expect(restored.memory.read(guest.memoryBase + (300 << 20), 1)[0]).toBe(1)
  })

  test('goes into a file that is open, behind what is there', () => {
    const {vm} = standingBefore(stop)
    using _ = vm
    const descriptor = openSync(file, 'w+')
    try {
      writeFileSync(descriptor, 'before')
      vm.save(descriptor)
      vm.save(descriptor)
    } finally {
      closeSync(descriptor)
    }
    const reading = openSync(file, 'r')
    try {
      const skipped = Buffer.alloc(6)
      expect(readSync(reading, skipped)).toBe(6)
      for (let i = 0; i < 2; i++) {
        using restored = Vm.restore(reading)
        expect(restored.vcpus[0].run().kind).toBe(stopKind)
      }
    } finally {
      closeSync(reading)
    }
  })

  test('leaves what lies at a path as it is when it cannot be written', () => {
    const {vm} = standingBefore(stop)
    using _ = vm
    const error = codeOf(() => vm.save(join(folder, 'nowhere', 'saved')))
    expect(error).toBe('FILE_FAILED')
    expect(codeOf(() => vm.save(folder))).toBe('FILE_FAILED')
    expect(codeOf(() => vm.save('/dev/null'))).toBe('FILE_FAILED')
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true)
    expect(codeOf(() => vm.save(1e9))).toBe('FILE_FAILED')
    expect(codeOf(() => vm.save(null as never))).toBe('BAD_ARGUMENT')
    expect(readdirSync(folder)).toEqual([])
  })
})

describeKvm('a VM with an interrupt controller', () => {
  const create = () => Vm.create({memoryBytes: MEMORY_BYTES, memoryBase: guest.memoryBase, irqchip: true})

  test('is saved and restored with it', () => {
    using vm = create()
    addVcpu(vm, 0, [...tell(1), ...tell(2)])
    const [vcpu] = vm.vcpus
    expect(guest.numberOf(vcpu.run())).toBe(1)
    vm.save(file)
    using restored = Vm.restore(file)
    expect(restored.irqchip?.kind).toBe(vm.irqchip?.kind)
    expect(guest.numberOf(restored.vcpus[0].run())).toBe(2)
    restored.save(file)
    using again = Vm.restore(file)
    expect(again.vcpus.length).toBe(1)
  })
})
