// shmget(2).

import {EINVAL, ENOMEM, Errno} from '../../abi/errno.ts'
import {SHM_HUGETLB, SHM_NORESERVE, SHMMAX} from '../../abi/ipc.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {IpcPermission} from '../ipc/permission.ts'
import {SharedSegment} from '../ipc/shared-segment.ts'
import {checkOvercommitted} from '../memory/accounting.ts'

export const shmget: Syscall = (task, args) => {
  const key = args.int32(0)
  const size = args.address(1)
  const flags = args.int32(2)
  const {segments} = task.kernel.ipc
  return segments.table.open(
    {
      key,
      flags,
      fits: (segment) => {
        if (segment.size < size) throw new Errno(EINVAL)
      },
      create: () => {
        checkSize(task, size, args.raw(1), flags)
        const permission = new IpcPermission(key, flags, task.credentials)
        return new SharedSegment(permission, size, task.process.pid, segments)
      },
    },
    task.credentials,
  )
}

/** @throws Errno EINVAL, ENOMEM */
function checkSize(task: Task, size: number, raw: bigint, flags: number): void {
  if (raw < 1n || raw > SHMMAX) throw new Errno(EINVAL)
  // There are no huge pages.
  if (flags & SHM_HUGETLB) throw new Errno(ENOMEM)
  // More pages than a number holds: no memory has so many.
  if (!Number.isSafeInteger(size)) throw new Errno(ENOMEM)
  if (!(flags & SHM_NORESERVE)) checkOvercommitted(size, task.kernel.platform.memory.size)
}
