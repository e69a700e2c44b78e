// A simulated process for memory tests: page tables that record what they are told, and a guest that reads through them.

import {ENOMEM, ENOSPC, ENXIO, Errno} from '../../../../src/abi/errno.ts'
import type {MemoryFile} from '../../../../src/platform/memory-file.ts'
import {createMemoryFile} from '../../../../src/platform/page-allocator.ts'
import {type AddressSpace, PAGE_SIZE, PROT_READ, PROT_WRITE} from '../../../../src/platform/platform.ts'
import {ResourceLimits} from '../../../../src/sentry/core/resource-limits.ts'
import type {FaultSignal} from '../../../../src/sentry/memory/fault-signal.ts'
import {faultWindows} from '../../../../src/sentry/memory/fault-windows.ts'
import {MemoryMap} from '../../../../src/sentry/memory/memory-map.ts'
import {UserMemory} from '../../../../src/sentry/memory/user-memory.ts'
import {Budget} from '../../../../src/vfs/budget.ts'
import type {Mappable} from '../../../../src/vfs/file.ts'

export const USER_TOP = 0x7fff_ffff_f000
export const MMAP_BASE = 0x7fff_f000_0000
export const MIB = 1 << 20
/** The windows of a host where a trap costs little. */
const WINDOWS = faultWindows({trapNs: 1, pageNs: 1, lookNs: 1})

/** Checks what every AddressSpace may expect from its caller. */
export class SimulatedSpace implements AddressSpace {
  readonly pages = new Map<number, {filePage: number; protection: number}>()
  readonly memory: MemoryFile
  mapCalls = 0
  /** One in so many calls of map finds no memory for page tables; 0: none does. */
  failEvery = 0
  unmapCalls = 0
  #isShort = false

  constructor(memory: MemoryFile) {
    this.memory = memory
  }

  map(address: number, length: number, offset: number, protection: number): void {
    this.mapCalls++
    if (this.failEvery > 0 && this.mapCalls % this.failEvery === 0) {
      this.#isShort = true
      this.unmap(address, length)
      return
    }
    checkRange(address, length)
    if (offset % PAGE_SIZE !== 0 || offset + length > this.memory.size)
      throw new Error(`map of offset ${offset}`)
    if (protection < 1 || protection > 7) throw new Error(`map with protection ${protection}`)
    for (let i = 0; i < length / PAGE_SIZE; i++) {
      if (this.memory.references(offset + i * PAGE_SIZE) === 0) throw new Error('map of a free page')
      this.pages.set(address / PAGE_SIZE + i, {filePage: offset / PAGE_SIZE + i, protection})
    }
  }

  unmap(address: number, length: number): void {
    this.unmapCalls++
    checkRange(address, length)
    if (length / PAGE_SIZE <= this.pages.size) {
      for (let i = 0; i < length / PAGE_SIZE; i++) this.pages.delete(address / PAGE_SIZE + i)
      return
    }
    for (const page of this.pages.keys()) {
      if (page >= address / PAGE_SIZE && page < (address + length) / PAGE_SIZE) this.pages.delete(page)
    }
  }

  commit(): void {
    if (!this.#isShort) return
    this.#isShort = false
    throw new Errno(ENOMEM)
  }

  fork(): SimulatedSpace {
    const child = new SimulatedSpace(this.memory)
    for (const [page, entry] of this.pages) child.pages.set(page, entry)
    return child
  }

  abandon(): void {}

  dispose(): void {}
}

function checkRange(address: number, length: number): void {
  const isGood = address >= 0 && length > 0 && address + length <= USER_TOP
  if (!isGood || address % PAGE_SIZE !== 0 || length % PAGE_SIZE !== 0)
    throw new Error(`range ${address}+${length}`)
}

/** A process's memory with a guest that accesses it as the processor would: translate, fault, try again. */
export class SimulatedGuest {
  readonly memory: MemoryFile
  readonly punched: Array<[offset: number, length: number]> = []
  readonly space: SimulatedSpace
  readonly limits = new ResourceLimits()
  readonly map: MemoryMap
  readonly user: UserMemory
  faults = 0

  /** @param of another process, whose MemoryFile this one shares */
  constructor(memoryBytes = 16 * MIB, budget = new Budget(), of?: SimulatedGuest) {
    const buffer = new ArrayBuffer(of === undefined ? memoryBytes : 0)
    const punch = (offset: number, length: number): void => {
      this.punched.push([offset, length])
      new Uint8Array(buffer, offset, length).fill(0)
    }
    this.memory = of?.memory ?? createMemoryFile({size: buffer.byteLength, upTo: () => buffer}, punch)
    this.space = new SimulatedSpace(this.memory)
    this.map = new MemoryMap({
      space: this.space,
      memory: this.memory,
      limits: this.limits,
      budget,
      userTop: USER_TOP,
      mmapBase: MMAP_BASE,
      windows: WINDOWS,
    })
    this.user = new UserMemory(this.map)
  }

  /** Another process in the same sandbox. */
  sibling(): SimulatedGuest {
    return new SimulatedGuest(0, new Budget(), this)
  }

  /** The byte at `address`, or the signal that the access ends in. */
  load(address: number): number | FaultSignal {
    const at = this.#translate(address, PROT_READ)
    return typeof at === 'number' ? this.memory.bytes[at] : at
  }

  store(address: number, value: number): true | FaultSignal {
    const at = this.#translate(address, PROT_WRITE)
    if (typeof at !== 'number') return at
    this.memory.bytes[at] = value
    return true
  }

  fetch(address: number): true | FaultSignal {
    const at = this.#translate(address, 4)
    return typeof at === 'number' ? true : at
  }

  #translate(address: number, access: number): number | FaultSignal {
    for (let tries = 0; tries < 3; tries++) {
      const pte = this.space.pages.get(Math.floor(address / PAGE_SIZE))
      if (pte !== undefined && (pte.protection & access) === access) {
        return pte.filePage * PAGE_SIZE + (address % PAGE_SIZE)
      }
      this.faults++
      const outcome = this.map.handleFault(address, access)
      if (outcome !== true) return outcome
    }
    throw new Error(`fault at ${address.toString(16)} was not mended`)
  }
}

/** A file in memory whose pages can be mapped; records what is marked dirty and flushed. */
export class SimulatedFile implements Mappable {
  readonly memory: MemoryFile
  readonly offsets: number[] = []
  readonly dirty = new Set<number>()
  readonly flushed = new Set<number>()
  readonly isConstant: boolean
  pages: number
  /** Pages that the file cannot give, for lack of space. */
  readonly refused = new Set<number>()

  /** Byte 0 of page i is i + 1. */
  constructor(memory: MemoryFile, pages: number, isConstant = true) {
    this.memory = memory
    this.pages = pages
    this.isConstant = isConstant
    for (let i = 0; i < pages; i++) {
      this.offsets.push(memory.allocate(PAGE_SIZE))
      memory.bytes[this.offsets[i]] = i + 1
    }
  }

  sharedPage(pageIndex: number): number {
    if (pageIndex >= this.pages) throw new Errno(ENXIO)
    if (this.refused.has(pageIndex)) throw new Errno(ENOSPC)
    this.memory.share(this.offsets[pageIndex], PAGE_SIZE)
    return this.offsets[pageIndex]
  }

  markDirty(pageIndex: number): void {
    this.dirty.add(pageIndex)
  }

  flush(firstPage: number, pages: number): void {
    for (const page of [...this.dirty]) {
      if (page < firstPage || page >= firstPage + pages) continue
      this.dirty.delete(page)
      this.flushed.add(page)
    }
  }
}

/** The number of the Errno that `action` throws, or 0. */
export function errnoOf(action: () => unknown): number {
  try {
    action()
  } catch (error) {
    if (error instanceof Errno) return error.code
    throw error
  }
  return 0
}
