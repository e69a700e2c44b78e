// shmget(2).

import {EINVAL, ENOMEM, Errno} from '../../abi/errno.ts'
import {SHM_HUGETLB, SHM_NORESERVE, SHMMAX} from '../../abi/ipc.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import type {IpcPermission} from '../ipc/permission.ts'
import {SharedSegment} from '../ipc/shared-segment.ts'
import {checkOvercommitted} from '../memory/accounting.ts'

export const shmget: Syscall = (task, args) => {
  const key = args.int32(0)
  const size = args.address(1)
  const flags = args.int32(2)
  const {segments} = task.kernel.ipc
  const create = (permission: IpcPermission): SharedSegment => {
    checkSize(task, size, args.raw(1), flags)
    return new SharedSegment(permission, size, task.process.pid, segments)
  }
  return segments.open(task.credentials, key, flags, create, (found) => {
    if (found.size < size) throw new Errno(EINVAL)
  })
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
