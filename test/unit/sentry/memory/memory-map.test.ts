import {describe, expect, it} from 'vitest'
import {EEXIST, EINVAL, ENOMEM, EPERM} from '../../../../src/abi/errno.ts'
import {
  BUS_ADRERR,
  OUT_OF_MEMORY,
  SEGV_ACCERR,
  SEGV_MAPERR,
} from '../../../../src/sentry/memory/fault-signal.ts'
import {protect} from '../../../../src/sentry/memory/protect.ts'
import {type Backing, VM_GROWSDOWN, VM_NORESERVE, VM_SHARED} from '../../../../src/sentry/memory/vma.ts'
import {MAX_MAPPINGS} from '../../../../src/sentry/memory/vma-list.ts'
import {RLIMIT_AS, RLIMIT_DATA} from '../../../../src/sentry/resource-limits.ts'
import {errnoOf, MIB, MMAP_BASE, SimulatedFile, SimulatedGuest, USER_TOP} from './simulated-guest.ts'

const PAGE = 4096
const GIB = 1024 * MIB
const READ = 1
const READ_WRITE = 3

function fileGuest(pages: number): {guest: SimulatedGuest; file: SimulatedFile; backing: Backing} {
  const guest = new SimulatedGuest()
  const file = new SimulatedFile(guest.memory, pages)
  return {guest, file, backing: {mappable: file, path: '/data', dev: 1, ino: 2}}
}

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

describe('anonymous memory', () => {
  it('costs nothing until it is touched', () => {
    const guest = new SimulatedGuest()
    const address = guest.map.map({length: GIB, protection: READ_WRITE})
    expect([guest.memory.allocatedBytes, guest.space.mapCalls]).toEqual([0, 0])
    guest.map.unmap(address, GIB)
    expect(guest.space.unmapCalls).toBe(0)
  })

  it('populates 32 MiB that is written in order with few faults, in 2 MiB runs', () => {
    const guest = new SimulatedGuest(64 * MIB)
    const address = guest.map.map({length: 32 * MIB, protection: READ_WRITE})
    for (let at = address; at < address + 32 * MIB; at += PAGE) guest.store(at, 1)
    expect(guest.faults).toBeLessThan(25)
    expect(guest.space.mapCalls).toBeLessThan(25)
  })

  it('does not let sparse touches take more than 64 KiB each', () => {
    const guest = new SimulatedGuest(64 * MIB)
    const address = guest.map.map({length: GIB, protection: READ_WRITE})
    for (let i = 0; i < 100; i++) guest.store(address + i * 10 * MIB, 1)
    expect(guest.memory.allocatedBytes).toBe(100 * 16 * PAGE)
  })

  it('lets the last page be used before it says that memory is out', () => {
    const guest = new SimulatedGuest(MIB)
    const address = guest.map.map({length: 2 * MIB, protection: READ_WRITE})
    for (let i = 0; i < 256; i++) expect(guest.store(address + i * PAGE, 1)).toBe(true)
    expect(guest.memory.allocatedBytes).toBe(MIB)
    expect(guest.store(address + 256 * PAGE, 1)).toBe(OUT_OF_MEMORY)
    expect(errnoOf(() => guest.user.writeUint8(address + 256 * PAGE, 1))).toBe(ENOMEM)
  })

  it('reserves no neighbours of touched pages once memory runs short', () => {
    const guest = new SimulatedGuest(MIB)
    const address = guest.map.map({length: 32 * MIB, protection: READ_WRITE})
    let touched = 0
    while (guest.store(address + touched * 32 * PAGE, 1) === true) touched++
    expect(touched).toBeGreaterThan(100)
  })

  it('raises SIGSEGV with the right code', () => {
    const guest = new SimulatedGuest()
    const address = guest.map.map({length: PAGE, protection: READ})
    expect(guest.store(address, 1)).toBe(SEGV_ACCERR)
    expect(guest.fetch(address)).toBe(SEGV_ACCERR)
    expect(guest.load(address + PAGE)).toBe(SEGV_MAPERR)
    expect(guest.map.handleFault(2 ** 63, READ)).toBe(SEGV_MAPERR)
  })

  it('keeps its bytes while it is PROT_NONE, out of the reach of the guest', () => {
    const guest = new SimulatedGuest()
    const address = guest.map.map({length: 3 * PAGE, protection: READ_WRITE})
    guest.store(address + PAGE, 5)
    protect(guest.map, address + PAGE, address + 2 * PAGE, 0)
    expect(guest.load(address + PAGE)).toBe(SEGV_ACCERR)
    expect(guest.space.pages.has(address / PAGE + 1)).toBe(false)
    protect(guest.map, address, address + 3 * PAGE, READ_WRITE)
    expect([guest.load(address + PAGE), guest.map.vmas.length]).toEqual([5, 1])
  })
})

describe('stack', () => {
  function stackGuest(): {guest: SimulatedGuest; top: number} {
    const guest = new SimulatedGuest()
    const top = USER_TOP - PAGE
    const address = top - 4 * PAGE
    const protection = READ_WRITE
    guest.map.map({
      address,
      length: 4 * PAGE,
      protection,
      fixed: 'keep',
      flags: VM_GROWSDOWN,
      name: '[stack]',
    })
    return {guest, top}
  }

  it('grows down to RLIMIT_STACK and no further', () => {
    const {guest, top} = stackGuest()
    expect(guest.store(top - 8 * MIB, 1)).toBe(true)
    expect(guest.store(top - 8 * MIB - 1, 1)).toBe(SEGV_MAPERR)
  })

  it('grows for the sentry as it does for the guest', () => {
    const {guest, top} = stackGuest()
    guest.user.writeBytes(top - MIB, new Uint8Array(100))
    expect(guest.load(top - MIB)).toBe(0)
  })

  it('keeps a guard gap to what lies below', () => {
    const {guest, top} = stackGuest()
    guest.map.map({address: top - 4 * MIB, length: PAGE, protection: READ, fixed: 'keep'})
    expect(guest.store(top - 3 * MIB + 2 * PAGE, 1)).toBe(true)
    expect(guest.store(top - 3 * MIB, 1)).toBe(SEGV_MAPERR)
  })

  it('keeps its gap free of new mappings', () => {
    const {guest, top} = stackGuest()
    const hint = top - 4 * PAGE - MIB / 2
    expect(guest.map.map({address: hint, length: PAGE, protection: READ})).toBe(MMAP_BASE - PAGE)
  })
})

describe('heap', () => {
  it('moves the break, zero-filled, and back', () => {
    const guest = new SimulatedGuest()
    guest.map.heap.place(0x50_0000)
    expect(guest.map.heap.moveBreak(0)).toBe(0x50_0000)
    expect(guest.map.heap.moveBreak(0x50_2345)).toBe(0x50_2345)
    guest.store(0x50_2fff, 1)
    expect(guest.map.heap.moveBreak(0x50_1000)).toBe(0x50_1000)
    expect(guest.load(0x50_2fff)).toBe(SEGV_MAPERR)
    guest.map.heap.moveBreak(0x50_3000)
    expect(guest.load(0x50_2fff)).toBe(0)
  })

  it('leaves the break where it is when something is in the way or the limit is', () => {
    const guest = new SimulatedGuest()
    guest.map.heap.place(0x50_0000)
    guest.map.map({address: 0x50_4000, length: PAGE, protection: 0, fixed: 'keep'})
    expect(guest.map.heap.moveBreak(0x50_4001)).toBe(0x50_0000)
    guest.limits.set(RLIMIT_DATA, {soft: 0x2000, hard: Infinity})
    expect(guest.map.heap.moveBreak(0x50_2001)).toBe(0x50_0000)
    expect(guest.map.heap.moveBreak(0x50_2000)).toBe(0x50_2000)
    expect(guest.map.heap.moveBreak(2 ** 60)).toBe(0x50_2000)
  })
})

describe('file mappings', () => {
  it('show the file and copy on write when private', () => {
    const {guest, file, backing} = fileGuest(4)
    const address = guest.map.map({length: 4 * PAGE, protection: READ_WRITE, backing})
    expect([guest.load(address), guest.load(address + 3 * PAGE)]).toEqual([1, 4])
    guest.store(address, 99)
    expect([guest.load(address), guest.memory.bytes[file.offsets[0]]]).toEqual([99, 1])
    expect(guest.load(address + PAGE)).toBe(2)
    expect(file.dirty.size).toBe(0)
  })

  it('map the file pages of a range that is read with one call', () => {
    const {guest, backing} = fileGuest(16)
    const address = guest.map.map({length: 16 * PAGE, protection: READ, backing})
    guest.load(address + 5 * PAGE)
    expect([guest.space.mapCalls, guest.map.residentBytes]).toEqual([1, 16 * PAGE])
  })

  it('write to the file when shared, marking just what was written dirty', () => {
    const {guest, file, backing} = fileGuest(8)
    const request = {length: 8 * PAGE, protection: READ_WRITE, backing, flags: VM_SHARED}
    const address = guest.map.map(request)
    guest.load(address)
    guest.store(address + 3 * PAGE, 77)
    expect([guest.memory.bytes[file.offsets[3]], ...file.dirty]).toEqual([77, 3])
    guest.map.unmap(address, 8 * PAGE)
    expect([...file.flushed]).toEqual([3])
  })

  it('mark a page dirty again that is written after mprotect and back', () => {
    const {guest, file, backing} = fileGuest(1)
    const address = guest.map.map({length: PAGE, protection: READ_WRITE, backing, flags: VM_SHARED})
    guest.store(address, 1)
    protect(guest.map, address, address + PAGE, READ)
    file.dirty.clear()
    protect(guest.map, address, address + PAGE, READ_WRITE)
    guest.store(address, 2)
    expect([...file.dirty]).toEqual([0])
  })

  it('end in SIGBUS behind the end of the file, and in EFAULT for the sentry', () => {
    const {guest, backing} = fileGuest(2)
    const address = guest.map.map({length: 4 * PAGE, protection: READ_WRITE, backing})
    expect(guest.load(address + 2 * PAGE)).toBe(BUS_ADRERR)
    expect(guest.user.views(address, 4 * PAGE, READ).reduce((sum, view) => sum + view.length, 0)).toBe(
      2 * PAGE,
    )
  })

  it('lose the pages that a truncation takes, private copies too', () => {
    const {guest, file, backing} = fileGuest(4)
    const address = guest.map.map({length: 3 * PAGE, protection: READ_WRITE, backing, pageOffset: 1})
    for (let i = 0; i < 3; i++) guest.store(address + i * PAGE, 50 + i)
    file.pages = 2
    guest.map.invalidate(file, 2)
    expect(guest.load(address)).toBe(50)
    expect(guest.load(address + PAGE)).toBe(BUS_ADRERR)
  })

  it('give every page reference back', () => {
    const {guest, file, backing} = fileGuest(16)
    const address = guest.map.map({length: 16 * PAGE, protection: READ_WRITE, backing})
    for (let i = 0; i < 16; i += 3) guest.load(address + i * PAGE)
    for (let i = 0; i < 16; i += 5) guest.store(address + i * PAGE, 1)
    guest.map.clear()
    expect(guest.memory.allocatedBytes).toBe(16 * PAGE)
    expect(file.offsets.map((offset) => guest.memory.references(offset))).toEqual(new Array(16).fill(1))
  })

  it('hold their file until the last of their parts is gone', () => {
    const {guest, file} = fileGuest(8)
    const events: string[] = []
    const acquire = () => events.push('acquire')
    const release = () => events.push('release')
    const backing = {mappable: file, path: '', dev: 0, ino: 0, acquire, release}
    const address = guest.map.map({length: 8 * PAGE, protection: READ, backing})
    guest.map.unmap(address + 3 * PAGE, PAGE)
    guest.map.unmap(address, 3 * PAGE)
    expect(events).toEqual(['acquire'])
    guest.map.unmap(address, 8 * PAGE)
    expect(events).toEqual(['acquire', 'release'])
  })
})
