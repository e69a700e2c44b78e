// OverlayNode: what files and directories of an overlay share: identity, place, and attributes of the layer in effect.

import {S_IFDIR, S_ISGID} from '../../abi/file-mode.ts'
import type {ExtendedAttributes} from '../extended-attributes.ts'
import type {AttributeChanges, Attributes, Credentials} from '../file.ts'
import {HeldInode} from '../held-inode.ts'
import type {Inode} from '../inode.ts'
import type {Layers, Overlay} from './overlay.ts'
import type {OverlayDirectory} from './overlay-directory.ts'
import type {TmpfsNode} from './tmpfs-node.ts'

export abstract class OverlayNode extends HeldInode<OverlayDirectory> {
  readonly fs: Overlay
  lower: Inode | undefined
  upper: TmpfsNode | undefined
  wasUsed = false
  /** For what the guest made, known at once; for lower nodes, taken when they are copied up. */
  #identity: {dev: number; ino: number} | undefined
  #isTouched = false

  constructor(fs: Overlay, layers: Layers & {upper?: TmpfsNode}) {
    super((layers.upper ?? (layers.lower as Inode)).kind)
    this.fs = fs
    this.lower = layers.lower
    this.upper = layers.upper
    if (layers.lower === undefined) this.#identity = {dev: fs.dev, ino: fs.takeIno()}
  }

  override modeInMemory(): number | undefined {
    return this.upper?.mode
  }

  override isInPlace(): boolean {
    return this.lower?.isInPlace() ?? true
  }

  isInUse(): boolean {
    return this.covered === true || this.watchers !== undefined || this.holds > 0 || this.#isTouched
  }

  evict(): void {
    this.parent?.dropCached(this.name, this)
  }

  /** The number that directory listings give, where it differs from the lower one's. */
  get ino(): number {
    return this.#identity?.ino ?? (this.lower as Inode).attributes().ino
  }

  override attributes(): Attributes {
    const attributes = this.#layerAttributes()
    const {dev, ino} = this.#identity ?? {dev: this.fs.devOf(attributes.dev), ino: attributes.ino}
    attributes.dev = dev
    attributes.ino = ino
    attributes.nlink = this.linkCount(attributes.nlink)
    return attributes
  }

  override setAttributes(changes: AttributeChanges): void {
    this.copyUp(changes.size !== 0).setAttributes(changes)
  }

  override extendedAttributes(forChange: boolean): ExtendedAttributes | undefined {
    return (forChange ? this.copyUp() : this.upper)?.extendedAttributes(forChange)
  }

  /** st_nlink, given that of the layer in effect. */
  protected abstract linkCount(ofLayer: number): number

  /** A name is gone; with the last one the copy is freed, once nobody holds it. */
  abstract unlinked(): void

  /** The inode that takes changes; copied from the lower one if there is none. @throws Errno ENOSPC */
  abstract copyUp(withData?: boolean): TmpfsNode

  /** Puts a copy of the lower inode on top: attributes, times and the numbers that stat gives stay the same. */
  protected adoptUpper(upper: TmpfsNode, attributes: Attributes): void {
    const {mode, uid, gid, atime, mtime} = attributes
    this.#identity ??= {dev: this.fs.devOf(attributes.dev), ino: attributes.ino}
    upper.mode = mode
    upper.uid = uid
    upper.gid = gid
    upper.atime = atime
    upper.mtime = mtime
    upper.ctime = attributes.ctime
    this.upper = upper
    this.fs.fresh = undefined
    this.touch()
  }

  get isLowerDirectory(): boolean {
    return this.kind === S_IFDIR && this.lower !== undefined
  }

  /** The owner of what is made in this directory. */
  protected ownerOf(owner: Credentials): Pick<Credentials, 'uid' | 'gid'> {
    const {mode, gid} = this.copyUp()
    return {uid: owner.uid, gid: mode & S_ISGID ? gid : owner.gid}
  }

  /** A name came or went in this directory. */
  protected touchTimes(): void {
    const upper = this.copyUp()
    upper.mtime = upper.ctime = this.fs.clock.now()
    this.fs.fresh = undefined
  }

  /** From now on this object is the only record of a change: its directory keeps it. */
  touch(): void {
    this.#isTouched = true
    this.fs.nodes.forget(this)
    if (!this.isRemoved) this.parent?.adopt(this.name, this)
  }

  /** The lower layer is never written. */
  override touchAccess(): void {
    this.upper?.touchAccess()
  }

  #layerAttributes(): Attributes {
    if (this.upper !== undefined) return this.upper.attributes()
    const {fs} = this
    const attributes = fs.freshAttributes
    if (fs.fresh === this && attributes !== undefined) {
      fs.fresh = undefined
      return attributes
    }
    return (this.lower as Inode).attributes()
  }
}
