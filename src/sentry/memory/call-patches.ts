// CallPatches: call sites of one space that make their calls through the platform's gate, because they trapped often.

import type {CallSite, CallSites, Trampoline} from '../../arch/architecture.ts'
import {arch} from '../../arch/index.ts'
import {type Context, PAGE_SIZE, PROT_EXEC, PROT_READ, PROT_WRITE} from '../../platform/platform.ts'
import {unlessErrno} from '../core/unless-errno.ts'
import type {MemoryMap} from './memory-map.ts'
import {ENTRY_GUARDED, ENTRY_PATCHED, ENTRY_WRITTEN, MapBatch} from './page-table.ts'
import {entryOffset, withOffset} from './pager.ts'
import {restoreCode} from './patched-pages.ts'
import {VM_SPECIAL, VM_TRAMPOLINES, VM_WIPEONFORK, type Vma} from './vma.ts'

/** The name in /proc/PID/maps. */
const NAME = '[hv-calls]'
/** Counters of sites, indexed by the low bits of their addresses: some sites share one. */
const COUNTERS = 512
/** Pages of trampolines that a space may have: one for each part out of reach of the others, then more for further sites. */
const MAX_AREAS = 8
/** For a site that cannot be patched: how many traps until it is checked again. */
const LONG = 10_000

/** What all spaces share. */
export interface Patching {
  readonly sites: CallSites
  /** From Platform.openCallGate. */
  readonly gate: number
  /** Traps before a site is patched. */
  readonly frequent: number
  /** Called for each patched site. */
  readonly count: () => void
}

export type CallTrap = Pick<Context, 'callSite' | 'callNumber' | 'argumentWords'>

/** A page of trampolines. */
interface Area {
  readonly start: number
  readonly patches: Patch[]
}

interface Patch {
  readonly place: Trampoline
  /** The file that contains the site's code, and the offset in it. */
  readonly dev: number
  readonly ino: number
  readonly offset: number
}

export class CallPatches {
  readonly #map: MemoryMap
  readonly #patching: Patching
  /** How many more traps each counter allows. */
  readonly #left: Int16Array
  readonly #areas: Area[]
  #isOff = false
  /** A debugger looks at the code. */
  #isHeld = false
  /** A site was patched whose results the program can be told: CallSites.isCached. */
  hasCached = false
  /** Trampolines were replaced by something else: a task that is making a call must not continue there. */
  isLost = false

  constructor(map: MemoryMap, patching: Patching, areas: readonly Area[] = []) {
    this.#map = map
    this.#patching = patching
    this.#left = new Int16Array(COUNTERS).fill(patching.frequent)
    this.#areas = areas.map(({start, patches}) => ({start, patches: [...patches]}))
    map.onTrampolinesLost = () => {
      restoreCode(map, 0, map.userTop)
      this.isLost = true
    }
  }

  /** For a forked space: its patches are there, too. */
  fork(map: MemoryMap): CallPatches {
    const copy = new CallPatches(map, this.#patching, this.#areas)
    copy.#isOff = this.#isOff
    copy.hasCached = this.hasCached
    // madvise(MADV_DONTFORK, MADV_WIPEONFORK).
    const isWhole = this.#areas.every(({start}) => {
      const vma = map.vmas.at(start)
      return isTrampolines(vma) && !(vma!.flags & VM_WIPEONFORK)
    })
    if (!isWhole) restoreCode(map, 0, map.userTop)
    return copy
  }

  /** A call trapped. `callSite` is the end of its instruction, according to the program. */
  note(caller: CallTrap): void {
    const {callSite: site} = caller
    if (site === 0) return
    const counter = (site | 0) & (COUNTERS - 1)
    if (--this.#left[counter] > 0) return
    // Where there is no memory for it, too, calls keep trapping.
    const isPatched = !this.#isOff && !this.#isHeld && unlessErrno(() => this.#patch(site, caller)) === true
    this.#left[counter] = isPatched ? this.#patching.frequent : LONG
  }

  /** Call before the program runs: reserves a place for trampolines near this code, so that nothing appears later in free space. */
  reserve(code: number): void {
    unlessErrno(() => this.#areaFor(code))
  }

  /** The program does something unusual, such as another GS base: restores its code, and patches no more. */
  stop(): void {
    if (this.#isOff) return
    this.#isOff = true
    restoreCode(this.#map, 0, this.#map.userTop)
  }

  /** Restores the program's code for a debugger, and patches no more until `release`. Its tasks may still be in trampolines. */
  hold(): void {
    this.#isHeld = true
    restoreCode(this.#map, 0, this.#map.userTop)
  }

  release(): void {
    this.#isHeld = false
    this.#left.fill(this.#patching.frequent)
  }

  /** From now on, two threads may run here at the same time. */
  becomeThreaded(): void {
    if (this.#patching.sites.needsOneThread) this.stop()
  }

  /**
   * Moves a program from a trampoline to its site: it goes on as if that were not patched.
   * @returns false: it is in no trampoline
   */
  leaveTrampoline(registers: BigUint64Array): boolean {
    const place = this.#placeAt(arch.programCounter(registers))
    if (place === undefined) return false
    this.#patching.sites.leave(registers, place)
    return true
  }

  /** Call after isLost, when the call has its result. */
  leaveLost(context: Pick<Context, 'readRegisters' | 'writeRegisters'>): void {
    this.isLost = false
    // Takes the program out of the gate, which returns through a trampoline.
    const registers = context.readRegisters()
    const place = this.#trampolineAt(arch.programCounter(registers))
    if (place === undefined) return
    this.#patching.sites.leave(registers, place)
    context.writeRegisters(registers)
  }

  #trampolineAt(address: number): Trampoline | undefined {
    const area = this.#areas.find(({start}) => address >= start && address < start + PAGE_SIZE)
    if (area === undefined) return undefined
    return area.patches[Math.floor((address - area.start) / this.#patching.sites.trampolineBytes)]?.place
  }

  #placeAt(address: number): Trampoline | undefined {
    const place = this.#trampolineAt(address)
    if (place !== undefined) {
      const vma = this.#map.vmas.at(address)
      return vma === undefined || isTrampolines(vma) ? place : undefined
    }
    for (const {patches} of this.#areas) {
      // The address after it, too: if the code was restored meanwhile, INT3 may have run there.
      const relayed = patches.find(({place: {relay}}) => address === relay || address - 1 === relay)
      if (relayed !== undefined && this.#isThere(relayed)) return relayed.place
    }
    return undefined
  }

  /** The program may have mapped something else where the site was. */
  #isThere({place: {start}, dev, ino, offset}: Patch): boolean {
    const vma = this.#map.vmas.at(start)
    return vma?.backing?.dev === dev && vma.backing.ino === ino && fileOffset(vma, start) === offset
  }

  /** @returns false: calls keep trapping */
  #patch(site: number, {callNumber, argumentWords}: CallTrap): boolean {
    const {sites, count} = this.#patching
    const {pages, memory} = this.#map
    const page = Math.floor((site - 1) / PAGE_SIZE)
    const entry = pages.get(page)
    const vma = this.#map.vmas.at(site - 1)
    if (!isFilesCode(vma)) return false
    // The program has written to pages that are not guarded.
    if (!(entry & ENTRY_GUARDED) || entry & ENTRY_WRITTEN) return false
    const offset = entryOffset(entry)
    const start = page * PAGE_SIZE
    const code = memory.bytes.subarray(offset, offset + PAGE_SIZE)
    const found = sites.find(code, site - start, callNumber, argumentWords)
    if (found === undefined || !this.#mayRelay(found, start)) return false
    const batch = new MapBatch(pages.space, {lazily: true})
    const trampoline = this.#addTrampoline(found, vma!, start, batch)
    if (trampoline === undefined) return false

    const copy = memory.copyPage(offset)
    sites.patch(memory.bytes.subarray(copy, copy + PAGE_SIZE), found, trampoline - start)
    const patched = withOffset(entry, copy) | ENTRY_PATCHED
    pages.set(page, patched)
    batch.add(page, patched)
    batch.commit()
    memory.free(offset, PAGE_SIZE)
    this.hasCached ||= found.isCached
    count()
    return true
  }

  /** Padding belongs to one site for good: a thread may stand there, on its way from that site. */
  #mayRelay({relay, start}: CallSite, page: number): boolean {
    if (relay === undefined) return true
    const used = ({place}: Patch) => place.relay === page + relay && place.start !== page + start
    return !this.#areas.some(({patches}) => patches.some((patch) => used(patch) && this.#isThere(patch)))
  }

  /** @param batch maps the trampoline, once written @returns its address; undefined: no room within reach. @throws Errno */
  #addTrampoline(site: CallSite, vma: Vma, page: number, batch: MapBatch): number | undefined {
    const {sites, gate} = this.#patching
    const behind = page + site.end
    const area = this.#areaFor(behind)
    if (area === undefined) return undefined
    const offset = this.#map.ownPage(area.start)
    const used = area.patches.length * sites.trampolineBytes
    const start = page + site.start
    const place = {
      ...{at: area.start + used, start, behind, number: site.number},
      relay: site.relay === undefined ? undefined : page + site.relay,
    }
    this.#map.memory.bytes.set(sites.trampoline(site, place, gate), offset + used)
    const {dev, ino} = vma.backing!
    area.patches.push({place, dev, ino, offset: fileOffset(vma, start)})
    // It is mapped already, but its code is new, which arm64's processors must be told.
    const areaPage = area.start / PAGE_SIZE
    batch.add(areaPage, this.#map.pages.get(areaPage))
    return place.at
  }

  #areaFor(site: number): Area | undefined {
    const {reach, trampolineBytes} = this.#patching.sites
    const fits = ({start, patches}: Area) =>
      Math.abs(start - site) < reach &&
      (patches.length + 1) * trampolineBytes <= PAGE_SIZE &&
      isTrampolines(this.#map.vmas.at(start))
    const known = this.#areas.find(fits)
    if (known !== undefined) return known
    if (this.#areas.length === MAX_AREAS) return undefined
    const start = this.#map.map({
      length: PAGE_SIZE,
      // Not above the site: the heap grows there.
      ceiling: site,
      protection: PROT_READ | PROT_EXEC,
      flags: VM_SPECIAL,
      name: NAME,
    })
    if (site - start >= reach) {
      this.#map.unmap(start, PAGE_SIZE)
      return undefined
    }
    // Not before: unmapping trampolines removes all patches.
    this.#map.vmas.at(start)!.flags |= VM_TRAMPOLINES
    // The program unmapped the area that was here.
    const stale = this.#areas.findIndex((old) => old.start === start)
    if (stale >= 0) this.#areas.splice(stale, 1)
    const area = {start, patches: []}
    this.#areas.push(area)
    return area
  }
}

function isTrampolines(vma: Vma | undefined): boolean {
  return vma !== undefined && (vma.flags & VM_TRAMPOLINES) !== 0
}

function isFilesCode(vma: Vma | undefined): boolean {
  return (
    // A private page follows its file until it is written: code of writable files is not patched.
    vma?.backing?.mappable.isConstant === true &&
    !vma.isShared &&
    (vma.flags & VM_SPECIAL) === 0 &&
    (vma.protection & (PROT_EXEC | PROT_WRITE)) === PROT_EXEC
  )
}

function fileOffset(vma: Vma, address: number): number {
  return vma.pageOffset * PAGE_SIZE + address - vma.start
}
