// Where mappings go, and the limits on them.

import {describe, expect, it} from 'vitest'
import {EEXIST, EINVAL, ENOMEM, EPERM} from '../../../../src/abi/errno.ts'
import {RLIMIT_AS, RLIMIT_DATA} from '../../../../src/sentry/core/resource-limits.ts'
import {protect} from '../../../../src/sentry/memory/protect.ts'
import {VM_NORESERVE} from '../../../../src/sentry/memory/vma.ts'
import {MAX_MAPPINGS} from '../../../../src/sentry/memory/vma-list.ts'
import {errnoOf, MIB, MMAP_BASE, SimulatedGuest, USER_TOP} from './simulated-guest.ts'

const PAGE = 4096
const GIB = 1024 * MIB
const READ = 1
const READ_WRITE = 3

describe('placement', () => {
  it('goes top-down below the mmap base', () => {
    const {map} = new SimulatedGuest()
    const first = map.map({length: PAGE, protection: READ})
    const second = map.map({length: 3 * PAGE, protection: READ_WRITE})
    expect([first, second]).toEqual([MMAP_BASE - PAGE, MMAP_BASE - 4 * PAGE])
  })

  it('takes the hint when it is free, and another place when it is not', () => {
    const {map} = new SimulatedGuest()
    expect(map.map({address: 0x40_0000, length: PAGE, protection: READ})).toBe(0x40_0000)
    expect(map.map({address: 0x40_0fff, length: PAGE, protection: READ_WRITE})).toBe(MMAP_BASE - PAGE)
  })

  it('finds a hole again that munmap made', () => {
    const {map} = new SimulatedGuest()
    const addresses = Array.from({length: 10}, (_, i) => map.map({length: PAGE, protection: 1 + (i % 2)}))
    map.unmap(addresses[4], PAGE)
    expect(map.map({length: 2 * PAGE, protection: READ})).toBe(addresses[9] - 2 * PAGE)
    expect(map.map({length: PAGE, protection: READ})).toBe(addresses[4])
  })

  it('aligns what huge pages can back', () => {
    const {map} = new SimulatedGuest()
    map.map({length: PAGE, protection: READ})
    expect(map.map({length: 4 * MIB, protection: READ_WRITE}) % (2 * MIB)).toBe(0)
  })

  it('stays below a ceiling', () => {
    const {map} = new SimulatedGuest()
    expect(map.map({length: PAGE, protection: READ, ceiling: 2 ** 31})).toBe(2 ** 31 - PAGE)
  })

  it.each([
    ['unaligned', 0x40_0001, EINVAL],
    ['below mmap_min_addr', 0, EPERM],
    ['across the top', USER_TOP - PAGE, ENOMEM],
    ['above the top', 2 ** 60, ENOMEM],
  ])('refuses a fixed address that is %s', (_, address, errno) => {
    const {map} = new SimulatedGuest()
    const request = {address, length: 2 * PAGE, protection: READ, fixed: 'replace'} as const
    expect(errnoOf(() => map.map(request))).toBe(errno)
  })

  it('replaces with MAP_FIXED and refuses with MAP_FIXED_NOREPLACE', () => {
    const guest = new SimulatedGuest()
    const address = guest.map.map({length: 4 * PAGE, protection: READ_WRITE})
    for (let i = 0; i < 4; i++) guest.store(address + i * PAGE, 7)
    guest.map.map({address: address + PAGE, length: PAGE, protection: READ, fixed: 'replace'})
    expect([0, 1, 2].map((i) => guest.load(address + i * PAGE))).toEqual([7, 0, 7])
    const request = {address: address + PAGE, length: PAGE, protection: READ, fixed: 'keep'} as const
    expect(errnoOf(() => guest.map.map(request))).toBe(EEXIST)
  })
})

describe('limits', () => {
  it('refuses lengths of zero and beyond user space', () => {
    const {map} = new SimulatedGuest()
    expect(errnoOf(() => map.map({length: 0, protection: READ}))).toBe(EINVAL)
    for (const length of [2 ** 47, 2 ** 63, 2 ** 64]) {
      expect(errnoOf(() => map.map({length, protection: 0}))).toBe(ENOMEM)
    }
  })

  it('stops at 65,530 mappings, and a split there fails', () => {
    const {map} = new SimulatedGuest()
    let last = 0
    for (let i = 0; i < MAX_MAPPINGS; i++) last = map.map({length: 4 * PAGE, protection: 1 + (i % 2)})
    expect(errnoOf(() => map.map({length: PAGE, protection: 4}))).toBe(ENOMEM)
    expect(errnoOf(() => map.unmap(last + PAGE, PAGE))).toBe(ENOMEM)
    map.unmap(last, 4 * PAGE)
    map.map({length: PAGE, protection: 4})
  })

  it('keeps RLIMIT_AS and RLIMIT_DATA', () => {
    const {map, limits} = new SimulatedGuest()
    limits.set(RLIMIT_AS, {soft: 8 * PAGE, hard: Infinity})
    limits.set(RLIMIT_DATA, {soft: 2 * PAGE, hard: Infinity})
    const address = map.map({length: 4 * PAGE, protection: READ})
    expect(errnoOf(() => map.map({length: 5 * PAGE, protection: READ}))).toBe(ENOMEM)
    expect(errnoOf(() => map.map({length: 3 * PAGE, protection: READ_WRITE}))).toBe(ENOMEM)
    expect(errnoOf(() => protect(map, address, address + 3 * PAGE, READ_WRITE))).toBe(ENOMEM)
    protect(map, address, address + 2 * PAGE, READ_WRITE)
  })

  it('refuses one mapping larger than all memory, unless nothing is reserved for it', () => {
    const {map} = new SimulatedGuest()
    expect(errnoOf(() => map.map({length: 1024 * GIB, protection: READ_WRITE}))).toBe(ENOMEM)
    map.map({length: 1024 * GIB, protection: READ_WRITE, flags: VM_NORESERVE})
    map.map({length: 1024 * GIB, protection: 0})
  })
})
