// Private memory, where the host's KVM has software-protected VMs: the bed sw-protected.

import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import {checkExtension} from '../../../../src/vm/capabilities.ts'
import type {Exit} from '../../../../src/vm/exit.ts'
import {readMapGpaRange} from '../../../../src/vm/private-memory.ts'
import type {Vcpu} from '../../../../src/vm/vcpu.ts'
import {Vm} from '../../../../src/vm/vm.ts'
import {type Code, guest} from '../../../helpers/guest-code.ts'
import {codeOf, describeOn} from '../../../helpers/vm.ts'

const PAGE = 0x1000
/** The page that changes, beside the guest's code. */
const AT = 0x3000
const make = (): Vm => Vm.create({memoryBytes: 8 * PAGE, type: 'sw-protected', guestMemfd: true})
/** Elsewhere each of these tests sees that said. */
const isThere = (checkExtension('KVM_CAP_VM_TYPES') & 2) !== 0
const inProtectedVm = (name: string, body: () => unknown): void =>
  test(name, isThere ? body : () => expect(codeOf(make)).toBe('KVM_UNUSABLE'))

const start = (vm: Vm, code: Code): Vcpu => guest.start(vm, guest.at, code, {})
/** Tells the byte at AT, and increments it; for ever. */
const TELL_AND_INCREMENT = guest.repeat([...guest.load(AT), 0xe6, 0x80, ...guest.increment(AT)])
/** mov $12, %ax; mov $AT, %bx; mov $pages, %cx; mov $attributes, %dx; vmcall; hlt */
const ask = (pages: number, attributes: number): Code => [
  ...[0xb8, 12, 0, 0xbb, 0, AT >> 8, 0xb9, pages, 0, 0xba, attributes, 0],
  ...[0x0f, 0x01, 0xc1, ...guest.stop],
]

function told(vcpu: Vcpu): number {
  const exit = vcpu.run()
  if (exit.kind !== 'io') throw new Error(exit.kind)
  return exit.data[0]
}

/** By ioctl, without what the VM API checks. */
function setAttribute(vm: Vm, address: number, bytes: number, isPrivate: boolean): void {
  const KVM_SET_MEMORY_ATTRIBUTES = 0x4020aed2
  const words = BigUint64Array.of(BigInt(address), BigInt(bytes), isPrivate ? 8n : 0n, 0n)
  vm.raw.ioctl(KVM_SET_MEMORY_ATTRIBUTES, new Uint8Array(words.buffer))
}

describeOn('x86_64', 'a software-protected VM', () => {
  inProtectedVm('keeps from this process what its guest writes to a private page', () => {
    using vm = make()
    const before = vm.memory.view(AT, 1)
    vm.memory.write(AT, Uint8Array.of(7))
    const vcpu = start(vm, TELL_AND_INCREMENT)
    expect(told(vcpu)).toBe(7)
    expect(told(vcpu)).toBe(8)
    vm.memory.setPrivate(AT, PAGE, true)
    // The increment that comes before is in the new page already.
    expect([told(vcpu), told(vcpu), told(vcpu)]).toEqual([1, 2, 3])
    expect(before).toEqual(Uint8Array.of(0))
    before[0] = 0x55
    expect(told(vcpu)).toBe(4)
  })

  inProtectedVm('shares a page again, which then is empty, and never shows what was private', () => {
    using vm = make()
    vm.memory.setPrivate(AT, PAGE, true)
    const vcpu = start(vm, TELL_AND_INCREMENT)
    expect([told(vcpu), told(vcpu)]).toEqual([0, 1])
    vm.memory.setPrivate(AT, PAGE, false)
    expect(vm.memory.read(AT, 1)).toEqual(Uint8Array.of(0))
    expect(told(vcpu)).toBe(1)
    expect(vm.memory.read(AT, 1)).toEqual(Uint8Array.of(1))
    vm.memory.setPrivate(AT, PAGE, true)
    expect(told(vcpu)).toBe(1)
  })

  inProtectedVm('loses nothing when a page becomes what it is', () => {
    using vm = make()
    vm.memory.write(AT, Uint8Array.of(7))
    vm.memory.setPrivate(AT, PAGE, false)
    const vcpu = start(vm, TELL_AND_INCREMENT)
    expect(told(vcpu)).toBe(7)
    vm.memory.setPrivate(AT, PAGE, true)
    expect([told(vcpu), told(vcpu)]).toEqual([1, 2])
    vm.memory.setPrivate(AT, PAGE, true)
    expect(told(vcpu)).toBe(3)
  })

  inProtectedVm(
    'refuses what this process would do to private pages, and ranges that are not of them',
    async () => {
      using vm = make()
      vm.memory.setPrivate(AT, PAGE, true)
      const refused = [
        () => vm.memory.read(AT + PAGE - 1, 1),
        () => vm.memory.write(AT - 1, Uint8Array.of(1, 2)),
        () => vm.memory.view(0, 8 * PAGE),
        () => vm.memory.views(AT, 1),
        () => vm.memory.setPrivate(AT + 1, PAGE, true),
        () => vm.memory.setPrivate(AT, PAGE / 2, true),
        () => vm.memory.setPrivate(7 * PAGE, 2 * PAGE, true),
        () => vm.memory.setPrivate(0x100000, PAGE, true),
      ]
      expect(refused.map(codeOf)).toEqual(refused.map(() => 'MEMORY_RANGE'))
      await expect(vm.memory.populate(AT, PAGE)).rejects.toMatchObject({code: 'MEMORY_RANGE'})
      expect(vm.memory.read(AT - 1, 1)).toEqual(Uint8Array.of(0))
      expect(vm.memory.read(AT + PAGE, PAGE)).toEqual(new Uint8Array(PAGE))
    },
  )

  inProtectedVm('converts what its guest asks for by a hypercall, and tells it what cannot be', () => {
    using vm = make()
    vm.memory.write(AT, Uint8Array.of(7))
    const vcpu = start(vm, [...ask(1, 0x10), ...ask(200, 0x10), ...guest.load(AT), 0xe6, 0x80])
    const answer = (): void => {
      const exit = vcpu.run()
      const asked = readMapGpaRange(exit)
      if (exit.kind !== 'hypercall' || asked === undefined) throw new Error(exit.kind)
      if (codeOf(() => vm.memory.setPrivate(asked.address, asked.bytes, asked.isPrivate)) === 'MEMORY_RANGE')
        exit.result = -22n
    }
    answer()
    expect([vcpu.run().kind, vcpu.registers.get('rax') & 0xffffn]).toEqual(['halt', 0n])
    answer()
    expect([vcpu.run().kind, vcpu.registers.get('rax') & 0xffffn]).toEqual(['halt', 0xffean])
    expect(told(vcpu)).toBe(0)
  })

  inProtectedVm('ends a run by memory-fault where a private page has no guest_memfd, and goes on', () => {
    using vm = Vm.create({memoryBytes: 8 * PAGE, type: 'sw-protected'})
    vm.memory.write(AT, Uint8Array.of(7))
    expect(codeOf(() => vm.memory.setPrivate(AT, PAGE, true))).toBe('BAD_ARGUMENT')
    const vcpu = start(vm, TELL_AND_INCREMENT)
    setAttribute(vm, AT, PAGE, true)
    const lines: string[] = []
    using _ = vm.trace((line) => lines.push(line))
    const fault = {kind: 'memory-fault', address: AT, bytes: PAGE, isPrivate: true}
    expect([vcpu.run(), vcpu.run()]).toEqual([fault, fault])
    expect(lines).toEqual(['1 vcpu0 0x1000 memory-fault private 0x3000 4096'])
    setAttribute(vm, AT, PAGE, false)
    expect(told(vcpu)).toBe(7)
  })

  inProtectedVm('runs asynchronously to the same memory-fault', async () => {
    using vm = Vm.create({memoryBytes: 8 * PAGE, type: 'sw-protected'})
    const vcpu = start(vm, TELL_AND_INCREMENT)
    setAttribute(vm, AT, PAGE, true)
    expect(await vcpu.runAsync()).toMatchObject({kind: 'memory-fault', address: AT})
  })

  inProtectedVm('has private pages in slots, and leaves nothing private behind a slot that goes', () => {
    using vm = Vm.create({memoryBytes: AT, type: 'sw-protected'})
    const place = {address: AT, bytes: PAGE}
    const vcpu = start(vm, TELL_AND_INCREMENT)
    const slot = vm.addMemory({...place, guestMemfd: true})
    vm.memory.setPrivate(AT, PAGE, true)
    expect([told(vcpu), told(vcpu)]).toEqual([0, 1])
    slot.release(AT, PAGE)
    expect([told(vcpu), told(vcpu)]).toEqual([1, 2])
    slot[Symbol.dispose]()
    expect(vcpu.run().kind).toBe('mmio')
    vm.addMemory(place)
    vm.memory.write(AT, Uint8Array.of(9))
    expect(told(start(vm, TELL_AND_INCREMENT))).toBe(9)
  })

  inProtectedVm('takes memory for private pages before they are touched, where KVM can', () => {
    using vm = make()
    const vcpu = start(vm, TELL_AND_INCREMENT)
    vm.memory.setPrivate(AT, 2 * PAGE, true)
    const code = codeOf(() => vcpu.prefault(AT - PAGE, 3 * PAGE))
    expect(code).toBe(checkExtension('KVM_CAP_PRE_FAULT_MEMORY') > 0 ? 'nothing was thrown' : 'KVM_UNUSABLE')
    expect([told(vcpu), told(vcpu)]).toEqual([0, 1])
  })

  inProtectedVm('gives the host back what its guest no longer finds', () => {
    using vm = make()
    vm.memory.view(AT, 4 * PAGE).fill(1)
    const before = vm.memory.residentBytes
    vm.memory.setPrivate(AT, 4 * PAGE, true)
    expect(before - vm.memory.residentBytes).toBe(4 * PAGE)
  })

  inProtectedVm('changes pages while its guest runs', async () => {
    using vm = make()
    const vcpu = start(vm, guest.repeat(guest.increment(AT)))
    // An access at the very moment of a change is a memory-fault, and is made again.
    const run = async (): Promise<Exit> => {
      for (;;) {
        const exit = await vcpu.runAsync()
        if (exit.kind !== 'memory-fault') return exit
      }
    }
    const ran = run()
    for (let times = 0; times < 100; times++) {
      vm.memory.setPrivate(AT, PAGE, times % 2 === 0)
      if (times % 10 === 0) await new Promise(setImmediate)
    }
    while (vm.memory.read(AT, 1)[0] === 0) await new Promise(setImmediate)
    vcpu.interrupt()
    expect((await ran).kind).toBe('interrupted')
  })

  inProtectedVm('is not saved, has no system management mode, and takes no other kind of memory', () => {
    const folder = mkdtempSync(join(tmpdir(), 'hv-private-'))
    try {
      using vm = Vm.create({memoryBytes: 8 * PAGE, type: 'sw-protected', guestMemfd: true, irqchip: true})
      expect(codeOf(() => vm.save(join(folder, 'saved')))).toBe('BAD_ARGUMENT')
      const vcpu = start(vm, guest.spin)
      expect(codeOf(() => vcpu.smi())).toBe('KVM_UNUSABLE')
      const lazy = {address: 0x100000, bytes: PAGE, guestMemfd: true, lazy: true}
      expect(codeOf(() => vm.addMemory(lazy))).toBe('BAD_ARGUMENT')
      vm.addMemory({address: 0x100000, bytes: PAGE, logsDirty: true})
    } finally {
      rmSync(folder, {recursive: true})
    }
  })

  inProtectedVm('refuses changes once it is gone', () => {
    const vm = make()
    vm[Symbol.dispose]()
    expect(codeOf(() => vm.memory.setPrivate(AT, PAGE, true))).toBe('DISPOSED')
  })
})
