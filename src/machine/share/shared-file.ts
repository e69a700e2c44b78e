// SharedFile: a file of a share as a machine knows it: its place, and the identity that it had when the machine found it.

import {ALL_CAPABILITIES} from '../../abi/capability.ts'
import {Errno, ESTALE} from '../../abi/errno.ts'
import type {AttributeChanges, Attributes} from '../../vfs/file.ts'
import type {Location} from '../../vfs/location.ts'
import type {PathContext} from '../../vfs/path-walk.ts'
import {checkWritable} from '../../vfs/permissions.ts'

export class SharedFile {
  readonly location: Location
  readonly dev: number
  readonly ino: number

  constructor(location: Location, {dev, ino}: Pick<Attributes, 'dev' | 'ino'>) {
    this.location = location
    this.dev = dev
    this.ino = ino
  }

  /** @throws Errno ESTALE when another file is there now */
  attributes(): Attributes {
    const attributes = this.location.inode.attributes()
    if (attributes.ino !== this.ino || attributes.dev !== this.dev) throw new Errno(ESTALE)
    return attributes
  }

  /** @throws Errno ESTALE, EROFS, and the file system's own errors */
  change(changes: AttributeChanges): void {
    this.attributes()
    checkWritable(this.location)
    if (Object.keys(changes).length > 0) this.location.inode.setAttributes(changes)
  }
}

/**
 * For a vfs call. The machine's own kernel checks what its users may do before it asks; the host checks what this process may.
 * @param uid, gid of new files
 */
export function contextOf(root: Location, uid: number, gid: number): PathContext {
  return {root, credentials: {uid, gid, groups: [], capabilities: ALL_CAPABILITIES}}
}
