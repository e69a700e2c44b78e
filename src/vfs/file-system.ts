// A mounted file system: what statfs(2) and mount tables need, and its root.

import type {StatfsFields} from '../abi/stat.ts'
import type {Budget} from './budget.ts'
import type {Inode} from './file.ts'

export interface FileSystem {
  /** As /proc/mounts names it: `tmpfs`, `proc`, `overlay`. */
  readonly type: string
  readonly root: Inode
  readonly readOnly: boolean
  /** st_dev of its inodes. */
  readonly dev: number
  /** Mount options of its own, as /proc/mounts lists them behind the others; absent: none. */
  readonly options?: string
  /** What of it the sentry holds is counted there; absent: nowhere. */
  readonly budget?: Budget
  /** How many watch an inode of it: watchers.ts. */
  watches?: number
  statfs(): FileSystemStatistics
  dispose(): void
}

export type FileSystemStatistics = StatfsFields

/** Of a file system that stores nothing. @param magic f_type of statfs(2) */
export function emptyStatistics(magic: number): FileSystemStatistics {
  return {magic, bsize: 4096, blocks: 0, bfree: 0, bavail: 0, files: 0, ffree: 0, namelen: 255}
}
