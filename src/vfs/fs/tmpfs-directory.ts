// TmpfsDirectory: names to inodes, and how they come, move and go.

import {EEXIST, EINVAL, EISDIR, ENOENT, ENOTDIR, ENOTEMPTY, EPERM, Errno, EXDEV} from '../../abi/errno.ts'
import {directoryEntryType, S_IFDIR, S_IFREG, S_ISGID} from '../../abi/file-mode.ts'
import {RENAME_EXCHANGE, RENAME_NOREPLACE} from '../../abi/open-flags.ts'
import {DirectoryDescription} from '../directory-description.ts'
import type {ByteString, Credentials, DirectoryEntry, FileDescription, Inode} from '../file.ts'
import {ownString} from '../own-string.ts'
import type {Tmpfs} from './tmpfs.ts'
import {TmpfsFile} from './tmpfs-file.ts'
import {requireLinked, TmpfsNode, TmpfsSpecial, TmpfsSymlink} from './tmpfs-node.ts'

/** As Linux's tmpfs reports: 20 bytes for each entry, including `.` and `..`. */
const ENTRY_SIZE = 20

export class TmpfsDirectory extends TmpfsNode {
  readonly #entries = new Map<ByteString, TmpfsNode>()

  constructor(fs: Tmpfs, permissions: number, owner: Pick<Credentials, 'uid' | 'gid'>) {
    super(fs, S_IFDIR | permissions, owner)
    this.nlink = 2
  }

  override get size(): number {
    return (this.#entries.size + 2) * ENTRY_SIZE
  }

  override lookup(name: ByteString): TmpfsNode {
    const node = this.#entries.get(name)
    if (node === undefined) throw new Errno(ENOENT)
    return node
  }

  has(name: ByteString): boolean {
    return this.#entries.has(name)
  }

  get isEmpty(): boolean {
    return this.#entries.size === 0
  }

  override create(name: ByteString, mode: number, owner: Credentials): TmpfsFile {
    this.#requireFree(name)
    return this.#add(name, new TmpfsFile(this.fs, S_IFREG | mode, this.#ownerOf(owner)))
  }

  override mkdir(name: ByteString, mode: number, owner: Credentials): TmpfsDirectory {
    this.#requireFree(name)
    const inherited = this.mode & S_ISGID
    const directory = new TmpfsDirectory(this.fs, mode | inherited, this.#ownerOf(owner))
    this.nlink++
    return this.#add(name, directory)
  }

  override symlink(name: ByteString, target: ByteString, owner: Credentials): TmpfsSymlink {
    this.#requireFree(name)
    return this.#add(name, new TmpfsSymlink(this.fs, target, this.#ownerOf(owner)))
  }

  override mknod(name: ByteString, mode: number, rdev: number, owner: Credentials): TmpfsNode {
    this.#requireFree(name)
    return this.#add(name, new TmpfsSpecial(this.fs, mode, this.#ownerOf(owner), rdev))
  }

  createUnnamed(mode: number, owner: Credentials): TmpfsFile {
    requireLinked(this)
    const file = new TmpfsFile(this.fs, S_IFREG | mode, this.#ownerOf(owner))
    file.nlink = 0
    file.isUnnamed = true
    return file
  }

  override link(name: ByteString, target: Inode): void {
    if (!(target instanceof TmpfsNode) || target.fs !== this.fs) throw new Errno(EXDEV)
    if (target.kind === S_IFDIR) throw new Errno(EPERM)
    this.#requireFree(name)
    if (target.nlink > 0) this.fs.takeName()
    else {
      // Only an O_TMPFILE file can get its first name.
      if (!(target instanceof TmpfsFile && target.isUnnamed)) throw new Errno(ENOENT)
      target.isUnnamed = false
    }
    target.nlink++
    target.ctime = this.fs.clock.now()
    if (target.place()?.removed !== false) this.#add(name, target)
    else this.#insert(name, target)
  }

  override unlink(name: ByteString): void {
    const node = this.lookup(name)
    if (node.kind === S_IFDIR) throw new Errno(EISDIR)
    this.#remove(name)
    node.unlinkedFrom(this, name)
  }

  override rmdir(name: ByteString): void {
    const node = this.lookup(name)
    if (!(node instanceof TmpfsDirectory)) throw new Errno(ENOTDIR)
    if (!node.isEmpty) throw new Errno(ENOTEMPTY)
    this.#remove(name)
    this.#dropDirectory(name, node)
  }

  override rename(oldName: ByteString, newDirectory: Inode, newName: ByteString, flags: number): void {
    if (!(newDirectory instanceof TmpfsDirectory) || newDirectory.fs !== this.fs) throw new Errno(EXDEV)
    requireLinked(newDirectory)
    const node = this.lookup(oldName)
    const target = newDirectory.#entries.get(newName)
    if (flags & RENAME_EXCHANGE) {
      this.#exchange(oldName, node, newDirectory, newName)
      return
    }
    if (target !== undefined && flags & RENAME_NOREPLACE) throw new Errno(EEXIST)
    if (node === target) return
    if (node instanceof TmpfsDirectory && newDirectory.isWithin(node)) throw new Errno(EINVAL)
    if (target !== undefined) newDirectory.#replace(newName, node, target)
    this.#remove(oldName)
    newDirectory.#add(newName, node)
    node.ctime = this.fs.clock.now()
    if (node.kind === S_IFDIR && newDirectory !== this) {
      this.nlink--
      newDirectory.nlink++
    }
  }

  isWithin(ancestor: TmpfsDirectory): boolean {
    for (let at: TmpfsDirectory | undefined = this; at !== undefined; at = at.parent) {
      if (at === ancestor) return true
    }
    return false
  }

  override open(flags: number): FileDescription {
    return new DirectoryDescription(this, flags, () => this.#list())
  }

  /** Frees everything below when the file system goes. No recursion: a guest can nest as deeply as it likes. */
  dispose(): void {
    const directories: TmpfsDirectory[] = [this]
    for (let directory = directories.pop(); directory !== undefined; directory = directories.pop()) {
      for (const node of directory.#entries.values()) {
        if (node instanceof TmpfsDirectory) directories.push(node)
        else if (node instanceof TmpfsFile) node.dispose()
      }
      directory.#entries.clear()
    }
  }

  *#list(): Iterable<DirectoryEntry> {
    // A name that is made meanwhile, or moved to another one, comes at the end.
    let left = this.#entries.size
    for (const [name, {ino, kind}] of this.#entries) {
      if (left-- === 0) return
      yield {name, ino, type: directoryEntryType(kind)}
    }
  }

  #ownerOf(owner: Credentials): Pick<Credentials, 'uid' | 'gid'> {
    return {uid: owner.uid, gid: this.mode & S_ISGID ? this.gid : owner.gid}
  }

  #requireFree(name: ByteString): void {
    requireLinked(this)
    if (this.#entries.has(name)) throw new Errno(EEXIST)
  }

  #add<T extends TmpfsNode>(name: ByteString, node: T): T {
    node.placeAt(this, this.#insert(name, node))
    return node
  }

  /** @returns the name to keep */
  #insert(name: ByteString, node: TmpfsNode): ByteString {
    const own = ownString(name)
    this.#entries.set(own, node)
    this.mtime = this.ctime = this.fs.clock.now()
    return own
  }

  #remove(name: ByteString): void {
    this.#entries.delete(name)
    this.mtime = this.ctime = this.fs.clock.now()
  }

  #dropDirectory(name: ByteString, node: TmpfsDirectory): void {
    this.nlink--
    // Counts `.`, which goes with the name.
    node.nlink--
    node.unlinkedFrom(this, name)
  }

  /** rename(2) over an existing name: the target goes. */
  #replace(name: ByteString, node: TmpfsNode, target: TmpfsNode): void {
    if (target instanceof TmpfsDirectory) {
      if (node.kind !== S_IFDIR) throw new Errno(EISDIR)
      if (!target.isEmpty) throw new Errno(ENOTEMPTY)
      this.#dropDirectory(name, target)
      return
    }
    if (node.kind === S_IFDIR) throw new Errno(ENOTDIR)
    target.unlinkedFrom(this, name)
  }

  #exchange(oldName: ByteString, node: TmpfsNode, newDirectory: TmpfsDirectory, newName: ByteString): void {
    const other = newDirectory.lookup(newName)
    if (node instanceof TmpfsDirectory && newDirectory.isWithin(node)) throw new Errno(EINVAL)
    if (other instanceof TmpfsDirectory && this.isWithin(other)) throw new Errno(EINVAL)
    this.#add(oldName, other)
    newDirectory.#add(newName, node)
    node.ctime = other.ctime = this.fs.clock.now()
    if (newDirectory === this) return
    const moved = Number(node.kind === S_IFDIR) - Number(other.kind === S_IFDIR)
    this.nlink -= moved
    newDirectory.nlink += moved
  }
}
