// A mounted file system: what statfs(2) and mount tables need, and its root.

import type {Inode} from './file.ts'

export interface FileSystem {
  /** As /proc/mounts names it: `tmpfs`, `proc`, `overlay`. */
  readonly type: string
  readonly root: Inode
  readonly readOnly: boolean
  /** st_dev of its inodes. */
  readonly dev: number
  statfs(): FileSystemStatistics
  dispose(): void
}

/** struct statfs, sizes in blocks of `bsize` bytes. */
export interface FileSystemStatistics {
  magic: number
  bsize: number
  blocks: number
  bfree: number
  bavail: number
  files: number
  ffree: number
  namelen: number
}
