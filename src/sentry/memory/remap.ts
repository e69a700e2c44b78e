// mremap(2): grows, shrinks and moves mappings (mm/mremap.c).

import {EFAULT, EINVAL, ENOMEM, EPERM, Errno} from '../../abi/errno.ts'
import {PAGE_SIZE} from '../../platform/platform.ts'
import {checkExpansion, checkLocked, checkOvercommit} from './accounting.ts'
import type {MemoryMap} from './memory-map.ts'
import {type Entry, MapBatch} from './page-table.ts'
import {restoreBefore} from './patched-pages.ts'
import {MIN_ADDRESS} from './placement.ts'
import {pageAlign, VM_LOCKED, VM_LOCKONFAULT, VM_SPECIAL, VM_TRAMPOLINES, Vma} from './vma.ts'

/** In bytes. */
export interface RemapRequest {
  address: number
  oldLength: number
  newLength: number
  /** MREMAP_MAYMOVE */
  mayMove: boolean
  /** MREMAP_FIXED: where to. */
  target?: number
  /** MREMAP_DONTUNMAP */
  keepsOld: boolean
}

/** @returns the mapping's new address @throws Errno EINVAL, EFAULT, ENOMEM, EAGAIN, EPERM */
export function remap(map: MemoryMap, request: RemapRequest): number {
  const {address, target} = request
  const newLength = pageAlign(request.newLength)
  let oldLength = pageAlign(request.oldLength)
  if (address % PAGE_SIZE !== 0 || newLength === 0) throw new Errno(EINVAL)
  if (newLength > map.userTop) throw new Errno(target === undefined ? ENOMEM : EINVAL)
  if (map.vmas.at(address) === undefined) throw new Errno(EFAULT)
  if (target !== undefined) clearTarget(map, request, target, oldLength, newLength)

  const moves = target !== undefined || request.keepsOld
  if (oldLength > newLength) {
    map.unmap(address + newLength, oldLength - newLength)
    oldLength = newLength
  }
  if (oldLength === newLength && !moves) return address

  const vma = checkedSource(map, address, oldLength, newLength)
  if (!moves && growInPlace(map, vma, address + oldLength, address + newLength)) return address
  if (!request.mayMove) throw new Errno(ENOMEM)
  // Like Linux, keeps this much in reserve, so that a move cannot fail half way.
  if (!map.vmas.hasRoom(4)) throw new Errno(ENOMEM)
  const destination = target ?? map.placement.find(newLength, 0)
  if (destination < 0) throw new Errno(ENOMEM)
  move(map, vma, address, oldLength, destination, newLength, request.keepsOld)
  return destination
}

function clearTarget(
  map: MemoryMap,
  request: RemapRequest,
  target: number,
  oldLength: number,
  newLength: number,
): void {
  const {address} = request
  if (target % PAGE_SIZE !== 0 || target > map.userTop - newLength) throw new Errno(EINVAL)
  if (address + oldLength > target && target + newLength > address) throw new Errno(EINVAL)
  if (target < MIN_ADDRESS) throw new Errno(EPERM)
  if (!map.vmas.hasRoom(4)) throw new Errno(ENOMEM)
  map.unmap(target, newLength)
}

/** The mapping at `address`, checked to be allowed `newLength` (vma_to_resize). */
function checkedSource(map: MemoryMap, address: number, oldLength: number, newLength: number): Vma {
  const vma = map.vmas.at(address)
  if (vma === undefined) throw new Errno(EFAULT)
  // Length 0 asks for a second view of the same pages: only shared mappings can have one.
  if (oldLength === 0 && !vma.isShared) throw new Errno(EINVAL)
  if (oldLength > vma.end - address) throw new Errno(EFAULT)
  const growth = newLength - oldLength
  if (growth === 0) return vma
  if (vma.flags & VM_SPECIAL) throw new Errno(EFAULT)
  if (vma.flags & VM_LOCKED) checkLocked(map.vmas, map.limits, growth)
  checkExpansion(map.vmas, map.limits, growth, vma.isData ? growth : 0)
  checkOvercommit(vma, growth, map.memory.size)
  return vma
}

function growInPlace(map: MemoryMap, vma: Vma, end: number, newEnd: number): boolean {
  if (end !== vma.end || !map.placement.isFree(end, newEnd)) return false
  vma.end = newEnd
  map.vmas.join(vma.start, newEnd)
  return true
}

function move(
  map: MemoryMap,
  vma: Vma,
  address: number,
  oldLength: number,
  destination: number,
  newLength: number,
  keepsOld: boolean,
): void {
  const firstPage = address / PAGE_SIZE
  // Before any change: there may be no room for the tables of what moves.
  const shift = destination / PAGE_SIZE - firstPage
  map.pages.forEach(firstPage, firstPage + oldLength / PAGE_SIZE, (page) => map.pages.reserve(page + shift))
  restoreBefore(map, vma, address, address + oldLength)
  const moved = new Vma(vma)
  moved.pageOffset = vma.backing === undefined ? 0 : vma.filePage(firstPage)
  moved.start = destination
  moved.end = destination + newLength
  // A mapping is the heap or the stack only in its place.
  if (!(vma.flags & VM_SPECIAL)) moved.name = ''
  // No patched site jumps there.
  moved.flags &= ~VM_TRAMPOLINES
  map.vmas.insert(moved)
  if (oldLength === 0) return

  movePages(map, firstPage, oldLength / PAGE_SIZE, destination / PAGE_SIZE)
  const end = address + oldLength
  if (keepsOld) {
    for (const old of map.vmas.carve(address, end))
      old.flags &= ~(VM_LOCKED | VM_LOCKONFAULT | VM_TRAMPOLINES)
    map.vmas.join(address, end)
    return
  }
  for (const old of map.vmas.remove(address, end)) map.vmas.drop(old)
  map.placement.noteFreed(end)
}

/** The guest loses the old addresses before it gets the new ones; no page is copied. */
function movePages(map: MemoryMap, from: number, count: number, to: number): void {
  const {pages} = map
  pages.unmap(from, from + count)
  const moved: Array<[page: number, entry: Entry]> = []
  pages.forEach(from, from + count, (page, entry) => moved.push([page, entry]))
  const batch = new MapBatch(pages.space, {lazily: true})
  for (const [page, entry] of moved) {
    pages.set(page, 0)
    pages.set(page - from + to, entry)
    batch.add(page - from + to, entry)
  }
  batch.commit()
}
