// WatchedSpace: an address space in which some pages lack rights that their mappings have, so that each access to them faults.

import type {AddressSpace, Protection} from '../../platform/platform.ts'
import {PAGE_SIZE} from '../../platform/platform.ts'

export class WatchedSpace implements AddressSpace {
  readonly own: AddressSpace
  /** PROT_ bits that pages lack, by their numbers. */
  readonly lacks = new Map<number, number>()

  constructor(own: AddressSpace) {
    this.own = own
  }

  map(address: number, length: number, offset: number, protection: Protection, populate?: boolean): void {
    let done = 0
    const mapTo = (end: number): void => {
      if (end > done) this.own.map(address + done, end - done, offset + done, protection, populate)
      done = end
    }
    for (const page of [...this.lacks.keys()].sort((a, b) => a - b)) {
      const start = page * PAGE_SIZE - address
      if (start < 0 || start >= length) continue
      mapTo(start)
      done += PAGE_SIZE
      const left = protection & ~this.lacks.get(page)!
      if (left === 0) this.own.unmap(address + start, PAGE_SIZE)
      else this.own.map(address + start, PAGE_SIZE, offset + start, left)
    }
    mapTo(length)
  }

  unmap(address: number, length: number): void {
    this.own.unmap(address, length)
  }

  commit(): void {
    this.own.commit()
  }

  fork(): AddressSpace {
    return this.own.fork()
  }

  abandon(): void {
    this.own.abandon()
  }

  dispose(): void {
    this.own.dispose()
  }
}
