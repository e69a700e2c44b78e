// Mappings of files: contents, copy on write, dirty pages, truncation.

import {describe, expect, it} from 'vitest'
import {BUS_ADRERR} from '../../../../src/sentry/memory/fault-signal.ts'
import {protect} from '../../../../src/sentry/memory/protect.ts'
import {type Backing, VM_SHARED} from '../../../../src/sentry/memory/vma.ts'
import {SimulatedFile, SimulatedGuest} from './simulated-guest.ts'

const PAGE = 4096
const READ = 1
const READ_WRITE = 3

function fileGuest(pages: number): {guest: SimulatedGuest; file: SimulatedFile; backing: Backing} {
  const guest = new SimulatedGuest()
  const file = new SimulatedFile(guest.memory, pages)
  return {guest, file, backing: {mappable: file, path: '/data', dev: 1, ino: 2}}
}

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

  it('end in SIGBUS where the file system is full, and only there', () => {
    const {guest, file, backing} = fileGuest(8)
    file.refused.add(4)
    const address = guest.map.map({length: 8 * PAGE, protection: READ_WRITE, backing})
    expect([guest.load(address + 3 * PAGE), guest.store(address + 5 * PAGE, 1)]).toEqual([4, true])
    expect([guest.load(address + 4 * PAGE), guest.load(address + 7 * PAGE)]).toEqual([BUS_ADRERR, 8])
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
