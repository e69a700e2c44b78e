// A mounted file system: what statfs(2) and mount tables need, and its root.

import type {StatfsFields} from '../abi/stat.ts'
import type {Budget} from './budget.ts'
import type {FileClock} from './clock.ts'
import type {Inode} from './file.ts'
import type {VirtualFileSystem} from './virtual-file-system.ts'

export interface FileSystem {
  /** As /proc/mounts names it: `tmpfs`, `proc`, `overlay`. */
  readonly type: string
  readonly root: Inode
  readonly readOnly: boolean
  /** st_dev of its inodes; 0: no kernel has admitted it. */
  dev: number
  /** Stamps its inodes. `dev` and this are set when a kernel admits it. */
  clock: FileClock
  /** It has `dev` now, and may take more of the kernel's numbers. Absent: that is all it needs. */
  admitted?(vfs: VirtualFileSystem): void
  /** Its own mount options, as /proc/mounts lists them after the others; absent: none. */
  readonly options?: string
  /** Counts what the sentry holds of it; absent: nothing counts it. */
  readonly budget?: Budget
  /** How many watch one of its inodes: watchers.ts. */
  watches?: number
  /** The watched inodes, by identity. */
  watched?: Map<string, Inode>
  statfs(): FileSystemStatistics
  dispose(): void
}

export type FileSystemStatistics = StatfsFields

/** For a file system that stores nothing. @param magic f_type of statfs(2) */
export function emptyStatistics(magic: number): FileSystemStatistics {
  return {magic, bsize: 4096, blocks: 0, bfree: 0, bavail: 0, files: 0, ffree: 0, namelen: 255}
}
