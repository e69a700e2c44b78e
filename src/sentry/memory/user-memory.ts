// UserMemory: the only place that follows a guest pointer. A pointer is untrusted: a bad one is EFAULT.

import {MAX_RW_COUNT} from '../../abi/at-flags.ts'
import {EFAULT, EINVAL, ENAMETOOLONG, ENOMEM, Errno} from '../../abi/errno.ts'
import {signedWord, unsignedWord} from '../../abi/word.ts'
import type {MemoryFile} from '../../platform/memory-file.ts'
import {PAGE_SIZE, PROT_READ, PROT_WRITE} from '../../platform/platform.ts'
import type {IoctlMemory} from '../../vfs/file.ts'
import type {Iovec} from '../core/iovec.ts'
import {OUT_OF_MEMORY} from './fault-signal.ts'
import type {MemoryMap} from './memory-map.ts'
import {ENTRY_SHIFT, type Entry, type PageTable} from './page-table.ts'

export const UIO_MAXIOV = 1024

/** One view populates and covers at most this much: read(fd, buffer, 1 GiB) of a short file must cost little. */
const MAX_VIEW = 2 << 20
const MAX_COPY = 1 << 30
const IN_PAGE = PAGE_SIZE - 1
const TWO_32 = 2 ** 32
const NOTHING = new Uint8Array(0)

/** Populates pages as the kernel's copy_from_user and copy_to_user do. Addresses and lengths are bytes. */
export class UserMemory {
  readonly #map: MemoryMap
  readonly #pages: PageTable
  readonly #userTop: number
  readonly #memory: MemoryFile
  /** For FileDescription.ioctl. */
  readonly ioctl: IoctlMemory = {
    read: (address, length) => this.readBytes(address, length),
    write: (address, bytes) => this.writeBytes(address, bytes),
  }

  constructor(map: MemoryMap) {
    this.#map = map
    this.#pages = map.pages
    this.#userTop = map.userTop
    this.#memory = map.memory
  }

  /**
   * The guest's own bytes from `address` on, as many of `length` as are contiguous and accessible: at least one, at
   * most 2 MiB; all of them in the common case. Callers continue after it until they have what they need.
   * The view is valid until the guest runs or its mappings change.
   * @param access PROT_READ or PROT_WRITE
   * @throws Errno EFAULT when the first byte is not accessible; ENOMEM
   */
  view(address: number, length: number, access: number): Uint8Array {
    if (length === 0) return NOTHING
    this.check(address, length)
    const limit = Math.min(length, MAX_VIEW)
    const page = Math.floor(address / PAGE_SIZE)
    const inPage = address & IN_PAGE
    const wanted = Math.ceil((inPage + limit) / PAGE_SIZE)
    let pages = this.#pages.contiguous(page, access, wanted)
    if (pages < wanted) pages = this.#populate(page, pages, wanted, access)
    const start = (this.#pages.get(page) >>> ENTRY_SHIFT) * PAGE_SIZE + inPage
    return this.#memory.bytes.subarray(start, start + Math.min(pages * PAGE_SIZE - inPage, limit))
  }

  /**
   * Views of [address, address + length) in order. When the tail is not accessible they end before it: a short count.
   * @throws Errno EFAULT when the first byte is not accessible; ENOMEM
   */
  views(address: number, length: number, access: number): Uint8Array[] {
    const views = [this.view(address, length, access)]
    let done = views[0].length
    try {
      while (done < length) {
        const view = this.view(address + done, length - done, access)
        views.push(view)
        done += view.length
      }
    } catch (error) {
      if (!(error instanceof Errno)) throw error
    }
    return views
  }

  /** Copies bytes. @throws Errno EFAULT; ENOMEM for more than 1 GiB, which no call needs in one piece */
  readBytes(address: number, length: number): Uint8Array {
    if (length > MAX_COPY) throw new Errno(ENOMEM)
    const view = this.view(address, length, PROT_READ)
    if (view.length === length) return view.slice()
    const copy = new Uint8Array(length)
    copy.set(view)
    for (let done = view.length; done < length; ) {
      const next = this.view(address + done, length - done, PROT_READ)
      copy.set(next, done)
      done += next.length
    }
    return copy
  }

  /** On a fault, the bytes before it are written, as with copy_to_user. @throws Errno EFAULT */
  writeBytes(address: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      const view = this.view(address + done, bytes.length - done, PROT_WRITE)
      view.set(view.length === bytes.length ? bytes : bytes.subarray(done, done + view.length))
      done += view.length
    }
  }

  /** clear_user: `length` zero bytes. @throws Errno EFAULT */
  clear(address: number, length: number): void {
    for (let done = 0; done < length; ) {
      const view = this.view(address + done, length - done, PROT_WRITE)
      view.fill(0)
      done += view.length
    }
  }

  readUint8(address: number): number {
    const offset = this.#offset(address, 1, PROT_READ)
    return this.#memory.bytes[offset]
  }

  readUint16(address: number): number {
    return this.readUint8(address) | (this.readUint8(address + 1) << 8)
  }

  readInt32(address: number): number {
    if ((address & 3) !== 0) return this.readUint16(address) | (this.readUint16(address + 2) << 16)
    const index = this.#offset(address, 4, PROT_READ) >>> 2
    return this.#memory.int32s[index]
  }

  readUint32(address: number): number {
    return this.readInt32(address) >>> 0
  }

  /** As abi/word.ts defines. */
  readUint64(address: number): number {
    return unsignedWord(this.readInt32(address), this.readInt32(address + 4))
  }

  /** As abi/word.ts defines. */
  readInt64(address: number): number {
    return signedWord(this.readInt32(address), this.readInt32(address + 4))
  }

  readBigUint64(address: number): bigint {
    return BigInt(this.readUint32(address)) | (BigInt(this.readUint32(address + 4)) << 32n)
  }

  writeUint8(address: number, value: number): void {
    const offset = this.#offset(address, 1, PROT_WRITE)
    this.#memory.bytes[offset] = value
  }

  writeUint16(address: number, value: number): void {
    this.writeUint8(address, value & 0xff)
    this.writeUint8(address + 1, (value >>> 8) & 0xff)
  }

  /** Signed or unsigned: the low 32 bits are written. */
  writeInt32(address: number, value: number): void {
    if ((address & 3) !== 0) {
      this.writeUint16(address, value & 0xffff)
      this.writeUint16(address + 2, value >>> 16)
      return
    }
    const index = this.#offset(address, 4, PROT_WRITE) >>> 2
    this.#memory.int32s[index] = value
  }

  writeUint32(address: number, value: number): void {
    this.writeInt32(address, value)
  }

  writeInt32s(address: number, values: readonly number[]): void {
    for (let i = 0; i < values.length; i++) this.writeInt32(address + 4 * i, values[i])
  }

  /** One step that no other thread of the guest's comes between. Precondition: aligned. @returns whether it was `expected` */
  compareExchangeInt32(address: number, expected: number, value: number): boolean {
    const index = this.#offset(address, 4, PROT_WRITE) >>> 2
    return Atomics.compareExchange(this.#memory.int32s, index, expected, value) === expected
  }

  /** Signed or unsigned, an integer of at most 53 bits. */
  writeUint64(address: number, value: number): void {
    this.writeInt32(address, value % TWO_32)
    this.writeInt32(address + 4, Math.floor(value / TWO_32))
  }

  writeInt64(address: number, value: number): void {
    this.writeUint64(address, value)
  }

  writeBigUint64(address: number, value: bigint): void {
    this.writeInt32(address, Number(value & 0xffffffffn))
    this.writeInt32(address + 4, Number((value >> 32n) & 0xffffffffn))
  }

  /**
   * The bytes before the first NUL, as a byte string.
   * @param max bytes, the NUL included (PATH_MAX counts it)
   * @throws Errno EFAULT; ENAMETOOLONG when there is no NUL among `max` bytes
   */
  readCString(address: number, max: number): string {
    let text = ''
    for (let done = 0; done < max; ) {
      const from = address + done
      const length = Math.min(max - done, PAGE_SIZE - (from & IN_PAGE))
      const start = this.#offset(from, 1, PROT_READ)
      const end = this.#memory.bytes.subarray(start, start + length).indexOf(0)
      if (end >= 0) return text + this.#memory.buffer.toString('latin1', start, start + end)
      text += this.#memory.buffer.toString('latin1', start, start + length)
      done += length
    }
    throw new Errno(ENAMETOOLONG)
  }

  /**
   * A struct iovec array, its lengths cut so that their sum is at most MAX_RW_COUNT (lib/iov_iter.c).
   * @throws Errno EINVAL: count or a length out of range; EFAULT
   */
  readIovecs(address: number, count: number): Iovec[] {
    if (count < 0 || count > UIO_MAXIOV) throw new Errno(EINVAL)
    const iovecs: Iovec[] = []
    let total = 0
    for (let i = 0; i < count; i++) {
      const base = this.readUint64(address + 16 * i)
      const length = this.readInt64(address + 16 * i + 8)
      if (length < 0) throw new Errno(EINVAL)
      if (base + length > this.#userTop) throw new Errno(EFAULT)
      const taken = Math.min(length, MAX_RW_COUNT - total)
      iovecs.push({address: base, length: taken})
      total += taken
    }
    return iovecs
  }

  /** @throws Errno EFAULT unless the range is in user space, whatever is mapped there: access_ok */
  check(address: number, length: number): void {
    if (!(address >= 0 && length >= 0 && address + length <= this.#userTop)) throw new Errno(EFAULT)
  }

  /** The MemoryFile offset of a scalar that does not cross a page. */
  #offset(address: number, size: number, access: number): number {
    this.check(address, size)
    const entry = this.#entry(Math.floor(address / PAGE_SIZE), access, 1)
    return (entry >>> ENTRY_SHIFT) * PAGE_SIZE + (address & IN_PAGE)
  }

  /** Faults in missing pages after `pages` good ones. @returns how many are contiguous now: at least one */
  #populate(page: number, pages: number, wanted: number, access: number): number {
    let good = pages
    while (good < wanted) {
      if (good === 0) this.#entry(page, access, wanted)
      // Present, but elsewhere in the MemoryFile: a fault would map it anew each time.
      else if (this.#pages.get(page + good) & access) break
      else if (this.#map.handleFault((page + good) * PAGE_SIZE, access, wanted - good) !== true) break
      const now = this.#pages.contiguous(page, access, wanted)
      if (now <= good) break
      good = now
    }
    return good
  }

  /** The entry of an accessible page, which is populated if necessary. */
  #entry(page: number, access: number, wanted: number): Entry {
    const entry = this.#pages.get(page)
    if ((entry & access) !== 0) return entry
    const outcome = this.#map.handleFault(page * PAGE_SIZE, access, wanted)
    if (outcome === OUT_OF_MEMORY) throw new Errno(ENOMEM)
    if (outcome !== true) throw new Errno(EFAULT)
    return this.#pages.get(page)
  }
}
