// getdents(2), getdents64(2).

import {direntSize, encodeDirent} from '../../abi/dirent.ts'
import {EFAULT, EINVAL, ENOENT, ENOTDIR, Errno} from '../../abi/errno.ts'
import {S_IFDIR} from '../../abi/file-mode.ts'
import {IN_ACCESS} from '../../abi/inotify.ts'
import {PROT_WRITE} from '../../platform/platform.ts'
import {tell} from '../../vfs/watchers.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {openFile} from '../fd/descriptor-argument.ts'

/** No more than this is filled at once: a guest's size is untrusted. */
const MAX_BUFFER = 64 * 1024
const INT_MAX = 0x7fffffff

export const getdents: Syscall = (task, args) =>
  readEntries(task, args.int32(0), args.address(1), args.uint32(2), true)

export const getdents64: Syscall = (task, args) =>
  readEntries(task, args.int32(0), args.address(1), args.uint32(2), false)

function readEntries(task: Task, fd: number, address: number, size: number, isLegacy: boolean): number {
  const file = openFile(task, fd)
  if (file.inode.kind !== S_IFDIR) throw new Errno(ENOTDIR)
  if (file.inode.place()?.removed) throw new Errno(ENOENT)

  // An int in Linux: above INT_MAX it is negative, and nothing fits.
  const room = size > INT_MAX ? 0 : Math.min(size, MAX_BUFFER)
  const start = file.position
  const entries = file.readDirectory(Math.floor(room / direntSize(1)) || 1)
  tell(file.inode, IN_ACCESS, file.openedAt)
  const buffer = new Uint8Array(room)
  const view = new DataView(buffer.buffer)
  let used = 0
  let count = 0
  for (const entry of entries) {
    if (used + direntSize(entry.name.length) > room) break
    count++
    used = encodeDirent(view, used, entry, start + count, isLegacy)
  }
  if (count < entries.length) file.unreadDirectory(count)
  if (count === 0 && entries.length > 0) throw new Errno(EINVAL)

  try {
    task.memory.writeBytes(address, buffer.subarray(0, used))
    return used
  } catch (error) {
    file.unreadDirectory(0)
    if (!(error instanceof Errno)) throw error
  }
  // What precedes the fault is written: only whole records count.
  const accessible = lengthOf(task.memory.views(address, used, PROT_WRITE))
  let kept = 0
  let end = 0
  for (const {name} of entries) {
    if (end + direntSize(name.length) > accessible) break
    end += direntSize(name.length)
    kept++
  }
  file.unreadDirectory(kept)
  if (kept === 0) throw new Errno(EFAULT)
  return end
}

function lengthOf(views: readonly Uint8Array[]): number {
  return views.reduce((total, {length}) => total + length, 0)
}
