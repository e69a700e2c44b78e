// shmctl(2).

import {CAP_IPC_LOCK, hasCapability} from '../../abi/capability.ts'
import {EINVAL, EPERM, Errno} from '../../abi/errno.ts'
import {
  IPC_INFO,
  SHM_INFO,
  SHM_INFO_BYTES,
  SHM_LOCK,
  SHM_LOCKED,
  SHM_STAT,
  SHM_STAT_ANY,
  SHM_UNLOCK,
  SHMALL,
  SHMID_DS_BYTES,
  SHMINFO_BYTES,
  SHMMAX,
  SHMMNI,
} from '../../abi/ipc.ts'
import {RLIMIT_MEMLOCK} from '../core/resource-limits.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {controlObject, encodeIpcDs, encodeLongs, type IpcKind} from '../ipc/ipc-control.ts'
import type {SharedSegment} from '../ipc/shared-segment.ts'

export const shmctl: Syscall = (task, args) => {
  const id = args.int32(0)
  const command = args.int32(1)
  const address = args.address(2)
  const {segments} = task.kernel.ipc
  if (id < 0) throw new Errno(EINVAL)
  const result = controlObject(task, segments, kind, [id, command, address])
  if (result !== undefined) return result
  switch (command) {
    case IPC_INFO:
      task.memory.writeBytes(address, encodeLongs(SHMINFO_BYTES, [SHMMAX, 1, SHMMNI, SHMMNI, SHMALL]))
      return segments.highestIndex
    case SHM_INFO: {
      const {count, totalPages, residentPages} = segments
      task.memory.writeBytes(address, encodeLongs(SHM_INFO_BYTES, [count, totalPages, residentPages]))
      return segments.highestIndex
    }
    case SHM_LOCK:
    case SHM_UNLOCK:
      return lock(task, segments.get(id), command === SHM_LOCK)
    default:
      throw new Errno(EINVAL)
  }
}

const kind: IpcKind<SharedSegment> = {
  ...{statByIndex: SHM_STAT, statAny: SHM_STAT_ANY, setBytes: SHMID_DS_BYTES},
  encode(segment) {
    const {size, attachedAt, detachedAt, changedAt, attachments, creator, lastPid} = segment
    const longs = {48: size, 56: attachedAt, 64: detachedAt, 72: changedAt, 88: attachments}
    return encodeIpcDs(segment, SHMID_DS_BYTES, longs, {80: creator, 84: lastPid})
  },
}

/** Guest memory is never swapped: the lock only shows in the mode. @throws Errno EPERM */
function lock(task: Task, {permission}: SharedSegment, on: boolean): number {
  const {credentials, process} = task
  if (!hasCapability(credentials.capabilities, CAP_IPC_LOCK)) {
    const isOwner = credentials.euid === permission.uid || credentials.euid === permission.cuid
    if (!isOwner || (on && process.limits.get(RLIMIT_MEMLOCK).soft === 0)) throw new Errno(EPERM)
  }
  permission.mode = on ? permission.mode | SHM_LOCKED : permission.mode & ~SHM_LOCKED
  return 0
}
