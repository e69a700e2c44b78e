// HostKernelMount: where a file system of the host's kernel is mounted below a volume: procfs, sysfs, cgroup … Guests see nothing in it.

import {EACCES, ENOENT, Errno} from '../../abi/errno.ts'
import {S_IFDIR} from '../../abi/file-mode.ts'
import {DirectoryDescription} from '../directory-description.ts'
import type {ByteString, FileDescription} from '../file.ts'
import {HostNode} from './host-node.ts'

/**
 * An empty directory that takes no changes, as if nothing were mounted there: its contents would show the host's
 * processes, the sentry's memory among them, and its devices. The addon never opens anything in such file systems.
 */
export class HostKernelMount extends HostNode {
  override lookup(name: ByteString): never {
    throw this.kind === S_IFDIR ? new Errno(ENOENT) : super.lookup(name)
  }

  override setAttributes(): void {
    throw new Errno(EACCES)
  }

  override open(flags: number): FileDescription {
    if (this.kind !== S_IFDIR) throw new Errno(EACCES)
    return new DirectoryDescription(this, flags, () => [])
  }
}
