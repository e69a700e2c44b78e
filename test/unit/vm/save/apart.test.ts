// A VM that is saved with its memory apart: each VM that goes on from there has its own copy, page by page.

import {closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, truncateSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, expect, test} from 'vitest'
import {Vm} from '../../../../src/vm/vm.ts'
import {guest} from '../../../helpers/guest-code.ts'
import {codeOf, describeKvm, MEMORY_BYTES, standingBefore} from '../../../helpers/vm.ts'

const DATA = guest.at + 0x4000
const HIGH = 2 ** 32

let folder: string
let [state, memory]: string[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hv-apart-'))
  ;[state, memory] = ['state', 'memory'].map((name) => join(folder, name))
})
afterEach(() => rmSync(folder, {recursive: true}))

function withFile<Result>(flags: string, act: (fd: number) => Result): Result {
  const fd = openSync(memory, flags)
  try {
    return act(fd)
  } finally {
    closeSync(fd)
  }
}
const restored = (): Vm => withFile('r', (fd) => Vm.restore(state, {memory: fd}))

/** Tells 1, is saved, and would then tell 2. */
function save(): void {
  const {vm, vcpu} = standingBefore([...guest.tell(1), ...guest.tell(2)])
  using _ = vm
  expect(guest.numberOf(vcpu.run())).toBe(1)
  vm.memory.write(DATA, Uint8Array.of(1, 2, 3))
  vm.addMemory({address: HIGH, bytes: 0x100000})
  vm.memory.write(HIGH + 0x80000, Uint8Array.of(4))
  withFile('w', (fd) => vm.save(state, {memory: fd}))
}

describeKvm('memory that is saved apart', () => {
  test('has holes, and is each restored VM’s own', () => {
    save()
    const {size, blocks} = statSync(memory)
    expect(size).toBe(MEMORY_BYTES + 0x100000)
    expect(blocks * 512).toBeLessThan(size)
    const before = readFileSync(memory)
    using first = restored()
    first.memory.write(DATA, Uint8Array.of(9))
    using second = restored()
    expect([first, second].map((vm) => vm.memory.read(DATA, 3)[0])).toEqual([9, 1])
    expect(second.memory.read(HIGH + 0x80000, 1)).toEqual(Uint8Array.of(4))
    for (const vm of [first, second]) expect(guest.numberOf(vm.vcpus[0].run())).toBe(2)
    expect(readFileSync(memory).equals(before)).toBe(true)
  })

  test('that is released reads as zeros, and not as the file', () => {
    save()
    using vm = restored()
    const slot = vm.addMemory({address: 2 * HIGH, bytes: 0x10000})
    slot.mapCopyOf(openSync(memory, 'r'), 0)
    slot.mapCopyOf(openSync(memory, 'r'), guest.at - guest.memoryBase)
    expect(slot.view(slot.address, 0x4001)[0x4000]).toBe(1)
    slot.release(slot.address, 0x10000)
    expect(slot.view(slot.address, 0x10000).every((byte) => byte === 0)).toBe(true)
  })

  test('that is discarded reads as the file again', () => {
    save()
    using vm = restored()
    vm.memory.write(DATA, Uint8Array.of(9))
    vm.memory.discard(vm.memory.view(vm.memory.base, MEMORY_BYTES))
    expect(vm.memory.read(DATA, 3)).toEqual(Uint8Array.of(1, 2, 3))
  })

  test('must be whole, and named where it is apart, and only there', () => {
    save()
    expect(codeOf(() => Vm.restore(state))).toBe('SAVE_INVALID')
    truncateSync(memory, MEMORY_BYTES)
    expect(codeOf(restored)).toBe('SAVE_INVALID')
    using vm = Vm.create({memoryBytes: MEMORY_BYTES, memoryBase: guest.memoryBase})
    vm.save(state)
    expect(codeOf(restored)).toBe('SAVE_INVALID')
    expect(codeOf(() => vm.save(state, {memory: -1}))).toBe('BAD_ARGUMENT')
  })
})
