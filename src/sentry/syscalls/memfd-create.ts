// memfd_create(2).

import {EACCES, EINVAL, ENAMETOOLONG, Errno} from '../../abi/errno.ts'
import {
  F_SEAL_EXEC,
  F_SEAL_SEAL,
  MEMFD_NOEXEC_ENFORCED,
  MEMFD_NOEXEC_SEAL,
  MFD_ALLOW_SEALING,
  MFD_CLOEXEC,
  MFD_EXEC,
  MFD_NOEXEC_SEAL,
} from '../../abi/fcntl.ts'
import {O_CLOEXEC, O_LARGEFILE, O_RDWR} from '../../abi/open-flags.ts'
import {Memfd} from '../../vfs/fs/memfd.ts'
import type {Syscall} from '../core/syscall.ts'

/** NAME_MAX without "memfd:", and the NUL. */
const MAX_NAME = 250

export const memfdCreate: Syscall = (task, args) => {
  const asked = args.uint32(1)
  if (asked & ~(MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL | MFD_EXEC)) throw new Errno(EINVAL)
  if (asked & MFD_NOEXEC_SEAL && asked & MFD_EXEC) throw new Errno(EINVAL)
  const flags = withSetting(asked, task.kernel.memfdNoexec)
  const name = readName(() => task.memory.readCString(args.address(0), MAX_NAME))

  const mode = flags & MFD_NOEXEC_SEAL ? 0o666 : 0o777
  const inode = new Memfd(task.kernel.ipc.memoryFiles, mode, task.credentials, name, initialSeals(flags))
  return task.fds.install(inode.open(O_RDWR | O_LARGEFILE), flags & MFD_CLOEXEC ? O_CLOEXEC : 0)
}

/** Documentation/userspace-api/mfd_noexec.rst. @throws Errno EACCES */
function withSetting(asked: number, memfdNoexec: number): number {
  if (asked & MFD_EXEC && memfdNoexec >= MEMFD_NOEXEC_ENFORCED) throw new Errno(EACCES)
  const isDefault = (asked & (MFD_EXEC | MFD_NOEXEC_SEAL)) === 0
  return isDefault && memfdNoexec >= MEMFD_NOEXEC_SEAL ? asked | MFD_NOEXEC_SEAL : asked
}

/** A file that may not be sealed has the seal that forbids seals. */
function initialSeals(flags: number): number {
  if (flags & MFD_NOEXEC_SEAL) return F_SEAL_EXEC
  return flags & MFD_ALLOW_SEALING ? 0 : F_SEAL_SEAL
}

function readName(read: () => string): string {
  try {
    return read()
  } catch (error) {
    throw error instanceof Errno && error.code === ENAMETOOLONG ? new Errno(EINVAL) : error
  }
}
