// ArchiveDirectory: a directory of an ArchiveFs, whose names the maker of the index puts in and takes out.

import {ENOENT, Errno} from '../../abi/errno.ts'
import {directoryEntryType, S_IFDIR} from '../../abi/file-mode.ts'
import {DirectoryDescription} from '../directory-description.ts'
import type {ByteString, DirectoryEntry, FileDescription} from '../file.ts'
import {ownString} from '../own-string.ts'
import {MAX_OFFSET} from '../seek.ts'
import type {ArchiveFs} from './archive.ts'
import {type ArchivedAttributes, ArchiveNode} from './archive-node.ts'

const UNSAID: ArchivedAttributes = {
  mode: S_IFDIR | 0o755,
  uid: 0,
  gid: 0,
  mtime: {seconds: 0, nanoseconds: 0},
}

type ReadEntries = () => ReadonlyMap<ByteString, ArchiveNode>

export class ArchiveDirectory extends ArchiveNode {
  readonly #children = new Map<ByteString, ArchiveNode>()
  #subdirectories = 0
  /** Tells what is in it; undefined: that is known. */
  #read: ReadEntries | undefined

  constructor(fs: ArchiveFs, attributes = UNSAID) {
    super(fs, attributes)
  }

  /**
   * What is in it is asked for when somebody first looks.
   * @param read returns new nodes, whose names are counted already. @throws Errno
   */
  readLater(read: ReadEntries): void {
    this.#read = read
  }

  get #entries(): Map<ByteString, ArchiveNode> {
    if (this.#read === undefined) return this.#children
    const entries = this.#read()
    this.#read = undefined
    for (const [name, node] of entries) this.#add(name, node)
    return this.#children
  }

  #add(name: ByteString, node: ArchiveNode): void {
    this.#children.set(name, node)
    node.placeAt(this, name)
    if (node.kind === S_IFDIR) this.#subdirectories++
  }

  protected override get linkCount(): number {
    void this.#entries
    return 2 + this.#subdirectories
  }

  override lookup(name: ByteString): ArchiveNode {
    const node = this.#entries.get(name)
    if (node === undefined) throw new Errno(ENOENT)
    return node
  }

  find(name: ByteString): ArchiveNode | undefined {
    return this.#entries.get(name)
  }

  entries(): Iterable<readonly [ByteString, ArchiveNode]> {
    return this.#entries
  }

  /** Replaces what has the name. */
  put(name: ByteString, node: ArchiveNode): void {
    this.remove(name)
    this.#add(ownString(name), node)
    node.gainName()
  }

  /** Removes it with all that is below. */
  remove(name: ByteString): void {
    const node = this.#entries.get(name)
    if (node === undefined) return
    this.#children.delete(name)
    node.loseName()
    if (!(node instanceof ArchiveDirectory)) return
    this.#subdirectories--
    node.clear()
  }

  /** Without recursion: a tree may be deeper than a stack. */
  clear(): void {
    const directories: ArchiveDirectory[] = [this]
    for (let each = directories.pop(); each !== undefined; each = directories.pop()) {
      for (const node of each.#entries.values()) {
        node.loseName()
        if (node instanceof ArchiveDirectory) directories.push(node)
      }
      each.#children.clear()
      each.#subdirectories = 0
    }
  }

  override open(flags: number): FileDescription {
    return new DirectoryDescription(this, flags, () => this.#list(), MAX_OFFSET)
  }

  *#list(): Iterable<DirectoryEntry> {
    for (const [name, {ino, kind}] of this.#entries) yield {name, ino, type: directoryEntryType(kind)}
  }
}
