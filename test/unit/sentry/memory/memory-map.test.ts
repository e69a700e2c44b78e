// Anonymous memory, stacks and the heap, as the guest sees them.

import {describe, expect, it} from 'vitest'
import {ENOMEM} from '../../../../src/abi/errno.ts'
import {RLIMIT_DATA} from '../../../../src/sentry/core/resource-limits.ts'
import {OUT_OF_MEMORY, SEGV_ACCERR, SEGV_MAPERR} from '../../../../src/sentry/memory/fault-signal.ts'
import {protect} from '../../../../src/sentry/memory/protect.ts'
import {VM_GROWSDOWN} from '../../../../src/sentry/memory/vma.ts'
import {errnoOf, MIB, MMAP_BASE, SimulatedGuest, USER_TOP} from './simulated-guest.ts'

const PAGE = 4096
const GIB = 1024 * MIB
const READ = 1
const READ_WRITE = 3

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

  it('gives the rest of 2 MiB to a program that has touched an eighth of them, in whatever order', () => {
    const guest = new SimulatedGuest(64 * MIB)
    const address = guest.map.map({length: GIB, protection: READ_WRITE, address: GIB, fixed: 'keep'})
    for (const page of [400, 0, 200, 300]) guest.store(address + page * PAGE, 1)
    expect(guest.memory.allocatedBytes).toBe(4 * 16 * PAGE)
    for (const page of [100, 250, 350, 500]) guest.store(address + page * PAGE, 1)
    expect(guest.memory.allocatedBytes).toBe(2 * MIB)
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
