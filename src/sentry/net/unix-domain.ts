// UnixDomain: what all UNIX sockets of a guest share: their file system, their names, and the descriptors in their messages.

import type {UnmountedFileSystem} from '../../vfs/unmounted.ts'
import type {VirtualFileSystem} from '../../vfs/virtual-file-system.ts'
import {InFlight} from './in-flight.ts'
import {UnixNames} from './unix-names.ts'

const SOCKFS_MAGIC = 0x534f434b

export class UnixDomain {
  /** Of sockets' own inodes. */
  readonly fs: UnmountedFileSystem
  readonly names: UnixNames
  readonly inFlight = new InFlight()

  constructor(vfs: VirtualFileSystem) {
    this.fs = vfs.unmounted('sockfs', SOCKFS_MAGIC)
    this.names = new UnixNames(vfs.host.random)
  }
}
