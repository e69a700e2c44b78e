// A file as a sandbox's owner sees it.

import {
  PERMISSION_BITS,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFREG,
  S_IFSOCK,
} from '../../../abi/file-mode.ts'
import type {ByteString, Inode, Time} from '../../../vfs/file.ts'
import type {FileEntry, FileKind} from './operations.ts'

const KINDS: Readonly<Record<number, FileKind>> = {
  [S_IFREG]: 'file',
  [S_IFDIR]: 'directory',
  [S_IFLNK]: 'symlink',
  [S_IFIFO]: 'fifo',
  [S_IFSOCK]: 'socket',
  [S_IFCHR]: 'device',
  [S_IFBLK]: 'device',
}

/** @throws Errno */
export function entryOf(inode: Inode, name: ByteString): FileEntry {
  const {mode, size, uid, gid, mtime} = inode.attributes()
  return {
    name,
    kind: KINDS[inode.kind] ?? 'device',
    size,
    mode: mode & PERMISSION_BITS,
    uid,
    gid,
    modifiedMs: mtime.seconds * 1e3 + mtime.nanoseconds / 1e6,
    ...(inode.kind === S_IFLNK && {target: inode.readlink()}),
  }
}

export function toTime(ms: number): Time {
  const seconds = Math.floor(ms / 1e3)
  return {seconds, nanoseconds: Math.floor((ms - seconds * 1e3) * 1e6)}
}
