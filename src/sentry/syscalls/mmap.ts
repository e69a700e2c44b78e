// mmap(2).

import {opensForReading, opensForWriting} from '../../abi/access-mode.ts'
import {EACCES, EBADF, EINVAL, ENOMEM, EOPNOTSUPP, EOVERFLOW, EPERM, Errno} from '../../abi/errno.ts'
import {
  MAP_ANONYMOUS,
  MAP_DENYWRITE,
  MAP_EXECUTABLE,
  MAP_FIXED,
  MAP_FIXED_NOREPLACE,
  MAP_GROWSDOWN,
  MAP_HUGE_MASK,
  MAP_HUGE_SHIFT,
  MAP_HUGETLB,
  MAP_LOCKED,
  MAP_NONBLOCK,
  MAP_NORESERVE,
  MAP_POPULATE,
  MAP_PRIVATE,
  MAP_SHARED,
  MAP_SHARED_VALIDATE,
  MAP_STACK,
  MAP_TYPE,
} from '../../abi/mman.ts'
import {O_APPEND, O_NOATIME, O_PATH} from '../../abi/open-flags.ts'
import {arch} from '../../arch/index.ts'
import {PAGE_SIZE, PROT_EXEC, PROT_WRITE} from '../../platform/platform.ts'
import {isDevice, ZERO_DEV} from '../../vfs/devices.ts'
import type {FileDescription} from '../../vfs/file.ts'
import {MAX_OFFSET} from '../../vfs/seek.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {canLock} from '../memory/accounting.ts'
import {backingOf} from '../memory/mapping-backing.ts'
import type {MapRequest} from '../memory/memory-map.ts'
import {populateRange} from '../memory/populate.ts'
import {unsealedProtection} from '../memory/seals.ts'
import {SharedMemory} from '../memory/shared-memory.ts'
import {
  PROT_ALL,
  pageAlign,
  VM_GROWSDOWN,
  VM_LOCKED,
  VM_LOCKONFAULT,
  VM_NORESERVE,
  VM_SHARED,
} from '../memory/vma.ts'

const MAP_32BIT = arch.kernelAbi.mmapBelow2GiB
/** The flags that MAP_SHARED_VALIDATE accepts; MAP_SYNC is for persistent memory. */
const KNOWN_FLAGS =
  MAP_TYPE |
  MAP_FIXED |
  MAP_ANONYMOUS |
  MAP_32BIT |
  MAP_GROWSDOWN |
  MAP_DENYWRITE |
  MAP_EXECUTABLE |
  MAP_LOCKED |
  MAP_NORESERVE |
  MAP_POPULATE |
  MAP_NONBLOCK |
  MAP_STACK |
  MAP_FIXED_NOREPLACE
/** None, 2 MiB, 1 GiB. */
const HUGE_PAGES = new Set([0, 21, 30])
/** File systems whose files cannot be executed. */
const NO_EXEC = ['proc', 'pipefs', 'anon_inodefs']
const TWO_GIB = 2 ** 31

/** What decoding yields about the file, or about anonymous memory. */
type Source = Pick<MapRequest, 'backing' | 'pageOffset' | 'maxProtection'> & {file?: FileDescription}

export const mmap: Syscall = (task, args) => {
  const address = args.address(0)
  const length = args.address(1)
  const flags = args.int32(3)
  const offset = args.address(5)
  if (offset % PAGE_SIZE !== 0) throw new Errno(EINVAL)

  const map = task.process.memoryMap
  const protection = args.uint32(2) & PROT_ALL
  const isAnonymous = (flags & MAP_ANONYMOUS) !== 0
  const source = isAnonymous
    ? anonymousSource(task, flags, length)
    : fileSource(task, args.int32(4), flags, length, offset, protection)
  if (flags & MAP_LOCKED && !canLock(task)) throw new Errno(EPERM)
  const vmFlags = mappingFlags(flags)
  const start = map.map({
    ...source,
    address,
    length,
    fixed: placing(flags),
    ceiling: flags & MAP_32BIT ? TWO_GIB : undefined,
    protection,
    flags: vmFlags,
  })
  if (source.file !== undefined && !(source.file.flags & O_NOATIME)) source.file.inode.touchAccess?.()
  const locks = ((vmFlags | map.defaultFlags) & (VM_LOCKED | VM_LOCKONFAULT)) === VM_LOCKED
  const populates = (flags & (MAP_POPULATE | MAP_NONBLOCK)) === MAP_POPULATE
  return locks || populates ? populateRange(task, start, start + pageAlign(length), start) : start
}

function placing(flags: number): MapRequest['fixed'] {
  if (flags & MAP_FIXED_NOREPLACE) return 'keep'
  return flags & MAP_FIXED ? 'replace' : undefined
}

function mappingFlags(flags: number): number {
  let result = 0
  if ((flags & MAP_TYPE) !== MAP_PRIVATE) result |= VM_SHARED
  if (flags & MAP_GROWSDOWN) result |= VM_GROWSDOWN
  if (flags & MAP_NORESERVE) result |= VM_NORESERVE
  if (flags & MAP_LOCKED) result |= VM_LOCKED
  return result
}

function anonymousSource(task: Task, flags: number, length: number): Source {
  if (length === 0) throw new Errno(EINVAL)
  // There are no huge pages to reserve, as on Linux with nr_hugepages = 0.
  if (flags & MAP_HUGETLB) throw new Errno(isHugePage(flags) ? ENOMEM : EINVAL)
  const type = flags & MAP_TYPE
  if (type === MAP_PRIVATE) return {}
  if (type !== MAP_SHARED || flags & MAP_GROWSDOWN) throw new Errno(EINVAL)
  return {backing: new SharedMemory(task.kernel)}
}

function fileSource(
  task: Task,
  fd: number,
  flags: number,
  length: number,
  offset: number,
  protection: number,
): Source {
  const description = task.fds.description(fd)
  const openFlags = description.file.flags
  if (openFlags & O_PATH) throw new Errno(EBADF)
  if (length === 0 || flags & MAP_HUGETLB) throw new Errno(EINVAL)
  if (pageAlign(length) === 0 || length > task.process.memoryMap.userTop) throw new Errno(ENOMEM)
  if (offset + length > MAX_OFFSET) throw new Errno(EOVERFLOW)

  const allowed = allowedProtection(flags, openFlags, protection)
  const isShared = (flags & MAP_TYPE) !== MAP_PRIVATE
  const maxProtection = isShared ? unsealedProtection(description.file, protection, allowed) : allowed
  // A mapping of /dev/zero is anonymous memory: man 4 zero.
  const {inode} = description.file
  if (isDevice(inode, ZERO_DEV)) {
    const source = anonymousSource(task, isShared ? (flags & ~MAP_TYPE) | MAP_SHARED : flags, length)
    return {...source, maxProtection}
  }
  if (protection & PROT_EXEC && NO_EXEC.includes(inode.fs.type)) throw new Errno(EPERM)
  const backing = backingOf(description, task.fs.root, task.kernel.processes)
  if (flags & MAP_GROWSDOWN) throw new Errno(EINVAL)
  return {backing, pageOffset: offset / PAGE_SIZE, maxProtection, file: description.file}
}

/** Whether the size named for huge pages, as a power of two, can exist: 2 MiB, unless it names another. */
function isHugePage(flags: number): boolean {
  return HUGE_PAGES.has((flags >>> MAP_HUGE_SHIFT) & MAP_HUGE_MASK)
}

/** What the file's open mode allows: man 2 mmap, EACCES. */
function allowedProtection(flags: number, openFlags: number, protection: number): number {
  const type = flags & MAP_TYPE
  if (type !== MAP_SHARED && type !== MAP_PRIVATE && type !== MAP_SHARED_VALIDATE) throw new Errno(EINVAL)
  if (type === MAP_SHARED_VALIDATE && flags & ~KNOWN_FLAGS) throw new Errno(EOPNOTSUPP)

  const canWrite = opensForWriting(openFlags)
  if (!opensForReading(openFlags)) throw new Errno(EACCES)
  if (type === MAP_PRIVATE) return PROT_ALL
  if (protection & PROT_WRITE && (!canWrite || openFlags & O_APPEND)) throw new Errno(EACCES)
  return canWrite ? PROT_ALL : PROT_ALL & ~PROT_WRITE
}
