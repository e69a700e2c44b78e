// forkMap: two processes with the same content, neither of which sees what the other writes.

import {describe, expect, test} from 'vitest'
import {PAGE_SIZE, PROT_READ, PROT_WRITE} from '../../../../src/platform/platform.ts'
import {forkMap} from '../../../../src/sentry/memory/fork.ts'
import type {MemoryMap} from '../../../../src/sentry/memory/memory-map.ts'
import {entryOffset} from '../../../../src/sentry/memory/pager.ts'
import {Budget} from '../../../../src/vfs/budget.ts'
import {SimulatedGuest, type SimulatedSpace} from './simulated-guest.ts'

const ADDRESS = 0x4000_0000
const FIRST_PAGE = ADDRESS / PAGE_SIZE

/** A process that has written its number into each of its pages. */
function writer(pages: number): SimulatedGuest {
  const guest = new SimulatedGuest()
  guest.map.map({
    address: ADDRESS,
    length: pages * PAGE_SIZE,
    fixed: 'keep',
    protection: PROT_READ | PROT_WRITE,
  })
  for (let i = 0; i < pages; i++) guest.store(ADDRESS + i * PAGE_SIZE, i + 1)
  return guest
}

const fork = (guest: SimulatedGuest, isStill = true) => {
  const map = forkMap(guest.map, guest.limits, new Budget(), isStill)
  return {addresses: map.pages.space, map}
}

const byteOf = ({pages, memory}: MemoryMap, page: number): number => {
  return memory.bytes[entryOffset(pages.get(FIRST_PAGE + page))]
}

const mayWrite = (space: unknown, page: number): boolean => {
  return ((space as SimulatedSpace).pages.get(FIRST_PAGE + page)!.protection & PROT_WRITE) !== 0
}

describe.each([16, 32, 33, 200])('a fork of %i written pages', (count) => {
  const pages = [0, 1, count - 1]

  test('has their content, and nothing of what is written later', () => {
    const guest = writer(count)
    const {map} = fork(guest)
    for (const page of pages) guest.store(ADDRESS + page * PAGE_SIZE, 99)
    expect(pages.map((page) => byteOf(map, page))).toEqual(pages.map((page) => page + 1))
    map.clear()
    guest.map.clear()
    expect(guest.memory.allocatedBytes).toBe(0)
  })

  test(`spares both the faults: ${count <= 32}`, () => {
    const guest = writer(count)
    const {addresses} = fork(guest)
    const spares = pages.map(() => count <= 32)
    expect(pages.map((page) => mayWrite(guest.space, page))).toEqual(spares)
    expect(pages.map((page) => mayWrite(addresses, page))).toEqual(spares)
  })
})

test('a fork copies nothing that others may write meanwhile', () => {
  const guest = writer(16)
  const {addresses} = fork(guest, false)
  expect([mayWrite(guest.space, 0), mayWrite(addresses, 0)]).toEqual([false, false])
})

test('a fork takes no memory when it runs short', () => {
  const guest = writer(16)
  guest.memory.allocate(guest.memory.size / 2)
  const before = guest.memory.allocatedBytes
  const {addresses} = fork(guest)
  expect(guest.memory.allocatedBytes).toBe(before)
  expect([mayWrite(guest.space, 0), mayWrite(addresses, 0)]).toEqual([false, false])
})
