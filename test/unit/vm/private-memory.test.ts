// Private memory: how it is asked for and refused, on every host; x86_64/private-memory.test.ts has what guests see of it.

import {describe, expect, test} from 'vitest'
import {addon} from '../../../src/addon.ts'
import {arch} from '../../../src/arch/index.ts'
import {readMapGpaRange} from '../../../src/vm/private-memory.ts'
import {PrivatePages} from '../../../src/vm/private-pages.ts'
import {Vm} from '../../../src/vm/vm.ts'
import type {VmOptions} from '../../../src/vm/vm-options.ts'
import {guest} from '../../helpers/guest-code.ts'
import {codeOf, describeKvm} from '../../helpers/vm.ts'

const page = addon.pageBytes
const {memoryBase} = guest
const own = {memoryBytes: 8 * page, memoryBase}

describeKvm('private memory', () => {
  test('is of VMs that are made for it alone', () => {
    using vm = Vm.create(own)
    expect(codeOf(() => vm.memory.setPrivate(memoryBase, page, true))).toBe('BAD_ARGUMENT')
    expect(codeOf(() => vm.memory.setPrivate(memoryBase, page, false))).toBe('BAD_ARGUMENT')
    expect(codeOf(() => vm.memory.setPrivate(memoryBase, 1, true))).toBe('MEMORY_RANGE')
    expect(codeOf(() => vm.memory.setPrivate(memoryBase, page, 1 as unknown as boolean))).toBe('BAD_ARGUMENT')
  })

  test('is refused with the reason on arm64, and a type that there is not everywhere', () => {
    const make = (type: string) => () => Vm.create({...own, type: type as VmOptions['type']})
    expect(codeOf(make('sev'))).toBe('BAD_ARGUMENT')
    if (arch.name !== 'arm64') return
    expect(codeOf(make('sw-protected'))).toBe('BAD_ARGUMENT')
    expect(make('sw-protected')).toThrow(
      'type sw-protected is for x86_64: Linux has no private memory for VMs of arm64',
    )
  })

  test('a VM of the default type is as one without a type', () => {
    using vm = Vm.create({...own, type: 'default'})
    vm.memory.write(memoryBase, Uint8Array.of(1))
    expect(vm.memory.read(memoryBase, 1)).toEqual(Uint8Array.of(1))
  })
})

describe('the record of private pages', () => {
  test('agrees with a list of pages, whatever changes', () => {
    const pages = 100
    const [record, list] = [new PrivatePages(pages), new Array<boolean>(pages).fill(false)]
    for (let step = 0; step < 300; step++) {
      const first = (step * 37) % pages
      const count = 1 + ((step * 53) % (pages - first))
      const isPrivate = step % 3 !== 0
      record.set(first, count, isPrivate)
      list.fill(isPrivate, first, first + count)
      for (let at = 0; at < pages; at++) expect(record.hasAny(at, 1)).toBe(list[at])
      for (const [from, to] of [
        [0, pages],
        [3, 9],
        [8, 16],
        [7, 41],
        [64, 100],
      ])
        expect(record.hasAny(from, to - from)).toBe(list.slice(from, to).includes(true))
    }
    expect(record.hasAny(0, 0)).toBe(false)
  })
})

const asking = (number: number, ...args: bigint[]) =>
  readMapGpaRange({kind: 'hypercall', number, args: [...args, 0n, 0n, 0n], result: 0n})

describe('readMapGpaRange', () => {
  test('reads the hypercall of x86_64 guests, and no other exit', () => {
    const asked = asking(12, 0x5000n, 2n, 0x10n)
    expect(asked).toEqual(
      arch.name === 'x86_64' ? {address: 0x5000, bytes: 0x2000, isPrivate: true} : undefined,
    )
    expect(asking(12, 0x5000n, 2n, 0n)?.isPrivate).toBe(arch.name === 'x86_64' ? false : undefined)
    expect([asking(11, 0n, 1n, 0n), readMapGpaRange({kind: 'halt'})]).toEqual([undefined, undefined])
  })

  test('gives numbers of a guest that no memory has, and setPrivate refuses them', () => {
    if (arch.name !== 'x86_64') return
    const most = 2n ** 64n - 1n
    const {address, bytes} = asking(12, most, most, most)!
    using vm = Vm.create(own)
    expect(codeOf(() => vm.memory.setPrivate(address, bytes, true))).toBe('MEMORY_RANGE')
    expect(codeOf(() => vm.memory.setPrivate(-page, page, true))).toBe('MEMORY_RANGE')
    expect(codeOf(() => vm.memory.setPrivate(Number.NaN, page, true))).toBe('MEMORY_RANGE')
  })
})
