// The inodes of procfs and sysfs: directories made from functions, and texts generated when they are read. Links: proc-links.ts.

import {EACCES, EINVAL, ENOENT, EPERM, Errno} from '../../abi/errno.ts'
import {directoryEntryType, S_IFDIR, S_IFREG} from '../../abi/file-mode.ts'
import {O_ACCMODE, O_RDONLY, SEEK_CUR, SEEK_SET} from '../../abi/open-flags.ts'
import {now} from '../clock.ts'
import {DirectoryDescription} from '../directory-description.ts'
import type {
  AttributeChanges,
  Attributes,
  ByteString,
  DirectoryEntry,
  FileDescription,
  Inode,
  Place,
} from '../file.ts'
import {Description} from '../file-description.ts'
import type {FileSystem} from '../file-system.ts'
import {Node} from '../node.ts'
import {seekTo} from '../seek.ts'
import {hashedIno} from './hashed-ino.ts'

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

export class ProcNode extends Node {
  readonly fs: FileSystem
  readonly #parent: ProcDirectory | undefined
  readonly #name: ByteString
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
    super(kind)
    this.fs = fs
    this.#parent = parent
    this.#name = name
    this.#permissions = permissions
    this.owner = owner ?? parent?.owner ?? ROOT_OWNER
  }

  get path(): ByteString {
    return this.#parent === undefined ? '' : `${this.#parent.path}/${this.#name}`
  }

  override place(): Place | undefined {
    if (this.#parent === undefined) return undefined
    return {directory: this.#parent, name: this.#name, removed: false}
  }

  override attributes(): Attributes {
    const time = now()
    const {uid, gid} = this.owner
    return {
      dev: this.fs.dev,
      ino: hashedIno(this.path),
      mode: this.kind | this.#permissions,
      nlink: this.links,
      uid,
      gid,
      rdev: 0,
      size: 0,
      blocks: 0,
      blksize: BLOCK_SIZE,
      atime: time,
      mtime: time,
      ctime: time,
      btime: time,
    }
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

  permits(): boolean {
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

interface TextSource {
  read: () => ByteString
  write?: (text: ByteString) => void
  mode?: number
  /** Called when the file is opened. @throws Errno */
  requireAccess?: () => void
}

export class ProcText extends ProcNode {
  readonly #read: () => ByteString
  readonly #write: ((text: ByteString) => void) | undefined
  readonly #requireAccess: (() => void) | undefined

  constructor(text: TextSource, fs: FileSystem, parent: ProcDirectory, name: ByteString) {
    super(S_IFREG, text.mode ?? (text.write === undefined ? 0o444 : 0o644), fs, parent, name)
    this.#read = text.read
    this.#write = text.write
    this.#requireAccess = text.requireAccess
  }

  override open(flags: number): FileDescription {
    if ((flags & O_ACCMODE) !== O_RDONLY && this.#write === undefined) throw new Errno(EACCES)
    this.#requireAccess?.()
    return new ProcTextFile(this, flags, this.#read, this.#write)
  }
}

/** Generated anew whenever it is read from the start, so that one reading is consistent. */
class ProcTextFile extends Description {
  readonly #read: () => ByteString
  readonly #write: ((text: ByteString) => void) | undefined
  #text: Buffer | undefined

  constructor(
    inode: Inode,
    flags: number,
    read: () => ByteString,
    write: ((text: ByteString) => void) | undefined,
  ) {
    super(inode, flags)
    this.#read = read
    this.#write = write
  }

  override read(target: Uint8Array, position?: number): number {
    this.requireReadable()
    const start = position ?? this.position
    if (this.#text === undefined || start === 0) this.#generate()
    const piece = this.#text!.subarray(start, start + target.length)
    target.set(piece)
    if (position === undefined) this.position += piece.length
    return piece.length
  }

  override write(source: Uint8Array, position?: number): number {
    this.requireWritable()
    if (this.#write === undefined) throw new Errno(EINVAL)
    this.#write(Buffer.from(source).toString('latin1'))
    if (position === undefined) this.position += source.length
    return source.length
  }

  override close(): void {
    this.#drop()
  }

  /** @throws Errno ENOMEM */
  #generate(): void {
    this.#drop()
    const text = this.#read()
    this.inode.fs.budget?.take(text.length)
    this.#text = Buffer.from(text, 'latin1')
  }

  #drop(): void {
    this.inode.fs.budget?.give(this.#text?.length ?? 0)
    this.#text = undefined
  }

  override seek(offset: number, whence: number): number {
    if (whence !== SEEK_SET && whence !== SEEK_CUR) throw new Errno(EINVAL)
    this.position = seekTo(offset, whence, this.position, 0)
    return this.position
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

export function text(
  read: () => ByteString,
  write?: (text: ByteString) => void,
  mode?: number,
  requireAccess?: () => void,
): Entry {
  const source = {read, write, mode, requireAccess}
  return {kind: S_IFREG, make: (parent, name) => new ProcText(source, parent.fs, parent, name)}
}

/** One line that never changes. */
export function constant(value: string | number | bigint): Entry {
  return text(() => `${value}\n`)
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
