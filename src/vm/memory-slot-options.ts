// What a memory slot may be: its options, checked against each other and against what the host has.

import {constants} from 'node:buffer'
import {fstatSync} from 'node:fs'
import * as v from 'valibot'
import {addon} from '../addon.ts'
import {badArgument, HvError} from '../errors.ts'
import * as takes from '../options.ts'
import {KVM_CAPABILITIES} from './capability-numbers.ts'
import {type HugePages, hugePages as hugePageOption, isSize, refuseFile} from './huge-pages.ts'
import {openError, orThrow} from './open-error.ts'

/** Where memory lies, and what backs it. @see {@link MemorySlot} */
export interface MemorySlotOptions {
  /** The guest physical address of its first byte: a multiple of the host's page size. */
  address: number
  /** A multiple of the host's page size, at most 1 TiB, or 4 GiB with Node 20; the host backs it when it is touched. */
  bytes: number
  /** The guest's stores are `mmio` exits. On arm64 and x86_64 where the host has KVM_CAP_READONLY_MEM. */
  readOnly?: boolean
  /** The slot records which pages the guest writes: {@link MemorySlot.takeDirty}. It costs the guest an exit for each page. */
  logsDirty?: boolean
  /** Huge pages: transparent ones, or of a size. */
  hugePages?: HugePages
  /**
   * A host file's descriptor: the memory is the file's, shared. If `readOnly`, the file is never written: what the host stores is the VM's
   * own. Without a file, the memory is anonymous. The file must cover the slot for as long as the slot exists: a page that is cut off ends
   * the process that touches it (SIGBUS).
   */
  file?: number
  /** Where in the file it begins: a multiple of the host's page size, 0 by default. */
  fileOffset?: number
  /**
   * Its pages are missing at first: whoever touches one, the guest or this process, waits until {@link servePages} fills it. Anonymous
   * memory alone. The host has to let this user handle page faults of KVM: root may, or who may open /dev/userfaultfd.
   */
  lazy?: boolean
  /**
   * The memory is a guest_memfd, which this VM alone can have (api.rst, KVM_CREATE_GUEST_MEMFD): KVM takes its pages from the file and not
   * from this process's page tables, and they are never moved or swapped out. It goes with none of the options above. Since Linux 6.18.
   * In a VM of `type: 'sw-protected'` only private pages are in the guest_memfd; the others are this process's, as without it.
   */
  guestMemfd?: boolean
}

const slotOptions = takes.options({
  address: takes.anyNumber,
  bytes: takes.anyNumber,
  readOnly: v.optional(takes.truth),
  logsDirty: v.optional(takes.truth),
  hugePages: v.optional(hugePageOption),
  file: v.optional(takes.anyNumber),
  fileOffset: v.optional(takes.anyNumber),
  lazy: v.optional(takes.truth),
  guestMemfd: v.optional(takes.truth),
})

const GIB = 2 ** 30
/** A slot has whole pages of the host. */
export const slotUnit = (): number => addon.pageBytes
/** A slot is shown by one ArrayBuffer, which has 4 GiB at most with Node 20. */
export const MAX_SLOT_BYTES: number = Math.min(Math.floor(constants.MAX_LENGTH / GIB) * GIB, 1024 * GIB)

/** @param isProtected the VM is software-protected @throws HvError BAD_ARGUMENT, MEMORY_SIZE, KVM_UNUSABLE */
export function checkSlotOptions(
  options: MemorySlotOptions,
  isProtected: boolean,
): Required<MemorySlotOptions> {
  const given = takes.checked(slotOptions, options, 'options')
  const {address, bytes, readOnly = false, logsDirty = false, hugePages = false} = given
  const {file = -1, fileOffset = 0, lazy = false, guestMemfd = false} = given
  const page = addon.pageBytes
  const isWhole = (value: number): boolean => Number.isSafeInteger(value) && value >= 0 && value % page === 0
  if (!isWhole(bytes) || bytes === 0 || bytes > MAX_SLOT_BYTES) {
    const message = `a memory slot cannot have ${bytes} bytes`
    throw new HvError('MEMORY_SIZE', message, `give a multiple of ${page} from ${page} to ${MAX_SLOT_BYTES}`)
  }
  if (!isWhole(address) || !isWhole(fileOffset)) {
    const message = `a memory slot cannot begin at address ${address}, offset ${fileOffset}`
    throw new HvError('MEMORY_SIZE', message, `give multiples of ${page}`)
  }
  if (!Number.isInteger(file) || file < -1) {
    throw badArgument(`file cannot be ${file}`, 'give an open descriptor')
  }
  if (file !== -1) {
    refuseFile(hugePages)
    checkLength(file, fileOffset + bytes)
  }
  if (lazy && (file !== -1 || isSize(hugePages))) {
    throw badArgument('only anonymous memory is lazy', 'leave file, or the size of huge pages, out')
  }
  const checked = {address, bytes, readOnly, logsDirty, hugePages, file, fileOffset, lazy, guestMemfd}
  if (guestMemfd) checkGuestMemfd(checked, isProtected)
  return checked
}

/** What KVM_CAP_GUEST_MEMFD_FLAGS has where this process may map the file: GUEST_MEMFD_FLAG_MMAP, _INIT_SHARED. */
const MAPPABLE = 3

function checkGuestMemfd(
  {readOnly, logsDirty, hugePages, file, lazy}: Required<MemorySlotOptions>,
  isProtected: boolean,
): void {
  const other = Object.entries({readOnly, logsDirty, hugePages, file: file !== -1, lazy}).find(
    ([, isGiven]) => isGiven,
  )
  if (other !== undefined) {
    throw badArgument(`${other[0]} does not go with guestMemfd`, 'leave one of them out')
  }
  // Nobody maps such a VM's.
  if (isProtected) return
  const {KVM_CAP_GUEST_MEMFD_FLAGS} = KVM_CAPABILITIES
  const flags = orThrow(() => addon.checkExtension(KVM_CAP_GUEST_MEMFD_FLAGS), openError)
  if ((flags & MAPPABLE) === MAPPABLE) return
  const message = 'this host has no guest_memfd that can be mapped (KVM_CAP_GUEST_MEMFD_FLAGS)'
  throw new HvError('KVM_UNUSABLE', message, 'leave guestMemfd out, or use Linux 6.18')
}

function checkLength(file: number, end: number): void {
  const stat = orThrow(
    () => fstatSync(file),
    (cause) => badArgument(`file ${file} is not open`, 'give an open descriptor', {cause}),
  )
  const size = stat.isFile() ? stat.size : end
  if (size >= end) return
  const message = `the file has ${size} bytes, and the memory slot reaches to its byte ${end}`
  throw new HvError('MEMORY_SIZE', message, 'give fewer bytes, or make the file longer first')
}
