// Location: where a path leads: an inode, and the mount through which it was reached.

import type {Inode} from './file.ts'
import type {FileSystem} from './file-system.ts'
import type {VirtualFileSystem} from './virtual-file-system.ts'

/** A file system in the mount tree. `at` is undefined for the root mount. See mount-tree.ts. */
export interface Mount {
  /** The number in mountinfo and statx: 1 for the root; 0 for mounts that are in no tree. */
  readonly id: number
  readonly fs: FileSystem
  readonly at: Location | undefined
  /** The first column of /proc/mounts. */
  readonly source: string
  /** MS_RDONLY of this mount; the file system itself may be read-only too. */
  readOnly: boolean
  /** MS_NOSUID: its programs run with the rights of who starts them. */
  readonly nosuid: boolean
  /** Mounts on directories (or files) of this one, by the inode they cover. */
  readonly children: Map<Inode, Mount>
  /** Of the whole tree. */
  readonly vfs: VirtualFileSystem
  /** This mount as a location: the root of `fs` under the covered name. */
  readonly top: Location
}

/** A node of the tree of names. `parent` is undefined for the root of the tree. */
export interface Location {
  readonly mount: Mount
  readonly inode: Inode
  readonly parent: Location | undefined
  /** Its name in `parent`; '' for the root of the tree. */
  readonly name: string
}
