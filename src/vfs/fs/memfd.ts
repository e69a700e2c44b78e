// Memfd: the inode of memfd_create(2): a tmpfs file that no directory names and that refuses what its seals forbid.
// Seals belong to the inode: they also hold when it is opened anew through /proc/self/fd (man 2 F_GET_SEALS).

import {EPERM, Errno} from '../../abi/errno.ts'
import {F_SEAL_EXEC, F_SEAL_FUTURE_WRITE, F_SEAL_GROW, F_SEAL_SHRINK, F_SEAL_WRITE} from '../../abi/fcntl.ts'
import {S_IFREG} from '../../abi/file-mode.ts'
import {FALLOC_FL_PUNCH_HOLE} from '../../abi/open-flags.ts'
import {PAGE_SIZE} from '../../platform/platform.ts'
import type {AttributeChanges, ByteString, Credentials} from '../file.ts'
import type {Tmpfs} from './tmpfs.ts'
import {TmpfsFile} from './tmpfs-file.ts'

/** The seals that also keep shared mappings from writing. */
const WRITE_SEALS = F_SEAL_WRITE | F_SEAL_FUTURE_WRITE
const EXECUTABLE = 0o111

export class Memfd extends TmpfsFile {
  readonly #name: ByteString
  #seals: number

  /** @param mode permission bits */
  constructor(
    fs: Tmpfs,
    mode: number,
    owner: Pick<Credentials, 'uid' | 'gid'>,
    name: ByteString,
    seals: number,
  ) {
    super(fs, S_IFREG | mode, owner)
    this.nlink = 0
    this.isUnnamed = true
    this.#name = name
    this.#seals = seals
  }

  /** As /proc/self/fd and /proc/self/maps show it. */
  get label(): ByteString {
    return `/memfd:${this.#name} (deleted)`
  }

  get seals(): number {
    return this.#seals
  }

  get isWriteSealed(): boolean {
    return (this.#seals & WRITE_SEALS) !== 0
  }

  /** F_ADD_SEALS. F_SEAL_EXEC on what may be executed seals its contents, too. Preconditions: not sealed against it. */
  addSeals(seals: number): void {
    const isProgram = (seals & F_SEAL_EXEC) !== 0 && (this.mode & EXECUTABLE) !== 0
    this.#seals |= isProgram ? seals | F_SEAL_SHRINK | F_SEAL_GROW | WRITE_SEALS : seals
  }

  override write(source: Uint8Array, position: number): number {
    if (source.length === 0) return 0
    if (this.isWriteSealed) throw new Errno(EPERM)
    if (!this.#grows(position + source.length)) return super.write(source, position)
    // Linux writes page by page, up to the one that would make the file longer.
    const room = this.size - (this.size % PAGE_SIZE) - position
    if (room <= 0) throw new Errno(EPERM)
    return super.write(source.subarray(0, room), position)
  }

  override truncate(size: number): void {
    if (this.#grows(size) || (this.#seals & F_SEAL_SHRINK && size < this.size)) throw new Errno(EPERM)
    super.truncate(size)
  }

  override allocate(mode: number, offset: number, length: number): number {
    const isRefused = mode & FALLOC_FL_PUNCH_HOLE ? this.isWriteSealed : this.#grows(offset + length)
    if (isRefused) throw new Errno(EPERM)
    return super.allocate(mode, offset, length)
  }

  override setAttributes(changes: AttributeChanges): void {
    const {mode = this.mode} = changes
    if (this.#seals & F_SEAL_EXEC && (mode ^ this.mode) & EXECUTABLE) throw new Errno(EPERM)
    super.setAttributes(changes)
  }

  #grows(end: number): boolean {
    return (this.#seals & F_SEAL_GROW) !== 0 && end > this.size
  }
}
