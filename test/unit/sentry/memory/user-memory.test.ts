// How the sentry follows guest pointers.

import {describe, expect, it} from 'vitest'
import {EFAULT, EINVAL, ENAMETOOLONG, ENOMEM} from '../../../../src/abi/errno.ts'
import {protect} from '../../../../src/sentry/memory/protect.ts'
import {errnoOf, SimulatedGuest, USER_TOP} from './simulated-guest.ts'

const PAGE = 4096
const READ = 1
const READ_WRITE = 3

function guestWith(pages: number, protection = READ_WRITE): {guest: SimulatedGuest; address: number} {
  const guest = new SimulatedGuest()
  return {guest, address: guest.map.map({length: pages * PAGE, protection})}
}

describe('user memory', () => {
  it('gives a fresh 64 KiB buffer as one view', () => {
    const {guest, address} = guestWith(64)
    expect(guest.user.view(address + 100, 64 << 10, 2).length).toBe(64 << 10)
  })

  it('shows the guest what it writes, and reads what the guest wrote', () => {
    const {guest, address} = guestWith(3)
    guest.user.writeBytes(address + PAGE - 2, new Uint8Array([1, 2, 3, 4]))
    expect(guest.load(address + PAGE + 1)).toBe(4)
    guest.store(address + 2 * PAGE, 9)
    expect(guest.user.readBytes(address + 2 * PAGE, 2)).toEqual(new Uint8Array([9, 0]))
  })

  it('goes round scattered pages', () => {
    const {guest, address} = guestWith(3)
    guest.map.unmap(address + PAGE, PAGE)
    guest.store(address, 1)
    guest.map.map({
      address: address + PAGE,
      fixed: 'keep',
      length: PAGE,
      protection: READ_WRITE,
      name: 'other',
    })
    guest.store(address + 2 * PAGE, 3)
    const bytes = Uint8Array.from({length: 3 * PAGE}, (_, i) => i % 251)
    guest.user.writeBytes(address, bytes)
    expect(guest.user.readBytes(address, 3 * PAGE)).toEqual(bytes)
    expect(guest.load(address + PAGE + 5)).toBe((PAGE + 5) % 251)
  })

  it('leaves scattered pages alone that are there', () => {
    const {guest, address} = guestWith(8)
    guest.map.unmap(address, 8 * PAGE)
    // One by one from the top, so that none lies right before its neighbour in the MemoryFile.
    for (let page = 7; page >= 0; page--) {
      const at = address + page * PAGE
      guest.map.map({address: at, fixed: 'keep', length: PAGE, protection: READ_WRITE, name: `${page}`})
      guest.store(at, 1)
    }
    guest.user.writeBytes(address, new Uint8Array(8 * PAGE).fill(1))
    const {mapCalls} = guest.space
    guest.user.writeBytes(address, new Uint8Array(8 * PAGE).fill(2))
    guest.user.readBytes(address + 1, 8 * PAGE - 1)
    expect(guest.space.mapCalls).toBe(mapCalls)
    expect(guest.load(address + 7 * PAGE)).toBe(2)
  })

  it('never makes a copy that the host cannot hold', () => {
    const {guest, address} = guestWith(1)
    expect(errnoOf(() => guest.user.readBytes(address, 2 ** 40))).toBe(ENOMEM)
  })

  it('ends the views where the mapping ends', () => {
    const {guest, address} = guestWith(2)
    const views = guest.user.views(address + PAGE, 3 * PAGE, 2)
    expect(views.reduce((sum, view) => sum + view.length, 0)).toBe(PAGE)
  })

  it.each([
    ['null', 0, 4],
    ['unmapped', 0x10_0000, 4],
    ['at the top of user space', USER_TOP, 1],
    ['across the top of user space', USER_TOP - 2, 4],
    ['beyond 2^53', 2 ** 63, 4],
    ['the last address', 2 ** 64, 1],
    ['with a length that wraps', 0x10_0000, 2 ** 64],
  ])('says EFAULT to a pointer that is %s', (_, address, length) => {
    const guest = new SimulatedGuest()
    expect(errnoOf(() => guest.user.view(address, length, READ))).toBe(EFAULT)
    expect(errnoOf(() => guest.user.readUint32(address))).toBe(EFAULT)
    expect(errnoOf(() => guest.user.writeUint64(address, 1))).toBe(EFAULT)
  })

  it('does not write where the guest may only read', () => {
    const {guest, address} = guestWith(1, READ)
    expect(guest.user.readUint8(address)).toBe(0)
    expect(errnoOf(() => guest.user.writeUint8(address, 1))).toBe(EFAULT)
    protect(guest.map, address, address + PAGE, 0)
    expect(errnoOf(() => guest.user.readUint8(address))).toBe(EFAULT)
  })

  it('reads and writes scalars of every size, unaligned and across pages', () => {
    const {guest, address} = guestWith(2)
    const {user} = guest
    for (const at of [address, address + 1, address + PAGE - 3, address + PAGE - 4]) {
      user.writeInt32(at, -2)
      expect([user.readInt32(at), user.readUint32(at), user.readUint16(at)]).toEqual([-2, 0xfffffffe, 0xfffe])
      user.writeUint64(at, 2 ** 52 - 1)
      expect([user.readUint64(at), user.readBigUint64(at)]).toEqual([2 ** 52 - 1, 2n ** 52n - 1n])
      user.writeInt64(at, -5)
      expect([user.readInt64(at), user.readBigUint64(at)]).toEqual([-5, 2n ** 64n - 5n])
      user.writeBigUint64(at, 0x8000_0000_0000_0001n)
      expect(user.readBigUint64(at)).toBe(0x8000_0000_0000_0001n)
    }
  })

  it('reads a string across a page, byte for byte', () => {
    const {guest, address} = guestWith(2)
    guest.user.writeBytes(address + PAGE - 3, Buffer.from('caf\xe9\0x', 'latin1'))
    expect(guest.user.readCString(address + PAGE - 3, 4096)).toBe('caf\xe9')
  })

  it('reads a string that ends with its mapping', () => {
    const {guest, address} = guestWith(1)
    guest.user.writeBytes(address + PAGE - 3, Buffer.from('ab\0'))
    expect(guest.user.readCString(address + PAGE - 3, 4096)).toBe('ab')
    guest.user.writeUint8(address + PAGE - 1, 99)
    expect(errnoOf(() => guest.user.readCString(address + PAGE - 3, 4096))).toBe(EFAULT)
  })

  it('counts the NUL in the longest string', () => {
    const {guest, address} = guestWith(1)
    guest.user.writeBytes(address, Buffer.from('abc\0'))
    expect(guest.user.readCString(address, 4)).toBe('abc')
    expect(errnoOf(() => guest.user.readCString(address, 3))).toBe(ENAMETOOLONG)
  })

  it('reads iovecs as Linux imports them', () => {
    const {guest, address} = guestWith(1)
    guest.user.writeUint64(address, 0x10000)
    guest.user.writeUint64(address + 8, 0x7fff0000)
    guest.user.writeUint64(address + 16, 0x10000)
    guest.user.writeUint64(address + 24, 0x7fff0000)
    expect(guest.user.readIovecs(address, 2).map((iovec) => iovec.length)).toEqual([0x7fff0000, 0xf000])
    guest.user.writeInt64(address + 24, -1)
    expect(errnoOf(() => guest.user.readIovecs(address, 2))).toBe(EINVAL)
    expect(errnoOf(() => guest.user.readIovecs(address, 1025))).toBe(EINVAL)
    expect(errnoOf(() => guest.user.readIovecs(address, -1))).toBe(EINVAL)
  })
})
