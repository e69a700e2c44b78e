// Set-user-ID and set-group-ID end when an ordinary user changes the file: new content must not have the old one's rights.

import {CAP_FSETID, hasCapability} from '../../abi/capability.ts'
import {PERMISSION_BITS, S_IFREG, S_ISGID, S_ISUID, S_IXGRP} from '../../abi/file-mode.ts'
import type {FileDescription, Inode} from '../../vfs/file.ts'
import type {Task} from '../task.ts'

/** Files already handled: a write checks once for each description, not each time. */
const cleared = new WeakSet<FileDescription>()

/** Before a write. Cheap for root, and from the second write of a file on. */
export function clearSetIdForWrite(task: Pick<Task, 'credentials'>, file: FileDescription): void {
  if (cleared.has(file) || mayKeep(task)) return
  cleared.add(file)
  clearSetId(task, file.inode)
}

/** Before a truncation. */
export function clearSetId(task: Pick<Task, 'credentials'>, inode: Inode): void {
  if (inode.kind !== S_IFREG || mayKeep(task)) return
  const mode = inode.attributes().mode & PERMISSION_BITS
  const kept = withoutSetId(mode)
  if (kept !== mode) inode.setAttributes({mode: kept})
}

const mayKeep = ({credentials}: Pick<Task, 'credentials'>): boolean =>
  hasCapability(credentials.capabilities, CAP_FSETID)

/** S_ISGID without S_IXGRP grants nothing (man 2 chown). */
export function withoutSetId(mode: number): number {
  return mode & ~(S_ISUID | (mode & S_IXGRP ? S_ISGID : 0))
}
