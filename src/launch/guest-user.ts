// finder: finds the user that hv's user named, by the /etc/passwd and /etc/group of the tree that the guest sees.

import {HvError, printable} from '../errors.ts'
import {findUser, type ImageUser} from '../image/image-user.ts'
import {createMemoryFile} from '../platform/page-allocator.ts'
import {ArchiveFs} from '../vfs/fs/archive.ts'
import {openHostFs} from '../vfs/fs/host.ts'
import type {HostSource} from '../vfs/fs/host-source.ts'
import {check} from '../vfs/host-calls.ts'
import {nativeHost} from '../vfs/native-host.ts'

/** The tree stays the caller's; undefined: an empty one. @throws HvError BAD_ARGUMENT */
export type FindUser = (tree: ArchiveFs | HostSource | undefined) => ImageUser

/** @param spec `USER[:GROUP]`, by name or number */
export function finder(spec: string): FindUser {
  const unknown = (): HvError =>
    new HvError(
      'BAD_ARGUMENT',
      `\`user\` ${printable(spec)}: the guest's /etc/passwd and /etc/group do not have it`,
      'give numbers, UID[:GID], or names that they have',
    )
  return (tree = new ArchiveFs()) =>
    'fd' in tree ? inDirectory(tree, spec, unknown) : findUser(tree, spec, unknown)
}

function inDirectory({fd}: HostSource, spec: string, unknown: () => HvError): ImageUser {
  // Nothing is mapped, so no memory is needed for it.
  const memory = createMemoryFile({size: 0, upTo: () => new ArrayBuffer(0)}, () => {})
  // The file system closes the descriptor that it is made from.
  const {files} = nativeHost
  const again = {files, fd: check(files.hostOpenDirectory(fd, '.')), path: undefined}
  const fs = openHostFs(again, {readOnly: true, memory})
  try {
    return findUser(fs, spec, unknown)
  } finally {
    fs.dispose()
  }
}
