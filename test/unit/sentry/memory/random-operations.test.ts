// Thousands of random memory operations against a model that knows only single pages.

import {describe, expect, it} from 'vitest'
import {ENOMEM, Errno} from '../../../../src/abi/errno.ts'
import {dropPages} from '../../../../src/sentry/memory/advise.ts'
import {
  BUS_ADRERR,
  type FaultSignal,
  OUT_OF_MEMORY,
  SEGV_ACCERR,
  SEGV_MAPERR,
} from '../../../../src/sentry/memory/fault-signal.ts'
import {ENTRY_PROTECTION, ENTRY_SHIFT} from '../../../../src/sentry/memory/page-table.ts'
import {protect} from '../../../../src/sentry/memory/protect.ts'
import {remap} from '../../../../src/sentry/memory/remap.ts'
import {VM_SHARED} from '../../../../src/sentry/memory/vma.ts'
import {SimulatedFile, SimulatedGuest} from './simulated-guest.ts'

const PAGE = 4096
const ARENA = 0x1000_0000
const ARENA_PAGES = 96
const FILE_PAGES = 128
const STEPS = 8000

interface ModelPage {
  protection: number
  kind: 'anonymous' | 'private' | 'shared'
  filePage: number
  /** The first byte, where the page has its own content. */
  value: number | undefined
}

class Comparison {
  readonly guest = new SimulatedGuest()
  readonly model = new Map<number, ModelPage>()
  readonly privateFile = new SimulatedFile(this.guest.memory, FILE_PAGES)
  readonly sharedFile = new SimulatedFile(this.guest.memory, FILE_PAGES)
  readonly sharedValues = Array.from({length: FILE_PAGES}, (_, i) => (i + 1) & 0xff)
  readonly privateBacking = {mappable: this.privateFile, path: '/private', dev: 0, ino: 1}
  readonly sharedBacking = {mappable: this.sharedFile, path: '/shared', dev: 0, ino: 2}
  readonly #random: () => number

  constructor(seed: number) {
    let state = seed
    this.#random = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      return state / 2 ** 32
    }
  }

  below(limit: number): number {
    return Math.floor(this.#random() * limit)
  }

  range(): [first: number, count: number] {
    const first = this.below(ARENA_PAGES)
    return [first, 1 + this.below(Math.min(24, ARENA_PAGES - first))]
  }

  step(): void {
    const operations = [this.map, this.unmap, this.protect, this.remap, this.advise]
    const choice = this.below(20)
    if (choice < operations.length) operations[choice].call(this)
    else this.access()
  }

  map(): void {
    const [first, count] = this.range()
    const kind = (['anonymous', 'private', 'shared'] as const)[this.below(3)]
    const protection = this.below(4)
    const pageOffset = this.below(FILE_PAGES - count)
    const backing = {anonymous: undefined, private: this.privateBacking, shared: this.sharedBacking}[kind]
    const flags = kind === 'shared' ? VM_SHARED : 0
    const address = ARENA + first * PAGE
    this.guest.map.map({
      address,
      length: count * PAGE,
      fixed: 'replace',
      protection,
      backing,
      pageOffset,
      flags,
    })
    for (let i = 0; i < count; i++) {
      const value = kind === 'anonymous' ? 0 : undefined
      this.model.set(first + i, {protection, kind, filePage: pageOffset + i, value})
    }
  }

  unmap(): void {
    const [first, count] = this.range()
    this.guest.map.unmap(ARENA + first * PAGE, count * PAGE)
    for (let i = 0; i < count; i++) this.model.delete(first + i)
  }

  protect(): void {
    const [first, count] = this.range()
    const protection = this.below(4)
    this.#tolerant(() =>
      protect(this.guest.map, ARENA + first * PAGE, ARENA + (first + count) * PAGE, protection),
    )
    for (let i = 0; i < count; i++) {
      const page = this.model.get(first + i)
      if (page === undefined) return
      page.protection = protection
    }
  }

  advise(): void {
    const [first, count] = this.range()
    dropPages(this.guest.map, ARENA + first * PAGE, ARENA + (first + count) * PAGE)
    for (let i = 0; i < count; i++) {
      const page = this.model.get(first + i)
      if (page !== undefined) page.value = page.kind === 'anonymous' ? 0 : undefined
    }
  }

  /** MREMAP_FIXED within the arena, with and without MREMAP_DONTUNMAP. */
  remap(): void {
    const [from, oldCount] = this.range()
    const [to, otherCount] = this.range()
    const keepsOld = this.below(3) === 0
    const newCount = keepsOld ? oldCount : otherCount
    if (to + newCount > ARENA_PAGES) return
    const isOneMapping = this.guest.map.vmas.at(ARENA + from * PAGE)
    // Linux unmaps the target before it rejects the source: leave those calls out.
    const sourceEnd = ARENA + (from + Math.min(oldCount, newCount)) * PAGE
    if (isOneMapping === undefined || isOneMapping.end < sourceEnd) return
    if (from + oldCount > to && to + newCount > from) return
    remap(this.guest.map, {
      address: ARENA + from * PAGE,
      oldLength: oldCount * PAGE,
      newLength: newCount * PAGE,
      mayMove: true,
      target: ARENA + to * PAGE,
      keepsOld,
    })
    this.#remapModel(from, oldCount, to, newCount, keepsOld)
  }

  #remapModel(from: number, oldCount: number, to: number, newCount: number, keepsOld: boolean): void {
    const source = {...this.model.get(from)!}
    for (let i = 0; i < newCount; i++) {
      const grown = {
        ...source,
        filePage: source.filePage + i,
        value: source.kind === 'anonymous' ? 0 : undefined,
      }
      this.model.set(to + i, i < oldCount ? {...this.model.get(from + i)!} : grown)
    }
    for (let i = 0; i < oldCount; i++) {
      const page = this.model.get(from + i)
      if (!keepsOld) this.model.delete(from + i)
      else if (page !== undefined) page.value = page.kind === 'anonymous' ? 0 : undefined
    }
  }

  access(): void {
    const page = this.below(ARENA_PAGES)
    const address = ARENA + page * PAGE
    const known = this.model.get(page)
    if (this.below(2) === 0) this.#read(address, known)
    else this.#write(address, known)
  }

  #read(address: number, known: ModelPage | undefined): void {
    const refusal = this.#refusal(known, 1)
    const expected = refusal ?? this.#value(known!)
    const byGuest = refusal !== undefined || this.below(2) === 0
    const read = () => (byGuest ? this.guest.load(address) : this.guest.user.readUint8(address))
    expect(persistently(read)).toBe(expected)
  }

  #write(address: number, known: ModelPage | undefined): void {
    const value = this.below(256)
    const refusal = this.#refusal(known, 2)
    if (refusal !== undefined) {
      expect(persistently(() => this.guest.store(address, value))).toBe(refusal)
      return
    }
    const byGuest = this.below(2) === 0
    persistently(() =>
      byGuest ? this.guest.store(address, value) : this.guest.user.writeUint8(address, value),
    )
    if (known!.kind === 'shared') this.sharedValues[known!.filePage] = value
    else known!.value = value
  }

  /** The signal that the access must end in. PROT_WRITE implies reading. */
  #refusal(page: ModelPage | undefined, access: number): FaultSignal | undefined {
    if (page === undefined) return SEGV_MAPERR
    if (page.protection < access) return SEGV_ACCERR
    // mremap can stretch a mapping beyond the end of its file.
    return page.kind !== 'anonymous' && page.filePage >= FILE_PAGES ? BUS_ADRERR : undefined
  }

  #value(page: ModelPage): number {
    if (page.kind === 'shared') return this.sharedValues[page.filePage]
    return page.value ?? (page.filePage + 1) & 0xff
  }

  #tolerant(action: () => void): void {
    try {
      action()
    } catch (error) {
      if (!(error instanceof Errno)) throw error
    }
  }

  /** Checks what must hold between any two operations. */
  checkInvariants(): void {
    const {map, space, memory} = this.guest
    let end = 0
    for (const vma of map.vmas) {
      if (vma.start < end || vma.end <= vma.start) throw new Error('mappings out of order')
      end = vma.end
    }
    let populated = 0
    map.pages.forEach(0, 2 ** 35, (page, entry) => {
      populated++
      const vma = map.vmas.at(page * PAGE)
      if (vma === undefined) throw new Error(`page ${page} is populated without a mapping`)
      if (memory.references((entry >>> ENTRY_SHIFT) * PAGE) === 0) throw new Error(`page ${page} is freed`)
      const pte = space.pages.get(page)
      // Without memory for page tables a page may wait for its next fault.
      if (pte === undefined && space.failEvery > 0) return
      if ((pte?.protection ?? 0) !== (entry & ENTRY_PROTECTION)) throw new Error(`page ${page} differs`)
      if (pte !== undefined && pte.filePage !== entry >>> ENTRY_SHIFT)
        throw new Error(`page ${page} is elsewhere`)
      if (entry & 2 && !(vma.protection & 2)) throw new Error(`page ${page} is writable`)
    })
    if (populated !== map.pages.populated) throw new Error('wrong count of populated pages')
    for (const page of space.pages.keys())
      if (map.pages.get(page) === 0) throw new Error(`page ${page} was left`)
  }
}

/** Tries again while there is no memory for page tables. */
function persistently<Result>(access: () => Result): Result {
  for (let tries = 0; tries < 10; tries++) {
    try {
      const result = access()
      if (result !== OUT_OF_MEMORY) return result
    } catch (error) {
      if (!(error instanceof Errno) || error.code !== ENOMEM) throw error
    }
  }
  throw new Error('memory stays short')
}

describe('random operations', () => {
  it.each([
    [1, 0],
    [2, 0],
    [3, 0],
    [4, 3],
    [5, 2],
  ])('agree with a model of single pages (seed %i, one of %i maps failing)', (seed, failEvery) => {
    const comparison = new Comparison(seed)
    comparison.guest.space.failEvery = failEvery
    for (let step = 0; step < STEPS; step++) {
      comparison.step()
      if (step % 10 === 0) comparison.checkInvariants()
    }
    const {map, memory, space} = comparison.guest
    expect(map.faults).toBeGreaterThan(500)
    map.clear()
    expect([memory.allocatedBytes, space.pages.size]).toEqual([2 * FILE_PAGES * PAGE, 0])
    // Only the files' own references are left.
    const offsets = [...comparison.privateFile.offsets, ...comparison.sharedFile.offsets]
    expect(offsets.filter((offset) => memory.references(offset) !== 1)).toEqual([])
  })
})
