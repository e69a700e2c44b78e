// Reads a directory of a share for a machine: entries from an offset on, as many as there is room for.

import {EINVAL, ENOTDIR, Errno} from '../../abi/errno.ts'
import {S_IFDIR} from '../../abi/file-mode.ts'
import {SEEK_SET} from '../../abi/open-flags.ts'
import type {DirectoryEntry, FileDescription} from '../../vfs/file.ts'
import {MAX_OFFSET} from '../../vfs/seek.ts'

/** Entries that are looked at in one go. */
const BATCH = 512

export interface EntryFormat {
  /** The least bytes of an entry, without its name. */
  readonly leastBytes: number
  sizeOf(nameLength: number): number
  /** @param next the offset from which the entry after this one is read */
  put(entry: DirectoryEntry, next: number): void
}

/**
 * The vfs counts the entries that it has listed since offset 0: names made or removed meanwhile move none of them.
 * @param room bytes
 * @throws Errno ENOTDIR; EINVAL when there is no room for one
 */
export function listDirectory(
  file: FileDescription,
  offset: number,
  room: number,
  format: EntryFormat,
): void {
  if (file.inode.kind !== S_IFDIR) throw new Errno(ENOTDIR)
  if (offset > MAX_OFFSET) throw new Errno(EINVAL)
  if (offset !== file.position) file.seek(offset, SEEK_SET)
  let left = room
  while (left > 0) {
    const start = file.position
    const entries = file.readDirectory(Math.min(BATCH, Math.ceil(left / format.leastBytes)))
    let taken = 0
    for (const entry of entries) {
      const size = format.sizeOf(entry.name.length)
      if (size > left) break
      taken++
      left -= size
      format.put(entry, start + taken)
    }
    if (taken === entries.length && taken > 0) continue
    if (taken < entries.length) file.unreadDirectory(taken)
    if (entries.length > 0 && start + taken === offset) throw new Errno(EINVAL)
    break
  }
}
