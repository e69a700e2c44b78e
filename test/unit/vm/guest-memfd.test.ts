// Memory of a guest_memfd, where the host's KVM lets a process map one: Linux 6.18.

import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import {addon} from '../../../src/addon.ts'
import {checkExtension} from '../../../src/vm/capabilities.ts'
import type {MemorySlotOptions} from '../../../src/vm/memory-slot-options.ts'
import {Vm} from '../../../src/vm/vm.ts'
import {guest} from '../../helpers/guest-code.ts'
import {codeOf, describeKvm} from '../../helpers/vm.ts'

const page = addon.pageBytes
const {memoryBase} = guest
const memoryBytes = guest.at - memoryBase + 8 * page
const slotBase = memoryBase + memoryBytes
const make = (options = {}): Vm => Vm.create({memoryBytes, memoryBase, guestMemfd: true, ...options})
/** Elsewhere each of these tests sees that said. */
const isThere = (checkExtension('KVM_CAP_GUEST_MEMFD_FLAGS') & 3) === 3
const inGuestMemfd = (name: string, body: () => unknown): void =>
  test(name, isThere ? body : () => expect(codeOf(make)).toBe('KVM_UNUSABLE'))

describeKvm('a guest_memfd', () => {
  inGuestMemfd('is memory for the guest and for this process', () => {
    using vm = make()
    const stored = guest.at + 2 * page
    const code = guest.repeat([...guest.increment(stored), ...guest.stop])
    const vcpu = guest.start(vm, guest.at, code, {})
    expect([vcpu.run().kind, vcpu.run().kind]).toEqual([guest.stopKind, guest.stopKind])
    expect(vm.memory.read(stored, 1)).toEqual(Uint8Array.of(2))
    vm.memory.write(stored, Uint8Array.of(40))
    vcpu.run()
    expect(vm.memory.read(stored, 1)).toEqual(Uint8Array.of(41))
  })

  inGuestMemfd('gives pages back, which the guest then finds empty', async () => {
    using vm = Vm.create({memoryBytes, memoryBase})
    const slot = vm.addMemory({address: slotBase, bytes: memoryBytes, guestMemfd: true})
    const code = guest.repeat([...guest.increment(slotBase), ...guest.stop])
    const vcpu = guest.start(vm, guest.at, code, {})
    vcpu.run()
    const before = vm.memory.residentBytes
    slot.release(slotBase, page)
    expect(vm.memory.residentBytes).toBe(before - page)
    vcpu.run()
    expect(vm.memory.read(slotBase, 1)).toEqual(Uint8Array.of(1))
    await vm.memory.populate(slotBase, memoryBytes)
    expect(vm.memory.residentBytes).toBe(before - page + memoryBytes)
    slot[Symbol.dispose]()
    expect(vcpu.run().kind).toBe('mmio')
  })

  inGuestMemfd('is saved and restored as what it is', () => {
    const folder = mkdtempSync(join(tmpdir(), 'hv-memfd-'))
    try {
      using vm = make()
      vm.memory.write(memoryBase + page, Uint8Array.of(9))
      vm.save(join(folder, 'saved'))
      using restored = Vm.restore(join(folder, 'saved'))
      expect(restored.memory.read(memoryBase + page, 1)).toEqual(Uint8Array.of(9))
      expect(codeOf(() => restored.save(join(folder, 'again'), {memory: 1}))).toBe('BAD_ARGUMENT')
    } finally {
      rmSync(folder, {recursive: true})
    }
  })

  test('goes with no other kind of memory', () => {
    using vm = Vm.create({memoryBytes, memoryBase})
    const others: Partial<MemorySlotOptions>[] = [
      {readOnly: true},
      {logsDirty: true},
      {hugePages: true},
      {file: 0},
      {lazy: true},
    ]
    const place = {address: slotBase, bytes: page, guestMemfd: true}
    const codes = others.map((other) => codeOf(() => vm.addMemory({...place, ...other})))
    expect(new Set(codes)).toEqual(new Set(['BAD_ARGUMENT']))
  })
})
