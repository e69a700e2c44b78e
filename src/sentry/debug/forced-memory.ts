// A program's memory as in ptrace(2) (FOLL_FORCE, mm/gup.c): reads whatever the protection, and without changing what is there.

import {Errno} from '../../abi/errno.ts'
import {PAGE_SIZE, PROT_WRITE} from '../../platform/platform.ts'
import type {MemoryMap} from '../memory/memory-map.ts'
import {MapBatch} from '../memory/page-table.ts'
import {entryOffset} from '../memory/pager.ts'
import {UserMemory} from '../memory/user-memory.ts'

/** What is read in one piece. */
const MAX_READ = 1 << 16

/** @returns as much as is mapped, from the start; at most 64 KiB */
export function readForced(map: MemoryMap, address: number, length: number): Uint8Array {
  const bytes = new Uint8Array(Math.min(length, MAX_READ))
  let done = 0
  while (done < bytes.length) {
    const from = address + done
    const inPage = from % PAGE_SIZE
    const part = Math.min(bytes.length - done, PAGE_SIZE - inPage)
    if (!readInPage(map, from, bytes.subarray(done, done + part))) break
    done += part
  }
  return bytes.subarray(0, done)
}

/**
 * Private pages become the program's own. Shared pages that cannot be written stay as they are: EIO there.
 * @returns whether all of it was written; otherwise nothing after the first page that failed was
 */
export function writeForced(map: MemoryMap, address: number, bytes: Uint8Array): boolean {
  for (let done = 0; done < bytes.length; ) {
    const from = address + done
    const part = Math.min(bytes.length - done, PAGE_SIZE - (from % PAGE_SIZE))
    if (!writeInPage(map, from, bytes.subarray(done, done + part))) return false
    done += part
  }
  return true
}

function readInPage(map: MemoryMap, address: number, out: Uint8Array): boolean {
  const vma = map.vmas.at(address)
  if (vma === undefined) return false
  const {pages, memory} = map
  const page = Math.floor(address / PAGE_SIZE)
  const inPage = address % PAGE_SIZE
  const entry = pages.get(page)
  if (entry !== 0) {
    const start = entryOffset(entry) + inPage
    out.set(memory.bytes.subarray(start, start + out.length))
    return true
  }
  if (vma.backing === undefined) return true
  try {
    const offset = vma.backing.mappable.sharedPage(vma.filePage(page))
    out.set(memory.bytes.subarray(offset + inPage, offset + inPage + out.length))
    memory.free(offset, PAGE_SIZE)
    return true
  } catch (error) {
    if (!(error instanceof Errno)) throw error
    return false
  }
}

function writeInPage(map: MemoryMap, address: number, bytes: Uint8Array): boolean {
  const vma = map.vmas.at(address)
  if (vma === undefined) return false
  const {memory, pages} = map
  try {
    if (vma.isShared) {
      if (!(vma.protection & PROT_WRITE)) return false
      new UserMemory(map).writeBytes(address, bytes)
      return true
    }
    const inPage = address % PAGE_SIZE
    const offset = map.ownPage(address - inPage)
    memory.bytes.set(bytes, offset + inPage)
    // It may be code, which processors must be told about.
    const batch = new MapBatch(pages.space, {lazily: true})
    const page = Math.floor(address / PAGE_SIZE)
    batch.add(page, pages.get(page))
    batch.commit()
    return true
  } catch (error) {
    if (!(error instanceof Errno)) throw error
    return false
  }
}
