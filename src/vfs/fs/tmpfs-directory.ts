// TmpfsDirectory: names to inodes, and how they come, move and go.

import {ENOENT, ENOTEMPTY, Errno, EXDEV} from '../../abi/errno.ts'
import {directoryEntryType, S_IFDIR, S_IFREG, S_ISGID} from '../../abi/file-mode.ts'
import {RENAME_EXCHANGE} from '../../abi/open-flags.ts'
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
    requireLinked(this)
    return this.#add(name, new TmpfsFile(this.fs, S_IFREG | mode, this.#ownerOf(owner)))
  }

  override mkdir(name: ByteString, mode: number, owner: Credentials): TmpfsDirectory {
    requireLinked(this)
    const inherited = this.mode & S_ISGID
    const directory = new TmpfsDirectory(this.fs, mode | inherited, this.#ownerOf(owner))
    this.nlink++
    return this.#add(name, directory)
  }

  override symlink(name: ByteString, target: ByteString, owner: Credentials): TmpfsSymlink {
    requireLinked(this)
    return this.#add(name, new TmpfsSymlink(this.fs, target, this.#ownerOf(owner)))
  }

  override mknod(name: ByteString, mode: number, rdev: number, owner: Credentials): TmpfsNode {
    requireLinked(this)
    return this.#add(name, new TmpfsSpecial(this.fs, mode, this.#ownerOf(owner), rdev))
  }

  override createUnnamed(mode: number, owner: Credentials): TmpfsFile {
    requireLinked(this)
    const file = new TmpfsFile(this.fs, S_IFREG | mode, this.#ownerOf(owner))
    file.nlink = 0
    file.isUnnamed = true
    return file
  }

  override link(name: ByteString, target: Inode): void {
    if (!(target instanceof TmpfsNode) || target.fs !== this.fs) throw new Errno(EXDEV)
    requireLinked(this)
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
    this.#drop(name, this.lookup(name))
    this.#entries.delete(name)
    this.#touchTimes()
  }

  override rmdir(name: ByteString): void {
    this.unlink(name)
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
    if (node === target) return
    if (target !== undefined) newDirectory.#drop(newName, target)
    this.#entries.delete(oldName)
    this.#touchTimes()
    newDirectory.#add(newName, node)
    node.ctime = this.fs.clock.now()
    if (node.kind === S_IFDIR && newDirectory !== this) {
      this.nlink--
      newDirectory.nlink++
    }
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

  #add<T extends TmpfsNode>(name: ByteString, node: T): T {
    node.placeAt(this, this.#insert(name, node))
    return node
  }

  /** @returns the name to keep */
  #insert(name: ByteString, node: TmpfsNode): ByteString {
    const own = ownString(name)
    this.#entries.set(own, node)
    this.#touchTimes()
    return own
  }

  #touchTimes(): void {
    this.mtime = this.ctime = this.fs.clock.now()
  }

  /** What has a name goes, by unlink(2), or as rename(2) gives its name to another. @throws Errno ENOTEMPTY */
  #drop(name: ByteString, node: TmpfsNode): void {
    if (node instanceof TmpfsDirectory) {
      if (!node.isEmpty) throw new Errno(ENOTEMPTY)
      this.nlink--
      // Counts `.`, which goes with the name.
      node.nlink--
    }
    node.unlinkedFrom(this, name)
  }

  #exchange(oldName: ByteString, node: TmpfsNode, newDirectory: TmpfsDirectory, newName: ByteString): void {
    const other = newDirectory.lookup(newName)
    this.#add(oldName, other)
    newDirectory.#add(newName, node)
    node.ctime = other.ctime = this.fs.clock.now()
    if (newDirectory === this) return
    const moved = Number(node.kind === S_IFDIR) - Number(other.kind === S_IFDIR)
    this.nlink -= moved
    newDirectory.nlink += moved
  }
}
