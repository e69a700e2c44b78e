// Watches: memory whose accesses stop a program: its pages lack rights, so that accesses fault, and are then made one by one.

import type {PointKind} from '../../gdb/target.ts'
import {PAGE_SIZE, PROT_EXEC, PROT_READ, PROT_WRITE} from '../../platform/platform.ts'
import type {MemoryMap} from '../memory/memory-map.ts'
import {MapBatch} from '../memory/page-table.ts'
import type {Breakpoints} from './breakpoints.ts'
import {WatchedSpace} from './watched-space.ts'

const MAX_WATCHED = 16

export type WatchKind = Exclude<PointKind, 'software' | 'hardware'>

interface Watchpoint {
  readonly kind: WatchKind
  readonly address: number
  readonly length: number
  /** What was there last; less than `length`: not all of it could be read, such as what a null pointer points to. */
  bytes: Uint8Array
}

export interface Access {
  readonly address: number
  /** A PROT_ bit. */
  readonly kind: number
}

export class Watches {
  readonly #watched = new Map<string, Watchpoint>()
  /** Pages that have all their rights for now, by how many tasks need that. */
  readonly #open = new Map<number, number>()

  /** @param bytes what can be read there. @returns false: there are too many */
  add(map: MemoryMap, kind: WatchKind, bytes: Uint8Array, address: number, length: number): boolean {
    if (this.#watched.size >= MAX_WATCHED) return false
    this.#watched.set(`${kind},${address},${length}`, {kind, address, length, bytes})
    this.#apply(map)
    return true
  }

  remove(map: MemoryMap, kind: WatchKind, address: number, length: number): void {
    if (this.#watched.delete(`${kind},${address},${length}`)) this.#apply(map)
  }

  clear(map: MemoryMap): void {
    this.#watched.clear()
    this.#open.clear()
    this.#apply(map)
  }

  /** For a copy of the memory. */
  copyFor(map: MemoryMap): Watches {
    const copy = new Watches()
    for (const [key, place] of this.#watched) copy.#watched.set(key, {...place})
    copy.#apply(map)
    return copy
  }

  /** Whether accesses to the page fault, or would if it were not open. */
  has(page: number): boolean {
    for (const place of this.#watched.values()) if (pagesOf(place).includes(page)) return true
    return false
  }

  /** Until `close`, accesses do not fault. */
  open(map: MemoryMap, page: number): void {
    this.#open.set(page, (this.#open.get(page) ?? 0) + 1)
    this.#apply(map)
  }

  close(map: MemoryMap, pages: readonly number[]): void {
    for (const page of pages) {
      const left = (this.#open.get(page) ?? 1) - 1
      if (left === 0) this.#open.delete(page)
      else this.#open.set(page, left)
    }
    this.#apply(map)
  }

  /** The first watched place that was accessed: that has changed, or that one of these accesses began in. */
  hit(map: MemoryMap, breakpoints: Breakpoints, accesses: readonly Access[]): Watchpoint | undefined {
    let found: Watchpoint | undefined
    for (const place of this.#watched.values()) {
      const now = breakpoints.read(map, place.address, place.length)
      const hadBytes = place.bytes.length === place.length
      const hasChanged = hadBytes && Buffer.compare(now, place.bytes) !== 0
      const isHit =
        (hasChanged && place.kind !== 'read') ||
        accesses.some((access) => concerns(place, access) || (!hadBytes && writes(place, access)))
      if (now.length === place.length) place.bytes = now
      if (isHit) found ??= place
    }
    return found
  }

  /** Gives pages the rights that they should have now. */
  #apply({pages}: MemoryMap): void {
    const wanted = new Map<number, number>()
    for (const place of this.#watched.values())
      for (const page of pagesOf(place))
        if (!this.#open.has(page)) wanted.set(page, (wanted.get(page) ?? 0) | lackFor(place.kind))
    if (!(pages.space instanceof WatchedSpace)) {
      if (wanted.size === 0) return
      pages.space = new WatchedSpace(pages.space)
    }
    const space = pages.space as WatchedSpace
    const {lacks} = space
    const changed = [...new Set([...wanted.keys(), ...lacks.keys()])].filter(
      (page) => wanted.get(page) !== lacks.get(page),
    )
    lacks.clear()
    for (const [page, lack] of wanted) lacks.set(page, lack)
    const batch = new MapBatch(space, {lazily: true})
    for (const page of changed) {
      const entry = pages.get(page)
      if (entry !== 0) batch.add(page, entry)
    }
    batch.commit()
    if (this.#watched.size === 0) pages.space = space.own
  }
}

/** Without writes alone, what is only compared runs at full speed where it reads. */
function lackFor(kind: WatchKind): number {
  return kind === 'write' ? PROT_WRITE : PROT_READ | PROT_WRITE | PROT_EXEC
}

function pagesOf({address, length}: Watchpoint): number[] {
  const first = Math.floor(address / PAGE_SIZE)
  const last = Math.floor((address + length - 1) / PAGE_SIZE)
  return first === last ? [first] : [first, last]
}

const isIn = ({address, length}: Watchpoint, access: Access): boolean =>
  access.address >= address && access.address < address + length

/** Values that were written without a change are not told of: debuggers would not show them. */
function concerns(place: Watchpoint, access: Access): boolean {
  if (!isIn(place, access)) return false
  const {kind} = place
  return kind === 'access' ? access.kind !== PROT_EXEC : kind === 'read' && access.kind === PROT_READ
}

/** Of a place whose last value is not known: debuggers show the first that is. */
const writes = (place: Watchpoint, access: Access): boolean =>
  place.kind === 'write' && access.kind === PROT_WRITE && isIn(place, access)
