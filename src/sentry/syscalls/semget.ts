// semget(2).

import {EINVAL, ENOSPC, Errno} from '../../abi/errno.ts'
import {SEMMNS, SEMMSL} from '../../abi/ipc.ts'
import type {Syscall} from '../core/syscall.ts'
import type {IpcPermission} from '../ipc/permission.ts'
import type {SemaphoreSet} from '../ipc/semaphore-set.ts'

export const semget: Syscall = (task, args) => {
  const key = args.int32(0)
  const count = args.int32(1)
  const flags = args.int32(2)
  if (count < 0 || count > SEMMSL) throw new Errno(EINVAL)
  const {semaphores} = task.kernel.ipc
  const create = (permission: IpcPermission): SemaphoreSet => {
    if (count === 0) throw new Errno(EINVAL)
    if (semaphores.semaphores + count > SEMMNS) throw new Errno(ENOSPC)
    return semaphores.create(permission, count)
  }
  return semaphores.open(task.credentials, key, flags, create, (found) => {
    if (found.count < count) throw new Errno(EINVAL)
  })
}
