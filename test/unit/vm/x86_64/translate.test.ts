// vcpu.translate beside what KVM says of the same tables (KVM_TRANSLATE), and beside what a guest may do with the same page.

import {expect, test} from 'vitest'
import {startLongMode} from '../../../../src/vm/start-long-mode.ts'
import {Vm} from '../../../../src/vm/vm.ts'
import {seededRandom} from '../../../helpers/mutate.ts'
import {codeOf, describeOn, isPvmHost, MEMORY_BYTES} from '../../../helpers/vm.ts'

const KVM_TRANSLATE = 0xc018ae85
const PAGE = 0x1000
const [PE, WP, PG] = [1n, 1n << 16n, 1n << 31n]
const [PSE, PAE, SMEP] = [1n << 4n, 1n << 5n, 1n << 20n]
const [LONG, NXE] = [0x500n, 1n << 11n]
const NX = 1n << 63n
const TABLES = 12

const MODES = [
  {name: '32-bit paging', cr4: PSE, efer: 0n, words: 4, rootFlags: 7, top: 2 ** 32},
  {name: 'PAE', cr4: PAE, efer: NXE, words: 8, rootFlags: 1, top: 2 ** 32},
  {name: 'long mode', cr4: PAE, efer: LONG | NXE, words: 8, rootFlags: 7, top: 2 ** 47},
] as const
// Under long mode nothing else is left there: README.md, PVM hosts.
const here = MODES.filter(({efer}) => !isPvmHost || efer & LONG)

describeOn('x86_64', 'vcpu.translate', () => {
  test.each(here)('in $name leads where KVM_TRANSLATE leads', ({cr4, efer, words, rootFlags, top}) => {
    using vm = Vm.create({memoryBytes: MEMORY_BYTES})
    const random = seededRandom(words + rootFlags)
    const root = PAGE
    for (let table = root; table < (TABLES + 1) * PAGE; table += PAGE) {
      const entries = Array.from({length: PAGE / words}, () => {
        const flags = table === root ? rootFlags : random(16) === 0 ? 0x86 | random(2) : random(8) | 1
        // Large pages lie above the others. The largest ones' addresses are multiples of 1 GiB; other bits are reserved.
        const frame = flags & 0x80 ? BigInt(1 + random(3)) << 30n : BigInt((1 + random(TABLES)) * PAGE)
        const never = efer && table !== root && random(4) === 0 ? NX : 0n
        return frame | BigInt(flags) | never
      })
      const bytes = words === 8 ? BigUint64Array.from(entries) : Uint32Array.from(entries, Number)
      vm.memory.write(table, new Uint8Array(bytes.buffer))
    }
    using vcpu = vm.createVcpu()
    startLongMode(vm, vcpu, {entry: 0xf0000, stack: 0xff000, gibs: 1, tables: 0x80000})
    if (!(efer & LONG)) vcpu.registers.set({'cs.l': 0n, 'cs.db': 1n})
    vcpu.registers.set({cr0: PE | WP | PG, cr3: BigInt(root), cr4, efer})

    const hasGibPages = vcpu.cpuid.has('pdpe1gb')
    let mapped = 0
    for (let count = 0; count < 150; count++) {
      const address = BigInt(random(2 ** 16)) * BigInt(top / 2 ** 16) + BigInt(random(2 ** 16))
      const asked = new BigUint64Array(3)
      asked[0] = address
      const bytes = new Uint8Array(asked.buffer)
      vcpu.raw.ioctl(KVM_TRANSLATE, bytes)
      const found = vcpu.translate(address)
      // Where the processor has no pages of 1 GiB, their bit is reserved.
      if (!hasGibPages && found && found.address >= 2 ** 30) continue
      expect([address, found && BigInt(found.address)]).toEqual([address, bytes[16] ? asked[1] : undefined])
      if (found) mapped++
    }
    expect(mapped).toBeGreaterThan(20)
    expect(mapped).toBeLessThan(150)
  })

  test('gives the rights that the processor gives', () => {
    using vm = Vm.create({memoryBytes: MEMORY_BYTES})
    using vcpu = vm.createVcpu()
    startLongMode(vm, vcpu, {entry: 0xf0000, stack: 0xff000, gibs: 1, tables: 0x80000})
    const [pml4, pdpt, directory, table, code, page] = [1, 2, 3, 4, 8, 9].map((index) => index * PAGE)
    const put = (address: number, entry: bigint): void =>
      vm.memory.write(address, new Uint8Array(BigUint64Array.of(entry).buffer))
    put(pml4, BigInt(pdpt) | 7n)
    put(pdpt, BigInt(directory) | 7n)
    put(directory, BigInt(table) | 7n)
    const done = [0xe6, 0x80] // out %al, $0x80
    const store = [0x88, 0x04, 0x25, page & 0xff, page >> 8, 0, 0, ...done] // mov %al, page
    const load = [0x8a, 0x04, 0x25, page & 0xff, page >> 8, 0, 0, ...done] // mov page, %al
    vm.memory.write(page, Uint8Array.from(done))
    const before = vcpu.save()

    const can = (
      instructions: readonly number[],
      ring: bigint,
      system: {cr0: bigint; cr4: bigint},
    ): boolean => {
      vcpu.restore(before)
      vm.memory.write(page, Uint8Array.from(done))
      if (instructions.length > 0) vm.memory.write(code, Uint8Array.from(instructions))
      const segments = {'cs.dpl': ring, 'cs.selector': 8n | ring, 'ss.dpl': ring, 'ss.selector': 16n | ring}
      const rip = BigInt(instructions.length > 0 ? code : page)
      // IOPL 3: OUT in ring 3.
      vcpu.registers.set({...segments, ...system, cr3: BigInt(pml4), efer: LONG | NXE, rip, rflags: 0x3002n})
      return vcpu.run().kind === 'io'
    }
    // On PVM hosts KVM interprets ring 0, and has neither OUT in ring 3 nor SMEP.
    const rings = isPvmHost ? [0n] : [0n, 3n]
    for (const flags of [1n, 3n, 5n, 7n, 1n | NX, 3n | NX, 5n | NX, 7n | NX])
      for (const cr0 of [PE | PG, PE | PG | WP])
        for (const cr4 of isPvmHost ? [PAE] : [PAE, PAE | SMEP])
          for (const ring of rings) {
            put(table + 8 * (code / PAGE), BigInt(code) | (ring ? 7n : 3n))
            put(table + 8 * (page / PAGE), BigInt(page) | flags)
            const system = {cr0, cr4}
            const [read, write, execute] = [load, store, []].map((each) => can(each, ring, system))
            const seen = `${read ? 'r' : '-'}${write ? 'w' : '-'}${execute ? 'x' : '-'}`
            vcpu.registers.set({...system, cr3: BigInt(pml4), efer: LONG | NXE})
            const found = vcpu.translate(page + 8)
            expect(found?.address).toBe(page + 8)
            expect([flags, cr0, cr4, ring, ring ? found?.user : found?.privileged]).toEqual([
              ...[flags, cr0, cr4, ring],
              seen,
            ])
          }
  })

  test('takes no address that is none, and an address is itself in real mode', () => {
    using vm = Vm.create({memoryBytes: MEMORY_BYTES})
    using vcpu = vm.createVcpu()
    for (const bad of [-1, 1.5, 2n ** 64n, '0x1000', undefined])
      expect(codeOf(() => vcpu.translate(bad as never))).toBe('BAD_ARGUMENT')
    expect(vcpu.translate(0xfff0)).toEqual({address: 0xfff0, length: 16, privileged: 'rwx', user: 'rwx'})
  })
})
