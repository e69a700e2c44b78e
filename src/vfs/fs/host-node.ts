// HostNode: what every inode of a host file system has: its name in its directory, and the host file found there.

import {EINVAL, EISDIR, ENOENT, EROFS, Errno, ESTALE} from '../../abi/errno.ts'
import {S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT} from '../../abi/file-mode.ts'
import type {AttributeChanges, Attributes, ByteString, FileDescription} from '../file.ts'
import {attributesFrom, check, STAT_DEV_MAJOR, STAT_DEV_MINOR, STAT_INO, STAT_MODE} from '../host-calls.ts'
import {PlacedInode} from '../inode.ts'
import {openFifo} from '../pipe.ts'
import type {HostFs} from './host.ts'
import type {HostDirectory} from './host-directory.ts'

/** Omits a time in hostSetTimes. */
const OMIT = -1
const times = new Float64Array(4)
const linkBuffer = Buffer.allocUnsafeSlow(4096)

export class HostNode extends PlacedInode<HostDirectory> {
  readonly fs: HostFs
  readonly #ino: number
  readonly #devMajor: number
  readonly #devMinor: number
  /** It is one of hv's own files, or in one of hv's directories. */
  override readonly isReadOnly: boolean
  wasUsed = false
  #identity: string | undefined
  /** It is a fifo whose pipe belongs to this object. */
  #holdsPipe = false
  #holders = 0

  /** Takes its identity from `fs.stat`. Without a parent, it is the root. */
  constructor(fs: HostFs, parent?: HostDirectory, name: ByteString = '') {
    super(fs.stat[STAT_MODE] & S_IFMT, parent, name)
    this.fs = fs
    this.#ino = fs.stat[STAT_INO]
    this.#devMajor = fs.stat[STAT_DEV_MAJOR]
    this.#devMinor = fs.stat[STAT_DEV_MINOR]
    this.isReadOnly = parent?.isReadOnly === true || this.#isOwn()
  }

  /** How the host tells files apart. */
  override get identity(): string {
    this.#identity ??= `${this.#devMajor}:${this.#devMinor}:${this.#ino}`
    return this.#identity
  }

  #isOwn(): boolean {
    const {parent, name} = this
    const {own} = this.fs
    if (own === undefined) return false
    return own.isFile(this.identity) || (parent && own.nameIn(parent.identity, name)) === true
  }

  /** Call before every change of it. @throws Errno EROFS */
  protected startChange(): void {
    if (this.isReadOnly) throw new Errno(EROFS)
    this.fs.startChange()
  }

  isStatOf(stat: Float64Array): boolean {
    return (
      stat[STAT_INO] === this.#ino &&
      stat[STAT_DEV_MAJOR] === this.#devMajor &&
      stat[STAT_DEV_MINOR] === this.#devMinor &&
      (stat[STAT_MODE] & S_IFMT) === this.kind
    )
  }

  /** @returns undefined: it, or a directory above it, was removed */
  protected pathFromRoot(): ByteString | undefined {
    let path = ''
    for (let at: HostNode = this; at.parent !== undefined; at = at.parent) {
      if (at.isRemoved) return undefined
      path = path === '' ? at.name : `${at.name}/${path}`
    }
    return path
  }

  /** Whether a path from the root leads here, through any links. If so, fs.stat is this file's. */
  isAt(path: ByteString): boolean {
    const {fs} = this
    fs.fresh = undefined
    const isKnown =
      this.fs.files.hostStatKnown(fs.rootFd, path, this.#ino, this.#devMajor, this.#devMinor, fs.stat) === 1
    if (!isKnown || !this.isStatOf(fs.stat)) return false
    fs.fresh = this
    return true
  }

  /** The name no longer leads here. */
  detach(): void {
    this.markRemoved()
    this.fs.nodes.forget(this)
  }

  /** Must the object stay because it may be held for long? */
  isInUse(): boolean {
    return this.covered === true || this.watchers !== undefined || this.#holdsPipe || this.isHeld
  }

  get isHeld(): boolean {
    return this.#holders > 0
  }

  /** Meanwhile its name is kept up to date, whatever the guest renames. */
  override hold(): void {
    this.#holders++
  }

  override letGo(): void {
    this.#holders--
  }

  /** The cache drops it. */
  evict(): void {
    this.parent?.dropChild(this.name, this)
  }

  override attributes(): Attributes {
    const {fs} = this
    if (fs.fresh !== this) {
      this.stat()
      // Replaced on the host by another kind of file since the walk: an answer would make no sense to the caller.
      if ((fs.stat[STAT_MODE] & S_IFMT) !== this.kind) throw new Errno(ESTALE)
    }
    fs.fresh = undefined
    return attributesFrom(fs.stat, fs.devOfStat())
  }

  override setAttributes(changes: AttributeChanges): void {
    this.startChange()
    if (changes.size !== undefined) this.truncate(changes.size)
    const {mode, uid, gid, atime, mtime} = changes
    if ((mode ?? uid ?? gid ?? atime ?? mtime) === undefined) return
    this.#withDescriptor((fd) => {
      if (uid !== undefined || gid !== undefined)
        check(this.fs.files.hostChangeOwner(fd, uid ?? -1, gid ?? -1))
      if (mode !== undefined) check(this.fs.files.hostChangeMode(fd, mode))
      if (atime === undefined && mtime === undefined) return
      times[0] = atime?.seconds ?? 0
      times[1] = atime?.nanoseconds ?? OMIT
      times[2] = mtime?.seconds ?? 0
      times[3] = mtime?.nanoseconds ?? OMIT
      check(this.fs.files.hostSetTimes(fd, times))
    })
  }

  override readlink(): ByteString {
    if (this.kind !== S_IFLNK) throw new Errno(EINVAL)
    const [fd, name] = this.handle()
    const length = check(this.fs.files.hostReadLink(fd, name, linkBuffer))
    return linkBuffer.toString('latin1', 0, length)
  }

  /** Devices and sockets of the host are never opened. A fifo that guests share is a pipe of the sandbox, not the host's. */
  override open(flags: number): FileDescription {
    if (this.kind !== S_IFIFO || this.fs.readOnly) return super.open(flags)
    this.#holdsPipe = true
    return openFifo(this, flags)
  }

  /**
   * Takes over a descriptor that was opened by this file's name. Fills fs.stat.
   * @returns it @throws Errno ESTALE, having closed it: on the host, the name has changed hands since the lookup
   */
  admit(fd: number): number {
    const {fs} = this
    fs.fresh = undefined
    const result = fs.files.hostStat(fd, '', fs.stat)
    if (result >= 0 && this.isStatOf(fs.stat)) return fd
    fs.files.hostClose(fd)
    check(result)
    throw new Errno(ESTALE)
  }

  /** Changes go through a descriptor of this very file, whatever its name leads to by then. */
  #withDescriptor(change: (fd: number) => void): void {
    const [fd, name] = this.handle()
    if (name === '') {
      change(fd)
      return
    }
    const own = this.admit(check(this.fs.files.hostOpenPath(fd, name)))
    try {
      change(own)
    } finally {
      this.fs.files.hostClose(own)
    }
  }

  /** Fills fs.stat. @throws Errno ENOENT */
  protected stat(): void {
    const [fd, name] = this.handle()
    this.fs.fresh = undefined
    check(this.fs.files.hostStat(fd, name, this.fs.stat))
  }

  protected truncate(_size: number): void {
    throw new Errno(this.kind === S_IFDIR ? EISDIR : EINVAL)
  }

  /** How to name the file to the host: a descriptor, and a name in it or ''. @throws Errno ENOENT */
  protected handle(): [fd: number, name: ByteString] {
    if (this.parent === undefined) return [this.fs.rootFd, '']
    if (this.isRemoved) throw new Errno(ENOENT)
    return [this.fs.directoryFd(this.parent), this.name]
  }
}
