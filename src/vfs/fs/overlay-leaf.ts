// OverlayLeaf: a file, symbolic link, fifo or device of an overlay, and its copy-up.

import {opensForWriting} from '../../abi/access-mode.ts'
import {ENOENT, ENXIO, Errno} from '../../abi/errno.ts'
import {S_IFIFO, S_IFLNK, S_IFMT, S_IFREG, S_IFSOCK} from '../../abi/file-mode.ts'
import {O_RDONLY, O_TRUNC} from '../../abi/open-flags.ts'
import {PAGE_SIZE} from '../../platform/platform.ts'
import type {Attributes, ByteString, FileDescription, Inode} from '../file.ts'
import {openFifo} from '../pipe.ts'
import {UNFINISHED} from '../unfinished.ts'
import {OverlayNode} from './overlay-node.ts'
import {TmpfsFile} from './tmpfs-file.ts'
import {type TmpfsNode, TmpfsSpecial, TmpfsSymlink} from './tmpfs-node.ts'

const COPY_BYTES = 1 << 18
/** Bytes copied in one call: a few milliseconds of work. */
const SLICE_BYTES = 4 << 20

export class OverlayLeaf extends OverlayNode {
  /** Names made minus names removed in the overlay. */
  #linkChange = 0
  /** How many of the names made were charged: all but an inode's first. */
  #countedNames = 0
  isNameless = false
  /** st_nlink of the lower file when it was copied up. */
  #lowerLinkCount: number | undefined
  /** The key by which the overlay finds this node for another name of the lower file. */
  linkKey: string | undefined
  #holdsPipe = false
  /** The copy-up under way. */
  #copying: {upper: TmpfsFile; position: number} | undefined

  protected override linkCount(ofLayer: number): number {
    const origin = this.lower === undefined ? 1 : this.#lowerLinks(ofLayer)
    return Math.max(0, origin + this.#linkChange)
  }

  #lowerLinks(ofLayer: number): number {
    return this.upper === undefined ? ofLayer : (this.#lowerLinkCount ?? 1)
  }

  override isInUse(): boolean {
    return this.#holdsPipe || this.#copying !== undefined || super.isInUse()
  }

  override evict(): void {
    if (this.linkKey !== undefined) this.fs.linked.delete(this.linkKey)
    super.evict()
  }

  /** O_TMPFILE: it has no name yet. */
  makeUnnamed(file: TmpfsFile): void {
    this.#linkChange = -1
    this.isNameless = true
    file.nlink = 0
    file.isUnnamed = true
  }

  /** A name was made. @throws Errno ENOENT when the file lost all its names */
  linked(): void {
    const {upper} = this
    if (upper instanceof TmpfsFile && upper.isUnnamed) {
      upper.isUnnamed = false
      upper.nlink = 1
    } else if (this.isNameless) {
      throw new Errno(ENOENT)
    } else {
      this.fs.upper.takeName()
      this.#countedNames++
    }
    this.#linkChange++
    this.isNameless = false
    this.touch()
  }

  override unlinked(): void {
    this.#linkChange--
    if (this.#countedNames > 0) {
      this.#countedNames--
      this.fs.upper.giveName()
    }
    if (this.upper !== undefined) this.upper.ctime = this.fs.clock.now()
    this.isNameless = this.attributes().nlink === 0
    if (!this.isNameless) return
    this.dropCopying()
    this.lostNames()
  }

  override freed(): void {
    const {upper} = this
    // A file from O_TMPFILE that was never linked.
    if (upper instanceof TmpfsFile && upper.isUnnamed) upper.lostNames()
    else upper?.unlinkedFrom(this.fs.upper.root, '')
  }

  override readlink(): ByteString {
    return (this.upper ?? (this.lower as Inode)).readlink()
  }

  override open(flags: number): FileDescription {
    if (this.kind !== S_IFREG) return this.#openSpecial(flags)
    const writes = opensForWriting(flags) || (flags & O_TRUNC) !== 0
    this.fs.fresh = undefined
    const layer = writes ? this.copyUp((flags & O_TRUNC) === 0) : (this.upper ?? (this.lower as Inode))
    const file = layer.open(flags)
    file.inode = this
    return file
  }

  #openSpecial(flags: number): FileDescription {
    if (this.kind === S_IFIFO) {
      this.#holdsPipe = true
      return openFifo(this, flags)
    }
    if (this.kind === S_IFSOCK || this.kind === S_IFLNK) throw new Errno(ENXIO)
    // A device node only says which device; the device itself is the sandbox's, whatever the host has under that number.
    return this.fs.upper.openDevice(this, this.attributes().rdev, flags)
  }

  /** @throws UnfinishedError for a large file */
  override copyUp(withData = true): TmpfsNode {
    if (this.upper !== undefined) return this.upper
    const lower = this.lower as Inode
    const attributes = lower.attributes()
    const upper =
      this.kind === S_IFREG && withData ? this.#copyWithData(lower, attributes) : this.#emptyCopy(attributes)
    this.dropCopying()
    this.#lowerLinkCount = attributes.nlink
    this.adoptUpper(upper, attributes)
    return upper
  }

  #copyWithData(lower: Inode, attributes: Attributes): TmpfsFile {
    const {fs} = this
    if (this.#copying === undefined) {
      // Refuse what can never fit before filling the memory with it.
      fs.upper.requireSpace(Math.ceil(attributes.size / PAGE_SIZE))
      this.#copying = {upper: new TmpfsFile(fs.upper, attributes.mode, attributes), position: 0}
      fs.copying.add(this)
    }
    const {upper, position} = this.#copying
    try {
      const copied = copyData(lower, upper, position)
      this.#copying.position += copied
      if (copied >= SLICE_BYTES) throw UNFINISHED
    } catch (error) {
      if (error !== UNFINISHED) this.dropCopying()
      throw error
    }
    this.#copying = undefined
    fs.copying.delete(this)
    return upper
  }

  /** Abandons a copy-up under way. */
  dropCopying(): void {
    this.#copying?.upper.unlinkedFrom(this.fs.upper.root, '')
    this.#copying = undefined
    this.fs.copying.delete(this)
  }

  #emptyCopy(attributes: Attributes): TmpfsNode {
    const {upper} = this.fs
    if (this.kind === S_IFREG) return new TmpfsFile(upper, attributes.mode, attributes)
    if (this.kind === S_IFLNK) return new TmpfsSymlink(upper, this.readlink(), attributes)
    const mode = this.kind | (attributes.mode & ~S_IFMT)
    return new TmpfsSpecial(upper, mode, attributes, attributes.rdev)
  }

  dispose(): void {
    if (this.upper instanceof TmpfsFile) this.upper.dispose()
  }
}

/** From `start` on. @returns how many bytes: SLICE_BYTES or more when there may be more */
function copyData(lower: Inode, upper: TmpfsFile, start: number): number {
  const source = lower.open(O_RDONLY)
  try {
    const buffer = new Uint8Array(COPY_BYTES)
    let copied = 0
    while (copied < SLICE_BYTES) {
      const count = source.read(buffer, start + copied)
      if (count === 0) break
      for (let done = 0; done < count; ) {
        done += upper.write(buffer.subarray(done, count), start + copied + done)
      }
      copied += count
    }
    return copied
  } finally {
    source.close()
  }
}
