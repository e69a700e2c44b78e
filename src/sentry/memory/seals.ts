// Seals of files: F_GET_SEALS, F_ADD_SEALS, and what they still allow mappings (man 2 F_GET_SEALS).

import {opensForWriting} from '../../abi/access-mode.ts'
import {EBUSY, EINVAL, EPERM, Errno} from '../../abi/errno.ts'
import {
  F_SEAL_EXEC,
  F_SEAL_FUTURE_WRITE,
  F_SEAL_GROW,
  F_SEAL_SEAL,
  F_SEAL_SHRINK,
  F_SEAL_WRITE,
} from '../../abi/fcntl.ts'
import {PROT_WRITE} from '../../platform/platform.ts'
import type {FileDescription, Inode} from '../../vfs/file.ts'
import {Memfd} from '../../vfs/fs/memfd.ts'
import {TmpfsFile} from '../../vfs/fs/tmpfs-file.ts'
import type {Process} from '../core/process.ts'

const SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE | F_SEAL_EXEC

/** tmpfs files not made by memfd_create(2) are sealed against seals. @throws Errno EINVAL when the file does not support seals */
export function sealsOf(inode: Inode): number {
  if (inode instanceof Memfd) return inode.seals
  if (inode instanceof TmpfsFile) return F_SEAL_SEAL
  throw new Errno(EINVAL)
}

/** @throws Errno EPERM, EINVAL; EBUSY: F_SEAL_WRITE while a mapping can write */
export function addSeals({inode, flags}: FileDescription, seals: number, processes: Iterable<Process>): void {
  if (!opensForWriting(flags)) throw new Errno(EPERM)
  if (seals & ~SEALS) throw new Errno(EINVAL)
  const present = sealsOf(inode)
  if (!(inode instanceof Memfd) || present & F_SEAL_SEAL) throw new Errno(EPERM)
  if (seals & ~present & F_SEAL_WRITE && isMappedWritably(inode, processes)) throw new Errno(EBUSY)
  inode.addSeals(seals)
}

/** What a shared mapping of a file may be raised to, given its seals. @throws Errno EPERM for a writable one of a sealed file */
export function unsealedProtection({inode}: FileDescription, protection: number, allowed: number): number {
  if (!(inode instanceof Memfd) || !inode.isWriteSealed) return allowed
  if (protection & PROT_WRITE) throw new Errno(EPERM)
  return allowed & ~PROT_WRITE
}

/** Whether a mapping can, or could after mprotect(2), write to the file. */
function isMappedWritably(file: Memfd, processes: Iterable<Process>): boolean {
  for (const {memoryMap} of processes) {
    for (const {isShared, maxProtection, backing} of memoryMap.vmas) {
      if (isShared && maxProtection & PROT_WRITE && backing?.mappable === file) return true
    }
  }
  return false
}
