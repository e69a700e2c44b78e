// Inode: an object in a file system: file, directory, link, device, pipe, socket. A file system overrides what its own can do.

import {EINVAL, EISDIR, ENOENT, ENOTDIR, ENXIO, EPERM, Errno} from '../abi/errno.ts'
import {PERMISSION_BITS, S_IFDIR, S_IFMT} from '../abi/file-mode.ts'
import type {ExtendedAttributes} from './extended-attributes.ts'
import type {AttributeChanges, Attributes, ByteString, Credentials, Place, Time} from './file.ts'
import type {FileDescription} from './file-description.ts'
import type {FileSystem} from './file-system.ts'
import type {Location} from './location.ts'
import type {Watcher} from './watchers.ts'

/** Every failing operation throws Errno; without an override it answers as Linux does for an object of the wrong kind. */
export abstract class Inode {
  abstract readonly fs: FileSystem
  /** The S_IFMT bits of its mode: they never change. */
  readonly kind: number
  // Declared, not initialised: most inodes are never mount points, watched, written or executed.
  /** Something is mounted on it. The mount tree sets this, and the file system then keeps this object for its file. */
  declare covered?: boolean
  /** The watchers of its events; the file system keeps this object for its file while there are any. */
  declare watchers?: Set<Watcher>
  /** Of a watched file, how many names it had after it lost one last: see noteLinks of watchers.ts. */
  declare linksLeft?: number
  /** The name that it lost last, while descriptions may have been opened by it: see watchers.ts. */
  declare lostName?: Place
  /** How many have it open for writing; below 0: how many programs execute it. See text-busy.ts. */
  declare textUse?: number
  /** It does not change, nor do the names in it, though others of its file system may. */
  declare readonly isReadOnly?: boolean
  /** What /proc/PID/fd shows where there is no path. */
  declare readonly descriptorText?: ByteString

  constructor(kind: number) {
    this.kind = kind
  }

  /**
   * The mode that it has now, where it costs no look: in memory. Undefined: set-ID bits never stand in a file that is open for
   * writing (README.md, "No power").
   */
  modeInMemory(): number | undefined {
    return undefined
  }

  /** How many hold it, if its file system counts: open descriptions, working directories. */
  get holds(): number | undefined {
    return undefined
  }

  /** How the host tells its file from others: the same for all names of the file, in all volumes. Undefined: it has one object. */
  get identity(): string | undefined {
    return undefined
  }

  /**
   * A name that leads here now, or the last one that did. Undefined for the root of a file system and for files that
   * never had a name. Directories always answer right, whatever was renamed; files with several names give one.
   */
  place(): Place | undefined {
    return undefined
  }

  abstract attributes(): Attributes

  setAttributes(_changes: AttributeChanges): void {
    throw new Errno(EPERM)
  }

  /** @throws Errno ENOENT, ENOTDIR */
  lookup(_name: ByteString): Inode {
    throw new Errno(ENOTDIR)
  }

  /** A directory that had this name when last looked up, where a lookup is costly; nothing is mounted on it. */
  knownDirectory(_name: ByteString): Inode | undefined {
    return undefined
  }

  /** isInPlace and lookup in one look; undefined: only both can tell. */
  lookupInPlace(_name: ByteString): Inode | undefined {
    return undefined
  }

  /** For a known directory: whether it and all above it are still where they were. */
  isInPlace(): boolean {
    return true
  }

  // Changes of names. open.ts and names.ts have checked them: what is made has a free name, what goes is of the right kind, and
  // rename(2)'s flags hold and no directory moves into itself.

  create(_name: ByteString, _mode: number, _owner: Credentials): Inode {
    throw this.#notADirectory()
  }

  mkdir(_name: ByteString, _mode: number, _owner: Credentials): Inode {
    throw this.#notADirectory()
  }

  symlink(_name: ByteString, _target: ByteString, _owner: Credentials): Inode {
    throw this.#notADirectory()
  }

  mknod(_name: ByteString, _mode: number, _rdev: number, _owner: Credentials): Inode {
    throw this.#notADirectory()
  }

  link(_name: ByteString, _target: Inode): void {
    throw this.#notADirectory()
  }

  unlink(_name: ByteString): void {
    throw this.#notADirectory()
  }

  rmdir(_name: ByteString): void {
    throw this.#notADirectory()
  }

  /** `flags` are renameat2's RENAME_*. Both directories belong to this file system. */
  rename(_oldName: ByteString, _newDirectory: Inode, _newName: ByteString, _flags: number): void {
    throw this.#notADirectory()
  }

  readlink(): ByteString {
    throw new Errno(EINVAL)
  }

  /** Its content was read, listed or mapped: updates the time of access, where it is kept here. */
  touchAccess?(): void

  /** Opens what this inode is; `flags` are open(2)'s. O_CREAT, O_EXCL and permissions are already done; O_TRUNC is not. */
  open(_flags: number): FileDescription {
    throw new Errno(this.kind === S_IFDIR ? EISDIR : ENXIO)
  }

  /** Its extended attributes. @param forChange makes room for them; otherwise undefined says that there are none. Absent: EOPNOTSUPP */
  extendedAttributes?(forChange: boolean): ExtendedAttributes | undefined

  /** Present on /proc/self/fd/N and the like: where following the link leads, whatever readlink says. */
  followMagicLink?(): Location | undefined

  /** O_TMPFILE in this directory. Absent: EOPNOTSUPP. */
  createUnnamed?(mode: number, owner: Credentials): Inode

  /** Whether the present caller may do what its mode forbids. Absent: nobody may. */
  permits?(): boolean

  /** hold: opened, or made a working directory; letGo: no longer. Freed with the last name and holder. Absent: nobody counts. */
  hold?(): void
  letGo?(): void

  /** pin: a socket is bound to its file, which stays even without a name; unpin: no longer. Absent: hold does that. @throws Errno */
  pin?(): void
  unpin?(): void

  /** A directory that does not override these refuses changes with EPERM, as procfs does. */
  #notADirectory(): Errno {
    return new Errno(this.kind === S_IFDIR ? EPERM : ENOTDIR)
  }
}

/** One that knows where it is, and, once that name is gone, where it was. */
export abstract class PlacedInode<Directory extends Inode> extends Inode {
  #parent: Directory | undefined
  #name: ByteString
  #isRemoved = false

  /** Without a parent, it is the root, or has no name yet. */
  constructor(kind: number, parent?: Directory, name: ByteString = '') {
    super(kind)
    this.#parent = parent
    this.#name = name
  }

  get parent(): Directory | undefined {
    return this.#parent
  }

  get name(): ByteString {
    return this.#name
  }

  get isRemoved(): boolean {
    return this.#isRemoved
  }

  override place(): Place | undefined {
    if (this.#parent === undefined) return undefined
    return {directory: this.#parent, name: this.#name, removed: this.#isRemoved}
  }

  /** A name was made for it, or it was renamed. */
  placeAt(parent: Directory, name: ByteString): void {
    this.#parent = parent
    this.#name = name
    this.#isRemoved = false
  }

  isPlacedAt(parent: Directory, name: ByteString): boolean {
    return this.#parent === parent && this.#name === name
  }

  markRemoved(): void {
    this.#isRemoved = true
  }
}

/** Root's, with one name. One literal: spreading others into it takes V8 ten times as long. @param mode includes the file type */
export function newAttributes({dev}: FileSystem, ino: number, mode: number, time: Time): Attributes {
  return {
    dev,
    ino,
    mode,
    nlink: 1,
    uid: 0,
    gid: 0,
    rdev: 0,
    size: 0,
    blocks: 0,
    blksize: 4096,
    atime: time,
    mtime: time,
    ctime: time,
    btime: time,
  }
}

export abstract class StoredInode<FS extends FileSystem> extends Inode {
  readonly fs: FS
  protected readonly stored: Attributes

  /** @param mode includes the file type */
  constructor(fs: FS, ino: number, mode: number, {uid, gid}: Pick<Credentials, 'uid' | 'gid'>) {
    super(mode & S_IFMT)
    this.fs = fs
    this.stored = {...newAttributes(fs, ino, mode, fs.clock.now()), uid, gid}
  }

  override attributes(): Attributes {
    return this.stored
  }

  override setAttributes({mode, uid, gid, atime, mtime}: AttributeChanges): void {
    const {stored} = this
    if (mode !== undefined) stored.mode = this.kind | (mode & PERMISSION_BITS)
    stored.uid = uid ?? stored.uid
    stored.gid = gid ?? stored.gid
    stored.atime = atime ?? stored.atime
    stored.mtime = mtime ?? stored.mtime
    stored.ctime = this.fs.clock.now()
  }
}

/** `lookup`, but undefined for a missing name. @throws Errno for any other failure */
export function findIn<T extends Inode>(
  directory: {lookup(name: ByteString): T},
  name: ByteString,
): T | undefined {
  try {
    return directory.lookup(name)
  } catch (error) {
    if (error instanceof Errno && error.code === ENOENT) return undefined
    throw error
  }
}

/** Whether a name still leads there: it may have been renamed, or given to another. */
export function leadsTo(directory: Inode, name: ByteString, inode: Inode): boolean {
  try {
    return directory.lookup(name) === inode
  } catch {
    return false
  }
}
