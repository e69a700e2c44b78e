// Opens and makes files of a share for a machine: which of its flags count here, and which files are never opened.

import {ENXIO, Errno} from '../../abi/errno.ts'
import {PERMISSION_BITS, S_IFDIR, S_IFLNK, S_IFREG} from '../../abi/file-mode.ts'
import {
  O_ACCMODE,
  O_APPEND,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_LARGEFILE,
  O_NOATIME,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_TRUNC,
} from '../../abi/open-flags.ts'
import type {FileDescription, Inode} from '../../vfs/file.ts'
import type {Location} from '../../vfs/location.ts'
import {type OpenResult, openLocation, openPath} from '../../vfs/open.ts'
import {CREATE} from '../../vfs/path-policy.ts'
import {NAME, type PathContext, resolveLast} from '../../vfs/path-walk.ts'

/** The machine handles the other flags itself: it turns O_SYNC into a request to sync. */
const KEPT_FLAGS = O_ACCMODE | O_TRUNC | O_APPEND | O_DIRECTORY | O_NOATIME
const ALWAYS_FLAGS = O_NOFOLLOW | O_NONBLOCK | O_LARGEFILE

/** @param flags of src/abi. @throws Errno */
export function openFile({credentials}: PathContext, location: Location, flags: number): FileDescription {
  requireOpenable(location.inode)
  return openLocation(credentials, location, (flags & KEPT_FLAGS) | ALWAYS_FLAGS).file
}

/** open(2) with O_CREAT, for one name in a directory. @throws Errno */
export function createFile(
  context: PathContext,
  directory: Location,
  name: string,
  flags: number,
  mode: number,
): OpenResult {
  const kept = (flags & (KEPT_FLAGS | O_EXCL)) | ALWAYS_FLAGS | O_CREAT
  const {found} = resolveLast(context, directory, name, NAME, CREATE)
  if (found !== undefined && !(kept & O_EXCL)) requireOpenable(found.inode)
  return openPath(context, directory, name, kept, mode & PERMISSION_BITS)
}

/** Opening a device or a fifo has effects, and the machine has its own. A link passes: the vfs reports what is wrong with it. */
function requireOpenable({kind}: Inode): void {
  if (kind !== S_IFREG && kind !== S_IFDIR && kind !== S_IFLNK) throw new Errno(ENXIO)
}
