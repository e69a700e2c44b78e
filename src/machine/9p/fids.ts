// Fids: a machine's handles on a share's files. The machine chooses their numbers, and the number of fids is limited.

import {EBADF, EINVAL, ENFILE, Errno} from '../../abi/errno.ts'
import type {Attributes, FileDescription} from '../../vfs/file.ts'
import type {Location} from '../../vfs/location.ts'
import {SharedFile} from '../share/shared-file.ts'
import {NO_FID} from './messages.ts'

/** The user that the machine says acts, and the root above which it cannot ascend. */
export interface Origin {
  readonly root: Location
  readonly uid: number
}

export class Fid extends SharedFile {
  readonly origin: Origin
  /** Set while the fid is open. */
  file: FileDescription | undefined

  constructor(origin: Origin, location: Location, attributes: Pick<Attributes, 'dev' | 'ino'>) {
    super(location, attributes)
    this.origin = origin
  }

  copy(): Fid {
    return new Fid(this.origin, this.location, this)
  }
}

export class Fids {
  readonly #fids = new Map<number, Fid>()
  readonly #most: number
  readonly #mostOpen: number
  readonly #closed: (file: FileDescription, others: Iterable<Fid>) => void
  #open = 0

  /** @param closed called when an open fid goes, with the fids that are left */
  constructor(
    most: number,
    mostOpen: number,
    closed: (file: FileDescription, others: Iterable<Fid>) => void,
  ) {
    this.#most = most
    this.#mostOpen = mostOpen
    this.#closed = closed
  }

  get isEmpty(): boolean {
    return this.#fids.size === 0
  }

  /** @throws Errno EBADF */
  get(number: number): Fid {
    const fid = this.#fids.get(number)
    if (fid === undefined) throw new Errno(EBADF)
    return fid
  }

  /** @throws Errno EBADF when there is no such fid, or it is not open */
  file(number: number): FileDescription {
    const {file} = this.get(number)
    if (file === undefined) throw new Errno(EBADF)
    return file
  }

  /** A fid that can be opened, or moved to another file. @throws Errno EBADF, EINVAL when it is open */
  unopened(number: number): Fid {
    const fid = this.get(number)
    if (fid.file !== undefined) throw new Errno(EINVAL)
    return fid
  }

  /** @throws Errno EINVAL when the number is taken or is NO_FID; ENFILE */
  requireFree(number: number): void {
    if (number === NO_FID || this.#fids.has(number)) throw new Errno(EINVAL)
    if (this.#fids.size >= this.#most) throw new Errno(ENFILE)
  }

  /** @throws Errno ENFILE */
  requireOpenable(): void {
    if (this.#open >= this.#mostOpen) throw new Errno(ENFILE)
  }

  /** Precondition: the number is free, or its fid is not open and goes. */
  set(number: number, fid: Fid): void {
    // Held first: the old fid and the new one may have the same inode.
    fid.location.inode.hold?.()
    this.#fids.get(number)?.location.inode.letGo?.()
    this.#fids.set(number, fid)
  }

  /** Precondition: requireOpenable. */
  setOpen(fid: Fid, file: FileDescription): void {
    fid.file = file
    this.#open++
  }

  /** @throws Errno EBADF */
  remove(number: number): void {
    const fid = this.get(number)
    this.#fids.delete(number)
    const {file} = fid
    if (file !== undefined) {
      this.#open--
      this.#closed(file, this.#fids.values())
      file.close()
    }
    fid.location.inode.letGo?.()
  }

  clear(): void {
    for (const number of [...this.#fids.keys()]) this.remove(number)
  }
}
