// OverlayLeaf: a file, symbolic link, fifo or device of an overlay, and its copy-up.

import {opensForWriting} from '../../abi/access-mode.ts'
import {ENOENT, ENXIO, Errno} from '../../abi/errno.ts'
import {S_IFIFO, S_IFLNK, S_IFMT, S_IFREG, S_IFSOCK} from '../../abi/file-mode.ts'
import {O_RDONLY, O_TRUNC} from '../../abi/open-flags.ts'
import {now} from '../clock.ts'
import type {Attributes, ByteString, Inode, OpenFile} from '../file.ts'
import {openFifo} from '../pipe.ts'
import {OverlayFileDescription} from './overlay-file-description.ts'
import {OverlayNode} from './overlay-node.ts'
import {TmpfsFile} from './tmpfs-file.ts'
import {type TmpfsNode, TmpfsSpecial, TmpfsSymlink} from './tmpfs-node.ts'

const COPY_BYTES = 1 << 18

export class OverlayLeaf extends OverlayNode {
  /** Names made less names taken away in the overlay. */
  #linkChange = 0
  /** st_nlink of the lower file when it was copied up. */
  #lowerLinkCount: number | undefined
  /** Under which the overlay finds this for another name of the lower file. */
  linkKey: string | undefined
  #opens = 0
  #holdsPipe = false

  protected override linkCount(ofLayer: number): number {
    const origin = this.lower === undefined ? 1 : this.#lowerLinks(ofLayer)
    return Math.max(0, origin + this.#linkChange)
  }

  #lowerLinks(ofLayer: number): number {
    return this.upper === undefined ? ofLayer : (this.#lowerLinkCount ?? 1)
  }

  override isInUse(): boolean {
    return this.#opens > 0 || this.#holdsPipe || super.isInUse()
  }

  override evict(): void {
    if (this.linkKey !== undefined) this.fs.linked.delete(this.linkKey)
    super.evict()
  }

  /** O_TMPFILE: it has no name yet. */
  makeUnnamed(file: TmpfsFile): void {
    this.#linkChange = -1
    file.nlink = 0
    file.isUnnamed = true
  }

  /** A name was made. @throws Errno ENOENT when the file lost all its names */
  linked(): void {
    const {upper} = this
    if (upper instanceof TmpfsFile && upper.isUnnamed) {
      upper.isUnnamed = false
      upper.nlink = 1
    } else if (this.attributes().nlink === 0) {
      throw new Errno(ENOENT)
    }
    this.#linkChange++
    this.touch()
  }

  /** A name is gone; with the last one the copy goes, once nobody has it open. */
  unlinked(): void {
    this.#linkChange--
    if (this.upper !== undefined) this.upper.ctime = now()
    if (this.attributes().nlink === 0) this.upper?.unlinkedFrom(this.fs.upper.root, '')
  }

  override readlink(): ByteString {
    return (this.upper ?? (this.lower as Inode)).readlink()
  }

  override open(flags: number): OpenFile {
    if (this.kind !== S_IFREG) return this.#openSpecial(flags)
    const writes = opensForWriting(flags) || (flags & O_TRUNC) !== 0
    this.fs.fresh = undefined
    const layer = writes ? this.copyUp((flags & O_TRUNC) === 0) : (this.upper ?? (this.lower as Inode))
    const file = layer.open(flags)
    this.#opens++
    return new OverlayFileDescription(this, file, () => this.#opens--)
  }

  #openSpecial(flags: number): OpenFile {
    if (this.kind === S_IFIFO) {
      this.#holdsPipe = true
      return openFifo(this, flags)
    }
    if (this.kind === S_IFSOCK || this.kind === S_IFLNK) throw new Errno(ENXIO)
    // A device node says which device; the device itself is the sandbox's, whatever the host has under that number.
    return this.fs.upper.openDevice(this, this.attributes().rdev, flags)
  }

  override copyUp(withData = true): TmpfsNode {
    if (this.upper !== undefined) return this.upper
    const lower = this.lower as Inode
    const attributes = lower.attributes()
    const upper = this.#emptyCopy(attributes)
    if (upper instanceof TmpfsFile && withData) {
      try {
        copyData(lower, upper)
      } catch (error) {
        upper.unlinkedFrom(this.fs.upper.root, '')
        throw error
      }
    }
    this.#lowerLinkCount = attributes.nlink
    this.adoptUpper(upper, attributes)
    return upper
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

function copyData(lower: Inode, upper: TmpfsFile): void {
  const source = lower.open(O_RDONLY)
  try {
    const buffer = new Uint8Array(COPY_BYTES)
    for (let position = 0; ; ) {
      const count = source.read(buffer, position)
      if (count === 0) return
      for (let done = 0; done < count; ) {
        done += upper.write(buffer.subarray(done, count), position + done)
      }
      position += count
    }
  } finally {
    source.close()
  }
}
