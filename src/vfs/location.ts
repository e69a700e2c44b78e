// Location: where a path leads: an inode, and the mount through which it was reached.

import type {Inode} from './file.ts'
import type {FileSystem} from './file-system.ts'

/** A file system in the mount tree. `at` is undefined for the root mount. */
export interface Mount {
  readonly fs: FileSystem
  readonly at: Location | undefined
}

/** A node of the tree of names. `parent` is undefined for the root of the tree. */
export interface Location {
  readonly mount: Mount
  readonly inode: Inode
  readonly parent: Location | undefined
  /** Its name in `parent`; '' for the root of the tree. */
  readonly name: string
}
