// memfd_create(2).

import {EINVAL, ENAMETOOLONG, Errno} from '../../abi/errno.ts'
import {
  F_SEAL_EXEC,
  F_SEAL_SEAL,
  MFD_ALLOW_SEALING,
  MFD_CLOEXEC,
  MFD_EXEC,
  MFD_NOEXEC_SEAL,
} from '../../abi/fcntl.ts'
import {O_CLOEXEC, O_LARGEFILE, O_RDWR} from '../../abi/open-flags.ts'
import {Memfd} from '../../vfs/fs/memfd.ts'
import {Tmpfs} from '../../vfs/fs/tmpfs.ts'
import type {Kernel} from '../kernel.ts'
import type {Syscall} from './syscall.ts'

/** NAME_MAX without "memfd:", and the NUL. */
const MAX_NAME = 250

export const memfdCreate: Syscall = (task, args) => {
  const flags = args.uint32(1)
  if (flags & ~(MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL | MFD_EXEC)) throw new Errno(EINVAL)
  if (flags & MFD_NOEXEC_SEAL && flags & MFD_EXEC) throw new Errno(EINVAL)
  const name = readName(() => task.memory.readCString(args.address(0), MAX_NAME))

  const mode = flags & MFD_NOEXEC_SEAL ? 0o666 : 0o777
  const inode = new Memfd(memoryFiles(task.kernel), mode, task.credentials, name, initialSeals(flags))
  return task.fds.install(inode.open(O_RDWR | O_LARGEFILE), flags & MFD_CLOEXEC ? O_CLOEXEC : 0)
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

/** The kernel's own tmpfs, which is mounted nowhere. */
const fileSystems = new WeakMap<Kernel, Tmpfs>()

function memoryFiles(kernel: Kernel): Tmpfs {
  let fs = fileSystems.get(kernel)
  if (fs === undefined) {
    fs = new Tmpfs(kernel.platform.memory, {budget: kernel.budget})
    fileSystems.set(kernel, fs)
  }
  return fs
}
