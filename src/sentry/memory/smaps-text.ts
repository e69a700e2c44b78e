// /proc/PID/smaps, smaps_rollup and pagemap: what is resident of each mapping (fs/proc/task_mmu.c). As for one process: nothing is shared.

import {PAGE_SIZE, PROT_EXEC, PROT_READ, PROT_WRITE} from '../../platform/platform.ts'
import {mapsLines, TextBlocks} from './maps-text.ts'
import type {MemoryMap} from './memory-map.ts'
import {ENTRY_GUARDED} from './page-table.ts'
import {
  VM_DONTDUMP,
  VM_DONTFORK,
  VM_GROWSDOWN,
  VM_LOCKED,
  VM_LOCKONFAULT,
  VM_NORESERVE,
  VM_SHARED,
  VM_WIPEONFORK,
  type Vma,
} from './vma.ts'

/** Some 18,000 mappings, far more than programs have: several copies of such a text exist while it is made. */
const MAX_LENGTH = 1 << 24
const KB = 1024

interface Residency {
  clean: number
  dirty: number
  anonymous: number
  locked: number
}

const NOTHING: Residency = {clean: 0, dirty: 0, anonymous: 0, locked: 0}

/** A byte string. @throws Errno ENOMEM */
export function smapsText(map: MemoryMap): string {
  const text = new TextBlocks(MAX_LENGTH)
  const lineOf = mapsLines()
  for (const vma of map.vmas) {
    const size = line('Size', vma.end - vma.start) + PAGE_SIZES
    const flags = `THPeligible:           0\nVmFlags: ${flagWords(vma)} \n`
    const resident = {...NOTHING}
    addResident(map, vma, resident)
    text.add(lineOf(vma) + size + sizes(resident, false) + flags)
  }
  return text.join()
}

export function smapsRollupText(map: MemoryMap): string {
  const total = {...NOTHING}
  let start = 0
  let end = 0
  for (const vma of map.vmas) {
    addResident(map, vma, total)
    start ||= vma.start
    end = vma.end
  }
  const range = `${hex(start)}-${hex(end)} ---p 00000000 00:00 0 `
  return `${range.padEnd(73)}[rollup]\n${sizes(total, true)}`
}

const BIT_PRESENT = 2 ** 63
const BIT_FILE = 2 ** 61
const BIT_EXCLUSIVE = 2 ** 56

/**
 * Fills words of pagemap from guest page `first` on. Page frame numbers are 0, as without CAP_SYS_ADMIN.
 * @returns how many words: fewer at the end of user memory
 */
export function readPagemap(map: MemoryMap, first: number, words: BigUint64Array): number {
  const count = Math.max(0, Math.min(words.length, map.userTop / PAGE_SIZE - first))
  words.fill(0n, 0, count)
  map.pages.forEach(first, first + count, (page) => {
    const vma = map.vmas.at(page * PAGE_SIZE)
    const isFile = vma !== undefined && (vma.backing !== undefined || vma.isShared)
    words[page - first] = BigInt(BIT_PRESENT) | BigInt(isFile ? BIT_FILE : BIT_EXCLUSIVE)
  })
  return count
}

function addResident(map: MemoryMap, vma: Vma, resident: Residency): void {
  const isFilePrivate = vma.backing !== undefined && !vma.isShared
  map.pages.forEach(vma.start / PAGE_SIZE, vma.end / PAGE_SIZE, (_, entry) => {
    // A guarded page of a file is still the file's own.
    const isClean = vma.backing !== undefined && (entry & ENTRY_GUARDED) !== 0
    if (isClean) resident.clean += PAGE_SIZE
    else resident.dirty += PAGE_SIZE
    if (vma.backing === undefined || (isFilePrivate && !isClean)) resident.anonymous += PAGE_SIZE
    if (vma.flags & VM_LOCKED) resident.locked += PAGE_SIZE
  })
}

function sizes({clean, dirty, anonymous, locked}: Residency, isRollup: boolean): string {
  const all = clean + dirty
  const parts = isRollup
    ? line('Pss_Anon', anonymous) + line('Pss_File', all - anonymous) + line('Pss_Shmem', 0)
    : ''
  const used = line('Rss', all) + line('Pss', all) + line('Pss_Dirty', dirty) + parts
  const owned =
    SHARED +
    line('Private_Clean', clean) +
    line('Private_Dirty', dirty) +
    line('Referenced', all) +
    line('Anonymous', anonymous)
  return `${used}${owned}${NEVER}${line('Locked', locked)}`
}

// Made once: each mapping has twenty lines.
const PAGE_SIZES = line('KernelPageSize', PAGE_SIZE) + line('MMUPageSize', PAGE_SIZE)
const SHARED = line('Shared_Clean', 0) + line('Shared_Dirty', 0)
const NEVER = [
  ...['KSM', 'LazyFree', 'AnonHugePages', 'ShmemPmdMapped', 'FilePmdMapped'],
  ...['Shared_Hugetlb', 'Private_Hugetlb', 'Swap', 'SwapPss'],
]
  .map((name) => line(name, 0))
  .join('')

function line(name: string, bytes: number): string {
  return `${`${name}:`.padEnd(16)}${String(bytes / KB).padStart(8)} kB\n`
}

function flagWords(vma: Vma): string {
  const {protection, maxProtection, flags} = vma
  const words: [word: string, holds: number][] = [
    ['rd', protection & PROT_READ],
    ['wr', protection & PROT_WRITE],
    ['ex', protection & PROT_EXEC],
    ['sh', flags & VM_SHARED],
    ['mr', maxProtection & PROT_READ],
    ['mw', maxProtection & PROT_WRITE],
    ['me', maxProtection & PROT_EXEC],
    ['ms', flags & VM_SHARED],
    ['gd', flags & VM_GROWSDOWN],
    ['lo', flags & VM_LOCKED],
    ['lf', flags & VM_LOCKONFAULT],
    ['dc', flags & VM_DONTFORK],
    ['ac', vma.isData ? 1 : 0],
    ['nr', flags & VM_NORESERVE],
    ['dd', flags & VM_DONTDUMP],
    ['wf', flags & VM_WIPEONFORK],
  ]
  return words
    .filter(([, holds]) => holds !== 0)
    .map(([word]) => word)
    .join(' ')
}

const hex = (value: number): string => value.toString(16).padStart(8, '0')
