// The overlay: a read-only lower file system, and everything that the guest changes on top of it in memory.

import type {MemoryFile} from '../../platform/memory-file.ts'
import type {Budget} from '../budget.ts'
import {NO_CLOCK} from '../clock.ts'
import type {Attributes, Inode} from '../file.ts'
import type {FileSystem, FileSystemStatistics} from '../file-system.ts'
import type {VirtualFileSystem} from '../virtual-file-system.ts'
import {Freshness} from './freshness.ts'
import {maxNodes, NodeCache} from './node-cache.ts'
import {OverlayDirectory} from './overlay-directory.ts'
import type {OverlayLeaf} from './overlay-leaf.ts'
import type {OverlayNode} from './overlay-node.ts'
import {Tmpfs, type TmpfsOptions} from './tmpfs.ts'

const OVERLAYFS_SUPER_MAGIC = 0x794c7630
/** Inode numbers of what the guest makes are above those of the lower file system. */
const FIRST_UPPER_INO = 2 ** 48

/**
 * Changes are kept per directory (names added, names taken away) and per inode (a tmpfs inode that holds the copy). An
 * inode keeps its number when it is copied up. As on Linux's overlayfs, a directory of the lower file system cannot be
 * renamed (EXDEV: mv copies), and a file opened for reading before it was copied up goes on reading the lower one.
 */
export class Overlay extends Freshness<OverlayNode> implements FileSystem {
  readonly type = 'overlay'
  readonly readOnly = false
  dev = 0
  clock = NO_CLOCK
  readonly lower: FileSystem
  readonly upper: Tmpfs
  readonly root: OverlayDirectory
  /** Unchanged nodes of the lower file system; changed ones always stay. */
  readonly nodes: NodeCache<OverlayNode>
  /** Lower files with several names, by device and number: one object for all of a file's names. */
  readonly linked = new Map<string, OverlayLeaf>()
  /** Leaves whose copy-up is under way: only they know of the copies. */
  readonly copying = new Set<OverlayLeaf>()
  /** The attributes of `fresh`. */
  freshAttributes: Attributes | undefined
  #nextIno = FIRST_UPPER_INO

  constructor(lower: FileSystem, memory: MemoryFile, options: TmpfsOptions = {}) {
    super()
    this.lower = lower
    this.nodes = new NodeCache(maxNodes(memory))
    this.upper = new Tmpfs(memory, options)
    this.root = new OverlayDirectory(this, {lower: lower.root})
  }

  get budget(): Budget {
    return this.upper.budget
  }

  takeIno(): number {
    return this.#nextIno++
  }

  override admitted(vfs: VirtualFileSystem): void {
    super.admitted(vfs)
    vfs.admit(this.lower)
    vfs.admit(this.upper)
  }

  /** st_dev of a lower inode: the overlay's, unless another file system is mounted inside the lower tree. */
  devOf(lowerDev: number): number {
    return lowerDev === this.lower.dev ? this.dev : lowerDev
  }

  /** What is free is the upper one's; what the lower one holds is in use. Inodes are the upper one's. */
  statfs(): FileSystemStatistics {
    const [upper, lower] = [this.upper.statfs(), this.lower.statfs()]
    const lowerBlocks = Math.ceil(((lower.blocks - lower.bfree) * lower.bsize) / upper.bsize)
    return {...upper, magic: OVERLAYFS_SUPER_MAGIC, blocks: upper.blocks + lowerBlocks}
  }

  /** Disposes of the lower file system, too. */
  dispose(): void {
    for (const leaf of [...this.copying]) leaf.dropCopying()
    this.root.dispose()
    this.nodes.clear()
    this.linked.clear()
    this.upper.dispose()
    this.lower.dispose()
  }
}

/** What a node consists of: at least one of them. */
export interface Layers {
  lower?: Inode
  upper?: Inode
}
