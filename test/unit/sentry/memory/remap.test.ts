// mremap(2): growing, shrinking and moving.

import {describe, expect, it} from 'vitest'
import {EFAULT, EINVAL, ENOMEM} from '../../../../src/abi/errno.ts'
import {SEGV_MAPERR} from '../../../../src/sentry/memory/fault-signal.ts'
import {type RemapRequest, remap} from '../../../../src/sentry/memory/remap.ts'
import {VM_SHARED} from '../../../../src/sentry/memory/vma.ts'
import {errnoOf, SimulatedFile, SimulatedGuest} from './simulated-guest.ts'

const PAGE = 4096
const READ_WRITE = 3

/** Four pages whose first bytes are 1 to 4. */
function filled(): {guest: SimulatedGuest; address: number} {
  const guest = new SimulatedGuest()
  const address = guest.map.map({length: 4 * PAGE, protection: READ_WRITE})
  for (let i = 0; i < 4; i++) guest.store(address + i * PAGE, i + 1)
  return {guest, address}
}

function request(address: number, oldPages: number, newPages: number, more: Partial<RemapRequest> = {}) {
  const [oldLength, newLength] = [oldPages * PAGE, newPages * PAGE]
  return {address, oldLength, newLength, mayMove: true, keepsOld: false, ...more}
}

describe('remap', () => {
  it('shrinks in place', () => {
    const {guest, address} = filled()
    expect(remap(guest.map, request(address, 4, 2, {mayMove: false}))).toBe(address)
    expect([guest.load(address + PAGE), guest.load(address + 2 * PAGE)]).toEqual([2, SEGV_MAPERR])
  })

  it('grows in place when there is room', () => {
    const {guest, address} = filled()
    guest.map.unmap(address + 2 * PAGE, 2 * PAGE)
    expect(remap(guest.map, request(address, 2, 4, {mayMove: false}))).toBe(address)
    expect([guest.load(address + PAGE), guest.load(address + 3 * PAGE)]).toEqual([2, 0])
  })

  it('moves when there is none, without copying a page', () => {
    const {guest, address} = filled()
    const before = guest.memory.allocatedBytes
    expect(errnoOf(() => remap(guest.map, request(address, 4, 1 << 18, {mayMove: false})))).toBe(ENOMEM)
    const moved = remap(guest.map, request(address, 4, 1 << 18))
    expect([0, 1, 2, 3].map((i) => guest.load(moved + i * PAGE))).toEqual([1, 2, 3, 4])
    expect(guest.load(address)).toBe(SEGV_MAPERR)
    expect(guest.memory.allocatedBytes).toBe(before)
  })

  it('replaces what is at a fixed target', () => {
    const {guest, address} = filled()
    const target = guest.map.map({length: 2 * PAGE, protection: READ_WRITE, address: 0x40_0000})
    guest.store(target, 9)
    expect(remap(guest.map, request(address + PAGE, 2, 2, {target}))).toBe(target)
    expect([guest.load(target), guest.load(target + PAGE)]).toEqual([2, 3])
    expect([guest.load(address), guest.load(address + PAGE)]).toEqual([1, SEGV_MAPERR])
  })

  it('leaves an empty mapping behind with MREMAP_DONTUNMAP', () => {
    const {guest, address} = filled()
    const moved = remap(guest.map, request(address, 4, 4, {keepsOld: true}))
    expect([guest.load(moved + PAGE), guest.load(address + PAGE)]).toEqual([2, 0])
  })

  it('gives a second view of shared pages for an old length of 0', () => {
    const guest = new SimulatedGuest()
    const backing = {mappable: new SimulatedFile(guest.memory, 4), path: '/f', dev: 0, ino: 1}
    const address = guest.map.map({length: 4 * PAGE, protection: READ_WRITE, backing, flags: VM_SHARED})
    const second = remap(guest.map, request(address + PAGE, 0, 2))
    guest.store(second, 42)
    expect([guest.load(address + PAGE), guest.load(second + PAGE)]).toEqual([42, 3])
  })

  it.each([
    ['an unaligned address', {address: 1}, EINVAL],
    ['a new length of 0', {newLength: 0}, EINVAL],
    ['an old length of 0 of private memory', {oldLength: 0}, EINVAL],
    ['an old range beyond the mapping', {oldLength: 5 * PAGE, newLength: 6 * PAGE}, EFAULT],
    ['an absurd new length', {newLength: 2 ** 46}, ENOMEM],
    ['a new length beyond user space', {newLength: 2 ** 63}, ENOMEM],
    ['an unaligned target', {target: 0x40_0001}, EINVAL],
    ['a target beyond user space', {target: 2 ** 50}, EINVAL],
  ])('refuses %s', (_, change, errno) => {
    const {guest, address} = filled()
    const base = request(address, 4, 4)
    const changed = {...base, ...change, address: address + ('address' in change ? 1 : 0)}
    expect(errnoOf(() => remap(guest.map, changed))).toBe(errno)
    expect(guest.load(address)).toBe(1)
  })

  it('refuses a source that is not mapped, and a target that overlaps it', () => {
    const {guest, address} = filled()
    expect(errnoOf(() => remap(guest.map, request(0x40_0000, 1, 2)))).toBe(EFAULT)
    expect(errnoOf(() => remap(guest.map, request(address, 4, 4, {target: address + PAGE})))).toBe(EINVAL)
  })
})
