// TmpfsNode: what every inode of a tmpfs has: attributes, times, place and links. Also symbolic links and special files.

import {EINVAL, EISDIR, ENOENT, ENOSPC, Errno} from '../../abi/errno.ts'
import {PERMISSION_BITS, S_IFDIR, S_IFIFO, S_IFLNK, S_IFSOCK} from '../../abi/file-mode.ts'
import {PAGE_SIZE} from '../../platform/platform.ts'
import {ExtendedAttributes} from '../extended-attributes.ts'
import type {AttributeChanges, Attributes, ByteString, Credentials, FileDescription, Time} from '../file.ts'
import {HeldInode} from '../held-inode.ts'
import {ownString} from '../own-string.ts'
import {openFifo} from '../pipe.ts'
import type {Tmpfs} from './tmpfs.ts'
import type {TmpfsDirectory} from './tmpfs-directory.ts'

export class TmpfsNode extends HeldInode<TmpfsDirectory> {
  readonly fs: Tmpfs
  readonly ino: number
  mode: number
  uid: number
  gid: number
  readonly rdev: number
  nlink = 1
  atime: Time
  mtime: Time
  ctime: Time
  readonly btime: Time
  #extendedAttributes: ExtendedAttributes | undefined

  constructor(fs: Tmpfs, mode: number, owner: Pick<Credentials, 'uid' | 'gid'>, rdev = 0) {
    super(mode & 0o170000)
    this.fs = fs
    this.ino = fs.takeInode()
    this.mode = mode
    this.uid = owner.uid
    this.gid = owner.gid
    this.rdev = rdev
    this.atime = this.mtime = this.ctime = this.btime = this.fs.clock.now()
  }

  get size(): number {
    return 0
  }

  get blocks(): number {
    return 0
  }

  attributes(): Attributes {
    const {ino, mode, nlink, uid, gid, rdev, size, blocks, atime, mtime, ctime, btime} = this
    const {dev} = this.fs
    return {
      dev,
      ino,
      mode,
      nlink,
      uid,
      gid,
      rdev,
      size,
      blocks,
      blksize: PAGE_SIZE,
      atime,
      mtime,
      ctime,
      btime,
    }
  }

  override modeInMemory(): number {
    return this.mode
  }

  override setAttributes(changes: AttributeChanges): void {
    if (changes.size !== undefined) this.truncate(changes.size)
    if (changes.mode !== undefined) this.mode = this.kind | (changes.mode & PERMISSION_BITS)
    if (changes.uid !== undefined) this.uid = changes.uid
    if (changes.gid !== undefined) this.gid = changes.gid
    if (changes.atime !== undefined) this.atime = changes.atime
    if (changes.mtime !== undefined) this.mtime = changes.mtime
    this.ctime = this.fs.clock.now()
  }

  override extendedAttributes(forChange: boolean): ExtendedAttributes | undefined {
    if (forChange) this.#extendedAttributes ??= new ExtendedAttributes(this.fs.budget)
    return this.#extendedAttributes
  }

  override touchAccess(): void {
    if (this.fs.clock.isAccessStale(this.atime, this.mtime, this.ctime)) this.atime = this.fs.clock.now()
  }

  protected truncate(_size: number): void {
    throw new Errno(this.kind === S_IFDIR ? EISDIR : EINVAL)
  }

  /** A name of this inode is gone. Losing its last link frees it, once nobody holds it. */
  unlinkedFrom(directory: TmpfsDirectory, name: ByteString): void {
    this.nlink--
    if (this.nlink > 0 && this.kind !== S_IFDIR) this.fs.giveName()
    this.ctime = this.fs.clock.now()
    if (this.nlink === 0 || this.isPlacedAt(directory, name)) this.markRemoved()
    if (this.nlink === 0) this.lostNames()
  }

  get isNameless(): boolean {
    return this.nlink === 0
  }

  freed(): void {
    this.#extendedAttributes?.clear()
    this.fs.giveInode()
  }
}

export class TmpfsSymlink extends TmpfsNode {
  readonly #target: ByteString

  constructor(fs: Tmpfs, target: ByteString, owner: Pick<Credentials, 'uid' | 'gid'>) {
    super(fs, S_IFLNK | 0o777, owner)
    try {
      fs.budget.take(target.length, ENOSPC)
    } catch (error) {
      fs.giveInode()
      throw error
    }
    this.#target = ownString(target)
  }

  override freed(): void {
    super.freed()
    this.fs.budget.give(this.#target.length)
  }

  override get size(): number {
    return this.#target.length
  }

  override readlink(): ByteString {
    this.touchAccess()
    return this.#target
  }
}

/** A fifo, a device node, or a socket's name. */
export class TmpfsSpecial extends TmpfsNode {
  override open(flags: number): FileDescription {
    if (this.kind === S_IFIFO) return openFifo(this, flags)
    if (this.kind === S_IFSOCK) return super.open(flags)
    return this.fs.openDevice(this, this.rdev, flags)
  }
}

/** @throws Errno ENOENT when the directory was removed */
export function requireLinked(directory: TmpfsNode): void {
  if (directory.nlink === 0) throw new Errno(ENOENT)
}
