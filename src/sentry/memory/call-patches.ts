// CallPatches: call sites of one space that make their calls by the platform's gate, because they were seen to trap often.

import {Errno} from '../../abi/errno.ts'
import type {CallSites} from '../../arch/architecture.ts'
import {arch} from '../../arch/index.ts'
import {type Context, PAGE_SIZE, PROT_EXEC, PROT_READ, PROT_WRITE} from '../../platform/platform.ts'
import type {MemoryMap} from './memory-map.ts'
import {ENTRY_GUARDED, ENTRY_PATCHED, ENTRY_WRITTEN, MapBatch} from './page-table.ts'
import {entryOffset, withOffset} from './pager.ts'
import {restoreCode} from './patched-pages.ts'
import {VM_SPECIAL, VM_TRAMPOLINES, VM_WIPEONFORK, type Vma} from './vma.ts'

/** Of /proc/PID/maps. */
const NAME = '[hv-calls]'
/** Counters of sites, by the low bits of their addresses: some share one. */
const COUNTERS = 512
/** Pages of trampolines that a space may have: for each part of it that is out of reach of the others, and then for more sites. */
const MAX_AREAS = 8
/** For a site that cannot be patched: so many traps until it is looked at again. */
const LONG = 10_000

/** What is the same for all spaces. */
export interface Patching {
  readonly sites: CallSites
  /** Platform.openCallGate's. */
  readonly gate: number
  /** Traps before a site is patched. */
  readonly frequent: number
  /** Called for each site that is. */
  readonly count: () => void
}

export type Trapped = Pick<Context, 'callSite' | 'callNumber' | 'argumentWords'>

/** A page of trampolines. */
interface Area {
  readonly start: number
  used: number
}

export class CallPatches {
  readonly #map: MemoryMap
  readonly #patching: Patching
  /** How often each may trap still. */
  readonly #left: Int16Array
  readonly #areas: Area[]
  #isOff = false
  /** A site was patched whose results the program may be told: CallSites.isKnown. */
  hasKnown = false

  constructor(map: MemoryMap, patching: Patching, areas: readonly Area[] = []) {
    this.#map = map
    this.#patching = patching
    this.#left = new Int16Array(COUNTERS).fill(patching.frequent)
    this.#areas = areas.map((area) => ({...area}))
  }

  /** Of a space that was forked: what was patched is, there too. */
  fork(map: MemoryMap): CallPatches {
    const copy = new CallPatches(map, this.#patching, this.#areas)
    copy.#isOff = this.#isOff
    copy.hasKnown = this.hasKnown
    // madvise(MADV_DONTFORK, MADV_WIPEONFORK).
    const isWhole = this.#areas.every(({start}) => {
      const vma = map.vmas.at(start)
      return isTrampolines(vma) && !(vma!.flags & VM_WIPEONFORK)
    })
    if (!isWhole) restoreCode(map, 0, map.userTop)
    return copy
  }

  /** A call trapped, by the instruction that ends at `callSite`, as the program says. */
  note({callSite: site, callNumber, argumentWords}: Trapped): void {
    if (site === 0) return
    const counter = (site | 0) & (COUNTERS - 1)
    if (--this.#left[counter] > 0) return
    this.#left[counter] =
      this.#isOff || !this.#patch(site, callNumber, argumentWords) ? LONG : this.#patching.frequent
  }

  /** Before the program runs: a place for trampolines near this code of its, so that nothing appears where it found nothing mapped. */
  reserve(code: number): void {
    try {
      this.#areaFor(code)
    } catch (error) {
      if (!(error instanceof Errno)) throw error
    }
  }

  /** The program goes its own ways, with another GS base say: nothing is patched any more. */
  stop(): void {
    if (this.#isOff) return
    this.#isOff = true
    restoreCode(this.#map, 0, this.#map.userTop)
  }

  /**
   * Takes a program out of a trampoline, to its site: it goes on as if that were not patched.
   * @returns false: it is in none
   */
  leaveTrampoline(registers: BigUint64Array): boolean {
    const site = this.siteOf(arch.programCounter(registers))
    if (site === undefined) return false
    arch.setProgramCounter(registers, site)
    return true
  }

  /** The site whose jump led to `address`, where the program goes on as if it were not patched; undefined: it is in no trampoline. */
  siteOf(address: number): number | undefined {
    const area = this.#areas.find(({start}) => address >= start && address < start + PAGE_SIZE)
    if (area === undefined || !isTrampolines(this.#map.vmas.at(address))) return undefined
    const entry = this.#map.pages.get(area.start / PAGE_SIZE)
    if (entry === 0) return undefined
    const {sites} = this.#patching
    const trampoline = address - ((address - area.start) % sites.trampolineBytes)
    const code = this.#map.memory.bytes.subarray(entryOffset(entry) + trampoline - area.start)
    const site = sites.returnOf(code, trampoline)
    return site === undefined ? undefined : site + sites.jumpOffset
  }

  #patch(site: number, callNumber: number, argumentWords: Int32Array): boolean {
    try {
      return this.#tryPatch(site, callNumber, argumentWords)
    } catch (error) {
      // No memory is left for it: calls go on to trap.
      if (!(error instanceof Errno)) throw error
      return false
    }
  }

  #tryPatch(site: number, callNumber: number, argumentWords: Int32Array): boolean {
    const {sites, count} = this.#patching
    const {pages, memory} = this.#map
    const page = Math.floor((site - 1) / PAGE_SIZE)
    const end = site - page * PAGE_SIZE
    const entry = pages.get(page)
    if (end < sites.bytes || !isFilesCode(this.#map.vmas.at(site - 1))) return false
    // What is not guarded the program has written.
    if (!(entry & ENTRY_GUARDED) || entry & ENTRY_WRITTEN) return false
    const offset = entryOffset(entry)
    const code = memory.bytes.slice(offset + end - sites.bytes, offset + end)
    if (!sites.canPatch(code, callNumber, argumentWords)) return false
    const trampoline = this.#addTrampoline(site, code)
    if (trampoline === undefined) return false

    const copy = memory.copyPage(offset)
    const jumpAt = site + sites.jumpOffset
    memory.bytes.set(sites.jump(jumpAt, trampoline), copy + end + sites.jumpOffset)
    const patched = withOffset(entry, copy) | ENTRY_PATCHED
    pages.set(page, patched)
    const batch = new MapBatch(pages.space, {lazily: true})
    batch.add(page, patched)
    batch.commit()
    memory.free(offset, PAGE_SIZE)
    this.hasKnown ||= sites.isKnown(code)
    count()
    return true
  }

  /** @returns its address; undefined: there is no room within reach. @throws Errno */
  #addTrampoline(site: number, code: Uint8Array): number | undefined {
    const {sites, gate} = this.#patching
    const area = this.#areaFor(site)
    if (area === undefined) return undefined
    const offset = this.#map.ownPage(area.start)
    const at = area.start + area.used
    this.#map.memory.bytes.set(sites.trampoline(code, at, site, gate), offset + area.used)
    area.used += sites.trampolineBytes
    return at
  }

  #areaFor(site: number): Area | undefined {
    const {reach, trampolineBytes} = this.#patching.sites
    const fits = ({start, used}: Area) =>
      Math.abs(start - site) < reach &&
      used + trampolineBytes <= PAGE_SIZE &&
      isTrampolines(this.#map.vmas.at(start))
    const known = this.#areas.find(fits)
    if (known !== undefined) return known
    if (this.#areas.length === MAX_AREAS) return undefined
    const start = this.#map.map({
      length: PAGE_SIZE,
      // Not above: the heap grows there.
      ceiling: site,
      protection: PROT_READ | PROT_EXEC,
      flags: VM_SPECIAL | VM_TRAMPOLINES,
      name: NAME,
    })
    if (site - start >= reach) {
      this.#map.unmap(start, PAGE_SIZE)
      return undefined
    }
    // The program took away what was here.
    const stale = this.#areas.findIndex((old) => old.start === start)
    if (stale >= 0) this.#areas.splice(stale, 1)
    const area = {start, used: 0}
    this.#areas.push(area)
    return area
  }
}

function isTrampolines(vma: Vma | undefined): boolean {
  return vma !== undefined && (vma.flags & VM_TRAMPOLINES) !== 0
}

function isFilesCode(vma: Vma | undefined): boolean {
  return (
    // A private page follows its file until it is written: what may be written to is not patched.
    vma?.backing?.mappable.isConstant === true &&
    !vma.isShared &&
    (vma.flags & VM_SPECIAL) === 0 &&
    (vma.protection & (PROT_EXEC | PROT_WRITE)) === PROT_EXEC
  )
}
