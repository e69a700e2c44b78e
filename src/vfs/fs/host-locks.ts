// HostLocks: the locks that a guest's file has on the host: all those of the guest, held through one open file.

import {EACCES, EAGAIN} from '../../abi/errno.ts'
import {F_RDLCK, F_UNLCK, F_WRLCK, LOCK_EX, LOCK_SH, LOCK_UN} from '../../abi/fcntl.ts'
import {O_RDONLY, O_RDWR} from '../../abi/open-flags.ts'
import type {FileLocking, LockedRange} from '../file.ts'
import type {HostFsAddon} from '../host-addon.ts'

const OPERATIONS: Record<number, number> = {[F_RDLCK]: LOCK_SH, [F_WRLCK]: LOCK_EX, [F_UNLCK]: LOCK_UN}

export class HostLocks implements FileLocking {
  readonly #files: HostFsAddon
  readonly #fd: number

  /** Undefined: the host does not open it again. @param open the file; a negative number on failure */
  static of(files: HostFsAddon, open: (access: number) => number): HostLocks | undefined {
    // F_WRLCK needs a file open for writing; a file that can only be read gets read locks.
    let own = open(O_RDWR)
    if (own < 0) own = open(O_RDONLY)
    return own < 0 ? undefined : new HostLocks(files, own)
  }

  private constructor(files: HostFsAddon, fd: number) {
    this.#files = files
    this.#fd = fd
  }

  lockRange(type: number, start: number, end: number): boolean {
    return !isConflict(this.#files.hostLock(this.#fd, type, start, lengthOf(start, end)))
  }

  conflict(type: number, start: number, end: number): LockedRange | undefined {
    const out = new Float64Array(4)
    if (this.#files.hostGetLock(this.#fd, type, start, lengthOf(start, end), out) < 0) return undefined
    const [foundType, foundStart, length, pid] = out
    if (foundType === F_UNLCK) return undefined
    const foundEnd = length === 0 ? Number.POSITIVE_INFINITY : foundStart + length
    return {type: foundType, start: foundStart, end: foundEnd, pid: pid === -1 ? -1 : 0}
  }

  lockWhole(type: number): boolean {
    return !isConflict(this.#files.hostFlock(this.#fd, OPERATIONS[type]))
  }

  close(): void {
    this.#files.hostClose(this.#fd)
  }
}

/** As struct flock has it: 0 to the end of the file. */
function lengthOf(start: number, end: number): number {
  return end === Number.POSITIVE_INFINITY ? 0 : end - start
}

/** Any other failure means that the file system has no locks: the guest's own still hold. */
function isConflict(result: number): boolean {
  return result === -EAGAIN || result === -EACCES
}
