// The inodes of procfs and sysfs, and their directories, made from functions. Texts: proc-text.ts. Links: proc-links.ts.

import {EINVAL, ENOENT, EPERM, Errno} from '../../abi/errno.ts'
import {directoryEntryType, S_IFDIR} from '../../abi/file-mode.ts'
import {DirectoryDescription} from '../directory-description.ts'
import type {AttributeChanges, Attributes, ByteString, DirectoryEntry, FileDescription} from '../file.ts'
import type {FileSystem} from '../file-system.ts'
import {type Inode, newAttributes, PlacedInode} from '../inode.ts'

/** Makes an inode when its name is looked up. */
export type Make = (parent: ProcDirectory, name: ByteString) => ProcNode

export interface Owner {
  uid: number
  gid: number
}

export const ROOT_OWNER: Owner = {uid: 0, gid: 0}
const BLOCK_SIZE = 1024
/** Directories whose owner and times cannot be set. */
const PROCESS = /^\/\d+(\/task\/\d+)?$/
/** Sysctls, whose owners cannot be changed. */
const SETTINGS = /^\/sys(\/|$)/

export class ProcNode extends PlacedInode<ProcDirectory> {
  readonly fs: FileSystem
  readonly #permissions: number
  readonly owner: Owner

  constructor(
    kind: number,
    permissions: number,
    fs: FileSystem,
    parent: ProcDirectory | undefined,
    name: ByteString,
    owner?: Owner,
  ) {
    super(kind, parent, name)
    this.fs = fs
    this.#permissions = permissions
    this.owner = owner ?? parent?.owner ?? ROOT_OWNER
  }

  get path(): ByteString {
    return this.parent === undefined ? '' : `${this.parent.path}/${this.name}`
  }

  override attributes(): Attributes {
    const mode = this.kind | this.#permissions
    const attributes = newAttributes(this.fs, hashedIno(this.path), mode, this.fs.clock.now())
    return Object.assign(attributes, this.owner, {nlink: this.links, blksize: BLOCK_SIZE})
  }

  protected get links(): number {
    return 1
  }

  override setAttributes(changes: AttributeChanges): void {
    const {mode, uid, gid, atime, mtime} = changes
    const isOwner = uid !== undefined || gid !== undefined
    const isTime = atime !== undefined || mtime !== undefined
    const isKept = (isOwner && SETTINGS.test(this.path)) || ((isOwner || isTime) && PROCESS.test(this.path))
    // Other changes are accepted and forgotten; O_TRUNC of a writable text finds nothing to cut.
    if (mode !== undefined || isKept) throw new Errno(EPERM)
  }
}

export interface Entry {
  kind: number
  make: Make
}

export type Entries = Record<ByteString, Entry>

/** What a directory contains now. */
export interface Contents {
  names(): Iterable<readonly [name: ByteString, kind: number]>
  /** Undefined: ENOENT. */
  find(name: ByteString): Make | undefined
  /** Like Inode.permits. */
  permits?(): boolean
  /** How many directories st_nlink counts, if it counts them. */
  subdirectories?(): number
}

export class ProcDirectory extends ProcNode {
  readonly #contents: Contents

  constructor(
    contents: Contents,
    fs: FileSystem,
    parent: ProcDirectory | undefined,
    name: ByteString,
    permissions = 0o555,
    owner?: Owner,
  ) {
    super(S_IFDIR, permissions, fs, parent, name, owner)
    this.#contents = contents
  }

  override lookup(name: ByteString): Inode {
    const make = this.#contents.find(name)
    if (make === undefined) throw new Errno(ENOENT)
    return make(this, name)
  }

  override permits(): boolean {
    return this.#contents.permits?.() ?? false
  }

  protected override get links(): number {
    return 2 + (this.#contents.subdirectories?.() ?? 0)
  }

  override open(flags: number): FileDescription {
    return new ProcDirectoryDescription(this, flags, () => [...this.#list()], 0)
  }

  *#list(): Iterable<DirectoryEntry> {
    const {path} = this
    for (const [name, kind] of this.#contents.names()) {
      yield {name, ino: hashedIno(`${path}/${name}`), type: directoryEntryType(kind)}
    }
  }
}

class ProcDirectoryDescription extends DirectoryDescription {
  override sync(): void {
    throw new Errno(EINVAL)
  }
}

/** A directory whose names are fixed. */
export function fixedContents(entries: Entries): Contents {
  const table = new Map(Object.entries(entries))
  return {
    *names() {
      for (const [name, {kind}] of table) yield [name, kind]
    },
    find: (name) => table.get(name)?.make,
  }
}

export function directory(contents: Contents, permissions?: number, owner?: Owner): Entry {
  return {
    kind: S_IFDIR,
    make: (parent, name) => new ProcDirectory(contents, parent.fs, parent, name, permissions, owner),
  }
}

export function subdirectory(entries: Entries): Entry {
  return directory(fixedContents(entries))
}

const ROOT_INO = 1
const FIRST_HASHED_INO = 0x1000

/** @param path within the file system; empty: its root */
function hashedIno(path: ByteString): number {
  if (path === '') return ROOT_INO
  // FNV-1a over two lanes, for 48 bits.
  let low = 0x811c9dc5
  let high = 0x01000193
  for (let i = 0; i < path.length; i++) {
    low = Math.imul(low ^ path.charCodeAt(i), 0x01000193)
    high = Math.imul(high ^ path.charCodeAt(i), 0x85ebca6b)
  }
  return FIRST_HASHED_INO + (low >>> 0) + (high >>> 16) * 2 ** 32
}
