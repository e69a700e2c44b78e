// OverlayDirectory: the names of the lower directory, without those removed, and with those added on top.

import {ENOENT, ENOSPC, ENOTEMPTY, Errno, EXDEV} from '../../abi/errno.ts'
import {S_IFDIR, S_IFREG, S_ISGID} from '../../abi/file-mode.ts'
import {O_DIRECTORY, O_RDONLY, RENAME_EXCHANGE} from '../../abi/open-flags.ts'
import {COST} from '../budget.ts'
import {DirectoryDescription} from '../directory-description.ts'
import type {ByteString, Credentials, DirectoryEntry, FileDescription} from '../file.ts'
import {findIn, type Inode} from '../inode.ts'
import {ownString} from '../own-string.ts'
import {MAX_OFFSET} from '../seek.ts'
import {OverlayLeaf} from './overlay-leaf.ts'
import {isStillOf, listOverlay, lowerLeaf, Whiteouts} from './overlay-lower.ts'
import {OverlayNode} from './overlay-node.ts'
import {TmpfsDirectory} from './tmpfs-directory.ts'
import {TmpfsFile} from './tmpfs-file.ts'
import {type TmpfsNode, TmpfsSpecial, TmpfsSymlink} from './tmpfs-node.ts'

/** Its `upper` holds attributes only: the names are here. */
export class OverlayDirectory extends OverlayNode {
  /** Everything that differs from the lower directory, or has such a thing below it. */
  readonly #added = new Map<ByteString, OverlayNode>()
  /** Unchanged lower nodes, each of which may be dropped. */
  readonly #cached = new Map<ByteString, OverlayNode>()
  readonly #whiteouts = new Whiteouts(this.fs.upper)
  #subdirectories = 0

  /** As in Linux's overlayfs, a merged directory has one link; programs then do not rely on st_nlink. */
  protected override linkCount(ofLayer: number): number {
    if (this.isRemoved) return 0
    if (this.lower === undefined) return 2 + this.#subdirectories
    return this.upper === undefined && this.#added.size === 0 ? ofLayer : 1
  }

  override isInUse(): boolean {
    return this.#cached.size > 0 || this.#added.size > 0 || super.isInUse()
  }

  override lookup(name: ByteString): OverlayNode {
    const added = this.#added.get(name)
    if (added !== undefined) return added
    if (this.lower === undefined || this.#whiteouts.has(name)) throw new Errno(ENOENT)
    return this.#cache(name, this.lower.lookup(name))
  }

  override lookupInPlace(name: ByteString): OverlayNode | undefined {
    if (this.#added.has(name) || this.#whiteouts.has(name)) return undefined
    const lower = this.lower?.lookupInPlace(name)
    return lower && this.#cache(name, lower)
  }

  /** The node for what has the name in the lower directory. */
  #cache(name: ByteString, lower: Inode): OverlayNode {
    const known = this.#cached.get(name)
    this.fs.fresh = undefined
    if (known !== undefined && isStillOf(known, lower)) {
      this.fs.nodes.remember(known)
      return known
    }
    const node = lower.kind === S_IFDIR ? new OverlayDirectory(this.fs, {lower}) : lowerLeaf(this.fs, lower)
    const own = ownString(name)
    node.placeAt(this, own)
    this.#cached.set(own, node)
    this.fs.nodes.remember(node)
    return node
  }

  override knownDirectory(name: ByteString): OverlayDirectory | undefined {
    const known = this.#cached.get(name)
    if (!(known instanceof OverlayDirectory) || known.covered) return undefined
    return known.lower === this.lower?.knownDirectory(name) ? known : undefined
  }

  dropCached(name: ByteString, node: OverlayNode): void {
    if (this.#cached.get(name) === node) this.#cached.delete(name)
  }

  /** Keeps a child that holds a change. */
  adopt(name: ByteString, node: OverlayNode): void {
    if (this.#added.get(name) === node) return
    this.#cached.delete(name)
    this.#added.set(name, node)
    this.touch()
  }

  override copyUp(): TmpfsNode {
    if (this.upper !== undefined) return this.upper
    const attributes = (this.lower as Inode).attributes()
    const upper = new TmpfsDirectory(this.fs.upper, attributes.mode & 0o7777, attributes)
    this.adoptUpper(upper, attributes)
    return upper
  }

  override create(name: ByteString, mode: number, owner: Credentials): OverlayLeaf {
    return this.#addLeaf(name, () => new TmpfsFile(this.fs.upper, S_IFREG | mode, this.ownerOf(owner)))
  }

  override symlink(name: ByteString, target: ByteString, owner: Credentials): OverlayLeaf {
    return this.#addLeaf(name, () => new TmpfsSymlink(this.fs.upper, target, this.ownerOf(owner)))
  }

  override mknod(name: ByteString, mode: number, rdev: number, owner: Credentials): OverlayLeaf {
    return this.#addLeaf(name, () => new TmpfsSpecial(this.fs.upper, mode, this.ownerOf(owner), rdev))
  }

  override mkdir(name: ByteString, mode: number, owner: Credentials): OverlayDirectory {
    this.#requireLinked()
    const inherited = this.copyUp().mode & S_ISGID
    const upper = new TmpfsDirectory(this.fs.upper, mode | inherited, this.ownerOf(owner))
    return this.#add(name, new OverlayDirectory(this.fs, {upper}))
  }

  override createUnnamed(mode: number, owner: Credentials): OverlayLeaf {
    this.#requireLinked()
    const upper = new TmpfsFile(this.fs.upper, S_IFREG | mode, this.ownerOf(owner))
    const leaf = new OverlayLeaf(this.fs, {upper})
    leaf.makeUnnamed(upper)
    return leaf
  }

  override link(name: ByteString, target: Inode): void {
    if (!(target instanceof OverlayLeaf) || target.fs !== this.fs) throw new Errno(EXDEV)
    this.#requireLinked()
    target.linked()
    const own = this.#insert(name, target)
    if (target.place()?.removed !== false) target.placeAt(this, own)
  }

  override unlink(name: ByteString): void {
    this.#drop(name, this.lookup(name))
  }

  override rmdir(name: ByteString): void {
    this.unlink(name)
  }

  override rename(oldName: ByteString, newDirectory: Inode, newName: ByteString, flags: number): void {
    if (!(newDirectory instanceof OverlayDirectory) || newDirectory.fs !== this.fs) throw new Errno(EXDEV)
    newDirectory.#requireLinked()
    const node = this.lookup(oldName)
    const target = findIn(newDirectory, newName)
    if (node.isLowerDirectory) throw new Errno(EXDEV)
    // Before any change: a name of a lower directory may go at both ends.
    this.fs.upper.budget.require(2 * COST.name, ENOSPC)
    if (flags & RENAME_EXCHANGE) {
      this.#exchange(oldName, node, newDirectory, newName, target)
      return
    }
    if (node === target) return
    if (target !== undefined) newDirectory.#drop(newName, target)
    this.#remove(oldName)
    this.#countDirectory(node, -1)
    newDirectory.#add(newName, node)
    node.touch()
    if (node.upper !== undefined) node.upper.ctime = this.fs.clock.now()
  }

  isEmpty(): boolean {
    for (const entry of this.#list()) if (entry !== undefined) return false
    return true
  }

  get isNameless(): boolean {
    return this.isRemoved
  }

  override unlinked(): void {
    this.lostNames()
  }

  override freed(): void {
    this.upper?.freed()
    this.#whiteouts.clear()
  }

  override open(flags: number): FileDescription {
    // So that the lower directory refuses now, not at the first read.
    if (this.lower !== undefined) this.lower.open(O_RDONLY | O_DIRECTORY).close()
    return new DirectoryDescription(this, flags, () => this.#list(), MAX_OFFSET)
  }

  dispose(): void {
    const directories: OverlayDirectory[] = [this]
    for (let directory = directories.pop(); directory !== undefined; directory = directories.pop()) {
      for (const node of directory.#added.values()) {
        if (node instanceof OverlayDirectory) directories.push(node)
        else if (node instanceof OverlayLeaf) node.dispose()
      }
      directory.#added.clear()
      directory.#cached.clear()
    }
  }

  #list(): Iterable<DirectoryEntry | undefined> {
    return this.isRemoved ? [] : listOverlay(this.#added, this.#whiteouts, this.lower, this.fs.upper.budget)
  }

  #requireLinked(): void {
    if (this.isRemoved) throw new Errno(ENOENT)
  }

  #addLeaf(name: ByteString, make: () => TmpfsNode): OverlayLeaf {
    this.#requireLinked()
    return this.#add(name, new OverlayLeaf(this.fs, {upper: make()}))
  }

  #add<T extends OverlayNode>(name: ByteString, node: T): T {
    const own = this.#insert(name, node)
    this.#countDirectory(node, 1)
    node.placeAt(this, own)
    return node
  }

  /** @returns the name to keep */
  #insert(name: ByteString, node: OverlayNode): ByteString {
    this.touchTimes()
    this.#cached.delete(name)
    const own = ownString(name)
    this.#added.set(own, node)
    return own
  }

  /** Removes a name, and keeps the lower directory's from showing through. */
  #remove(name: ByteString): void {
    this.touchTimes()
    this.#whiteouts.add(this.lower, name)
    this.#added.delete(name)
    this.#cached.delete(name)
  }

  #countDirectory(node: OverlayNode, change: number): void {
    if (node instanceof OverlayDirectory) this.#subdirectories += change
  }

  /** What has a name goes, by unlink(2), or as rename(2) gives its name to another. @throws Errno ENOTEMPTY */
  #drop(name: ByteString, node: OverlayNode): void {
    if (node instanceof OverlayDirectory && !node.isEmpty()) throw new Errno(ENOTEMPTY)
    this.#remove(name)
    this.#countDirectory(node, -1)
    if (node instanceof OverlayDirectory || node.isPlacedAt(this, name)) node.markRemoved()
    this.fs.nodes.forget(node)
    node.unlinked()
  }

  #exchange(
    oldName: ByteString,
    node: OverlayNode,
    newDirectory: OverlayDirectory,
    newName: ByteString,
    other: OverlayNode | undefined,
  ): void {
    if (other === undefined) throw new Errno(ENOENT)
    if (other.isLowerDirectory) throw new Errno(EXDEV)
    this.#remove(oldName)
    newDirectory.#remove(newName)
    this.#countDirectory(node, -1)
    newDirectory.#countDirectory(other, -1)
    this.#add(oldName, other)
    newDirectory.#add(newName, node)
  }
}
