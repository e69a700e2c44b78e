// MemfdFile: an anonymous file with seals (man 2 memfd_create, "File sealing"): a tmpfs file that refuses what is sealed.

import {EPERM, Errno} from '../abi/errno.ts'
import {F_SEAL_FUTURE_WRITE, F_SEAL_GROW, F_SEAL_SHRINK, F_SEAL_WRITE} from '../abi/fcntl.ts'
import {FALLOC_FL_PUNCH_HOLE, O_APPEND} from '../abi/open-flags.ts'
import {PROT_WRITE} from '../platform/platform.ts'
import type {Inode, IoctlMemory, Mappable, OpenFile} from '../vfs/file.ts'
import {FileDescription} from '../vfs/file-description.ts'
import type {Process} from './process.ts'

/** What keeps shared mappings from writing, too. */
const WRITE_SEALS = F_SEAL_WRITE | F_SEAL_FUTURE_WRITE

export class MemfdFile extends FileDescription {
  /** As /proc/self/fd shows it: `memfd:` is put before, ` (deleted)` behind. */
  readonly name: string
  #seals: number
  readonly #file: OpenFile

  /** @param file an open file of `inode`; it is this object's from now on */
  constructor(inode: Inode, file: OpenFile, name: string, seals: number) {
    super(inode, file.flags)
    this.#file = file
    this.name = name
    this.#seals = seals
  }

  get isWriteSealed(): boolean {
    return (this.#seals & WRITE_SEALS) !== 0
  }

  get seals(): number {
    return this.#seals
  }

  /** F_ADD_SEALS. Preconditions: not sealed against it. */
  addSeals(seals: number): void {
    this.#seals |= seals
  }

  override read(target: Uint8Array, position?: number): number {
    const count = this.#file.read(target, position ?? this.position)
    if (position === undefined) this.position += count
    return count
  }

  override write(source: Uint8Array, position?: number): number {
    if (this.isWriteSealed) throw new Errno(EPERM)
    const size = this.#size
    const start = this.flags & O_APPEND ? size : (position ?? this.position)
    let part = source
    if (this.#seals & F_SEAL_GROW && start + source.length > size) {
      if (start >= size) throw new Errno(EPERM)
      part = source.subarray(0, size - start)
    }
    const count = this.#file.write(part, start)
    if (position === undefined) this.position = start + count
    return count
  }

  override seek(offset: number, whence: number): number {
    this.#file.position = this.position
    this.position = this.#file.seek(offset, whence)
    return this.position
  }

  override truncate(size: number): void {
    if (this.#seals & F_SEAL_SHRINK && size < this.#size) throw new Errno(EPERM)
    if (this.#seals & F_SEAL_GROW && size > this.#size) throw new Errno(EPERM)
    this.#file.truncate(size)
  }

  override allocate(mode: number, offset: number, length: number): void {
    if (mode & FALLOC_FL_PUNCH_HOLE && this.isWriteSealed) throw new Errno(EPERM)
    if (this.#seals & F_SEAL_GROW && offset + length > this.#size) throw new Errno(EPERM)
    this.#file.allocate(mode, offset, length)
  }

  override sync(): void {
    this.#file.sync()
  }

  override ioctl(request: number, argument: number, memory: IoctlMemory): number {
    this.#file.position = this.position
    return this.#file.ioctl(request, argument, memory)
  }

  override get mappable(): Mappable | undefined {
    return this.#file.mappable
  }

  override close(): void {
    this.#file.close()
  }

  get #size(): number {
    return this.inode.attributes().size
  }
}

/** What a shared mapping of a file may be raised to, seals considered. @throws Errno EPERM for a writable one of a sealed file */
export function unsealedProtection(file: OpenFile, protection: number, allowed: number): number {
  if (!(file instanceof MemfdFile) || !file.isWriteSealed) return allowed
  if (protection & PROT_WRITE) throw new Errno(EPERM)
  return allowed & ~PROT_WRITE
}

/** Whether a mapping can, or could after mprotect(2), write to the file. */
export function isMappedWritably(file: OpenFile, processes: Iterable<Process>): boolean {
  for (const {memoryMap} of processes) {
    for (const {isShared, maxProtection, backing} of memoryMap.vmas) {
      if (isShared && maxProtection & PROT_WRITE && backing?.mappable === file.mappable) return true
    }
  }
  return false
}
