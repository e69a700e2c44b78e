// Memory slots: what the guest finds in them, and what the host learns and takes back.

import {closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, expect, test} from 'vitest'
import {addon} from '../../../src/addon.ts'
import {arch} from '../../../src/arch/index.ts'
import type {Exit} from '../../../src/vm/exit.ts'
import {Vm} from '../../../src/vm/vm.ts'
import {type Code, guest} from '../../helpers/guest-code.ts'
import {codeOf, describeKvm} from '../../helpers/vm.ts'

/** Guests of x86_64 reach 64 KiB. */
const {bytes: memoryBytes, slot: address} = {
  x86_64: {bytes: 0x4000, slot: 0x8000},
  arm64: {bytes: 0x20000, slot: guest.memoryBase + 0x40000},
}[arch.name]
const bytes = 2 * addon.pageBytes

describeKvm('a memory slot', () => {
  let vm: Vm
  beforeEach(() => {
    vm = Vm.create({memoryBytes, memoryBase: guest.memoryBase})
  })
  afterEach(() => vm[Symbol.dispose]())

  /** Runs the code until the first exit. */
  const run = (...code: Code[]): Exit => guest.start(vm, guest.at, [...code.flat(), ...guest.stop], {}).run()

  test('is memory of the guest and of the host', () => {
    const slot = vm.addMemory({address, bytes})
    vm.memory.write(address + 4, Uint8Array.of(1, 2, 3))
    expect(run(guest.store(address + 5, 9)).kind).toBe(guest.stopKind)
    expect([...vm.memory.read(address + 4, 3)]).toEqual([1, 9, 3])
    expect([slot.address, slot.bytes]).toEqual([address, bytes])
  })

  test('and the next one hold what lies in both', () => {
    vm.addMemory({address, bytes})
    vm.addMemory({address: address + bytes, bytes})
    const views = vm.memory.views(address + bytes - 2, 5)
    for (const view of views) view.fill(7)
    expect(views.map(({length}) => length)).toEqual([2, 3])
    expect([...vm.memory.read(address + bytes, 4)]).toEqual([7, 7, 7, 0])
    expect(vm.memory.views(address, bytes).map(({length}) => length)).toEqual([bytes])
    for (const [at, length] of [
      [address + bytes, bytes + 1],
      [address - 1, 2],
      [address + 2 * bytes, 1],
      [Number.NaN, 1],
      [2 ** 53, 1],
    ])
      expect(codeOf(() => vm.memory.views(at, length))).toBe('MEMORY_RANGE')
  })

  test('that is read-only gives the host what the guest stores', () => {
    vm.addMemory({address, bytes, readOnly: true})
    vm.memory.write(address, Uint8Array.of(5))
    expect(run(guest.store(address, 9))).toEqual({
      kind: 'mmio',
      isWrite: true,
      address,
      data: Uint8Array.of(9),
    })
    expect([...vm.memory.read(address, 1)]).toEqual([5])
  })

  test('tells which pages the guest has written, each once', () => {
    const slot = vm.addMemory({address, bytes, logsDirty: true})
    vm.memory.write(address, Uint8Array.of(1))
    expect(slot.takeDirty()).toEqual([])
    run(guest.store(address + bytes - 1, 7))
    expect(slot.takeDirty()).toEqual([{address: address + addon.pageBytes, length: addon.pageBytes}])
    expect(slot.takeDirty()).toEqual([])
    run(guest.store(address, 7), guest.store(address + addon.pageBytes, 7))
    expect(slot.takeDirty()).toEqual([{address, length: bytes}])
  })

  test('gives back the whole pages of a view, and says what is backed', () => {
    const slot = vm.addMemory({address, bytes})
    vm.memory.view(slot.address, bytes).fill(7)
    const before = vm.memory.residentBytes
    expect(vm.memory.discard(vm.memory.view(slot.address + 1, bytes - 1))).toBe(addon.pageBytes)
    expect(vm.memory.discard(vm.memory.view(slot.address + 1, 5))).toBe(0)
    expect(before - vm.memory.residentBytes).toBe(addon.pageBytes)
    const at = slot.address + addon.pageBytes
    expect([...vm.memory.read(at - 1, 2)]).toEqual([7, 0])
    for (const foreign of [new Uint8Array(bytes), new Uint8Array(new SharedArrayBuffer(bytes))])
      expect(codeOf(() => vm.memory.discard(foreign))).toBe('MEMORY_RANGE')
    expect([...vm.memory.read(at - 1, 1)]).toEqual([7])
  })

  test('of the VM itself tells, too, and goes on when it is restored', () => {
    const folder = mkdtempSync(join(tmpdir(), 'hv-slot-'))
    const page = guest.at + 2 * addon.pageBytes
    const written = {address: page, length: addon.pageBytes}
    try {
      using logged = Vm.create({memoryBytes, memoryBase: guest.memoryBase, logsDirty: true})
      const vcpu = guest.start(logged, guest.at, guest.repeat([...guest.store(page, 7), ...guest.stop]), {})
      expect(logged.memory.takeDirty()).toEqual([])
      vcpu.run()
      expect(logged.memory.takeDirty()).toContainEqual(written)
      expect(logged.memory.takeDirty()).not.toContainEqual(written)
      logged.save(join(folder, 'saved'))
      using restored = Vm.restore(join(folder, 'saved'))
      expect(restored.memory.takeDirty()).toEqual([])
      restored.vcpus[0]!.run()
      restored.vcpus[0]!.run()
      expect(restored.memory.takeDirty()).toContainEqual(written)
      expect(codeOf(() => vm.memory.takeDirty())).toBe('BAD_ARGUMENT')
    } finally {
      rmSync(folder, {recursive: true})
    }
  })

  test('that logs nothing cannot tell', () => {
    const slot = vm.addMemory({address, bytes})
    expect(codeOf(() => slot.takeDirty())).toBe('BAD_ARGUMENT')
  })

  test('reads as zeros once the host has its memory back', () => {
    const slot = vm.addMemory({address, bytes})
    vm.memory.write(address, new Uint8Array(bytes).fill(1))
    slot.release(address + addon.pageBytes, addon.pageBytes)
    expect([...vm.memory.read(address + addon.pageBytes - 1, 2)]).toEqual([1, 0])
    expect(codeOf(() => slot.release(address, bytes + addon.pageBytes))).toBe('MEMORY_RANGE')
    expect(codeOf(() => slot.release(address + 1, addon.pageBytes))).toBe('HOST_SYSCALL')
  })

  test('is gone once it is disposed of, and its views are empty', () => {
    const slot = vm.addMemory({address, bytes})
    const view = vm.memory.view(address, 1)
    slot[Symbol.dispose]()
    slot[Symbol.dispose]()
    expect(view.length).toBe(0)
    expect(codeOf(() => vm.memory.read(address, 1))).toBe('MEMORY_RANGE')
    expect(codeOf(() => slot.takeDirty())).toBe('DISPOSED')
    expect(run(guest.store(address, 9))).toMatchObject({kind: 'mmio', address})
    vm.addMemory({address, bytes})
    expect([...vm.memory.read(address, 1)]).toEqual([0])
  })

  test('may be a file of the host', () => {
    const folder = mkdtempSync(join(tmpdir(), 'hv-slot-'))
    const path = join(folder, 'file')
    writeFileSync(path, Buffer.alloc(2 * bytes, 3))
    const file = openSync(path, 'r+')
    try {
      vm.addMemory({address, bytes, file, fileOffset: bytes})
      expect([...vm.memory.read(address, 1)]).toEqual([3])
      run(guest.store(address + 1, 9))
      expect([...readFileSync(path).subarray(bytes - 1, bytes + 3)]).toEqual([3, 3, 9, 3])
    } finally {
      closeSync(file)
      rmSync(folder, {recursive: true})
    }
  })

  test('over a file, to be read alone, keeps what the host stores to the VM', () => {
    const folder = mkdtempSync(join(tmpdir(), 'hv-slot-'))
    const path = join(folder, 'file')
    writeFileSync(path, Buffer.alloc(bytes, 3))
    const file = openSync(path, 'r')
    try {
      vm.addMemory({address, bytes, file, readOnly: true})
      vm.memory.write(address, Uint8Array.of(4))
      expect([...vm.memory.read(address, 2)]).toEqual([4, 3])
      expect(run(guest.store(address + 1, 9))).toMatchObject({kind: 'mmio', address: address + 1})
      expect(readFileSync(path)[0]).toBe(3)
    } finally {
      closeSync(file)
      rmSync(folder, {recursive: true})
    }
  })

  test('reaches no further than its file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'hv-slot-'))
    const path = join(folder, 'file')
    writeFileSync(path, Buffer.alloc(bytes))
    const file = openSync(path, 'r+')
    try {
      const slots = [{bytes: 2 * bytes}, {bytes, fileOffset: bytes}]
      for (const slot of slots)
        expect(codeOf(() => vm.addMemory({address, file, ...slot}))).toBe('MEMORY_SIZE')
    } finally {
      closeSync(file)
      rmSync(folder, {recursive: true})
    }
  })

  test.each([
    [{address: guest.memoryBase, bytes}, 'MEMORY_SIZE'],
    [{address: 1, bytes}, 'MEMORY_SIZE'],
    [{address, bytes: 1}, 'MEMORY_SIZE'],
    [{address, bytes: 0}, 'MEMORY_SIZE'],
    [{address, bytes: 2 ** 41}, 'MEMORY_SIZE'],
    [{address: 2 ** 52, bytes}, 'MEMORY_SIZE'],
    [{address, bytes, file: 9999}, 'BAD_ARGUMENT'],
    [{address, bytes, file: -5}, 'BAD_ARGUMENT'],
  ])('of %j is refused as %s', (options, code) => {
    expect(codeOf(() => vm.addMemory(options))).toBe(code)
  })

  test('is one of 64 at most', () => {
    const add = (index: number) =>
      vm.addMemory({address: guest.memoryBase + 0x1000000 + index * bytes, bytes})
    for (let i = 0; i < 63; i++) add(i)
    expect(codeOf(() => add(63))).toBe('BAD_ARGUMENT')
  })
})
