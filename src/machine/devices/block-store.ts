// BlockStore: where a block device keeps its bytes: an open host file.

import {fdatasync as fdatasyncOf, fstatSync, read as readOf, write as writeOf} from 'node:fs'
import {promisify} from 'node:util'
import {EOPNOTSUPP} from '../../abi/errno.ts'
import {RWF_NOWAIT} from '../../abi/iovec.ts'
import {FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE} from '../../abi/open-flags.ts'
import {check} from '../../vfs/host-calls.ts'
import {nativeHost} from '../../vfs/native-host.ts'

const read = promisify(readOf)
const write = promisify(writeOf)
const fdatasync = promisify(fdatasyncOf)

/** linux/magic.h. */
const TMPFS_MAGIC = 0x01021994
/** {@link nativeHost}'s hostStatFs. */
const STATFS_FIELDS = 8

/** Offsets and lengths are bytes within it. A rejected promise is an I/O error for the guest. */
export interface BlockStore {
  readonly bytes: number
  readonly isReadOnly: boolean
  /** Fills `parts`, of `length` bytes, at once, if that needs no waiting for a disk. @returns false: it may have filled some, or none */
  readNow?(parts: readonly Uint8Array[], length: number, offset: number): boolean
  /** The same of writing. */
  writeNow?(parts: readonly Uint8Array[], length: number, offset: number): boolean
  /** Fills `bytes`. */
  read(bytes: Uint8Array, offset: number): Promise<void>
  write(bytes: Uint8Array, offset: number): Promise<void>
  /** Resolves when everything written is on the disk. */
  flush(): Promise<void>
  /** The range's content no longer matters. @returns whether it is zero now */
  discard(offset: number, length: number): Promise<boolean>
}

/** A raw image. Its size stays: nothing is read or written past the end. The caller keeps the descriptor. */
export class FileStore implements BlockStore {
  readonly bytes: number
  readonly isReadOnly: boolean
  readonly #fd: number
  /** It has no disk to wait for. */
  readonly #isInMemory: boolean
  /** RWF_* of preadv2(2) for what is not to wait. */
  readonly #nowFlags: number
  /** The host's file system can say what it has in memory. */
  #readsNow = true
  #writesNow = true

  /** @param fd open for reading, and for writing unless it is read-only */
  constructor(fd: number, bytes: number, isReadOnly = false) {
    this.#fd = fd
    this.#isInMemory = isInMemory(fd)
    this.#nowFlags = this.#isInMemory ? 0 : RWF_NOWAIT
    this.bytes = bytes
    this.isReadOnly = isReadOnly
  }

  readNow(parts: readonly Uint8Array[], length: number, offset: number): boolean {
    if (!this.#readsNow) return false
    const count = nativeHost.files.hostReadParts(this.#fd, parts, offset, this.#nowFlags)
    this.#readsNow = count !== -EOPNOTSUPP
    return count === length
  }

  writeNow(parts: readonly Uint8Array[], length: number, offset: number): boolean {
    if (!this.#writesNow) return false
    const count = nativeHost.files.hostWriteParts(this.#fd, parts, offset, this.#nowFlags)
    this.#writesNow = count !== -EOPNOTSUPP
    return count === length
  }

  async read(bytes: Uint8Array, offset: number): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const {bytesRead} = await read(this.#fd, bytes, at, bytes.length - at, offset + at)
      if (bytesRead === 0) throw new Error('the file became shorter')
      at += bytesRead
    }
  }

  async write(bytes: Uint8Array, offset: number): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const {bytesWritten} = await write(this.#fd, bytes, at, bytes.length - at, offset + at)
      if (bytesWritten === 0) throw new Error('the file takes no more')
      at += bytesWritten
    }
  }

  async flush(): Promise<void> {
    if (this.#isInMemory) check(nativeHost.files.hostSync(this.#fd))
    else await fdatasync(this.#fd)
  }

  async discard(offset: number, length: number): Promise<boolean> {
    const mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE
    const result = nativeHost.files.hostAllocate(this.#fd, mode, offset, length)
    // It is a hint: where there are no holes, the content stays.
    if (result === -EOPNOTSUPP) return false
    check(result)
    return true
  }
}

/**
 * A regular file of tmpfs: the host cannot say what of it is in memory (RWF_NOWAIT), where all of it is, or at worst in the swap space.
 * A disk's device file is in a tmpfs, too: statfs(2) tells of the folder that has it.
 */
function isInMemory(fd: number): boolean {
  if (!fstatSync(fd).isFile()) return false
  const fields = new Float64Array(STATFS_FIELDS)
  check(nativeHost.files.hostStatFs(fd, fields))
  return fields[0] === TMPFS_MAGIC
}
