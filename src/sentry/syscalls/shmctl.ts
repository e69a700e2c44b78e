// shmctl(2).

import {CAP_IPC_LOCK, hasCapability} from '../../abi/capability.ts'
import {EINVAL, EPERM, Errno} from '../../abi/errno.ts'
import {
  IPC_INFO,
  IPC_RMID,
  IPC_SET,
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
import {encodeIpcDs, encodeLongs, ownObject, statTarget} from '../ipc/ipc-control.ts'
import type {SharedSegment, SharedSegments} from '../ipc/shared-segment.ts'

const STATS = {byIndex: SHM_STAT, byIndexAny: SHM_STAT_ANY}

export const shmctl: Syscall = (task, args) => {
  const id = args.int32(0)
  const command = args.int32(1)
  const address = args.address(2)
  const {segments} = task.kernel.ipc
  if (id < 0) throw new Errno(EINVAL)
  const stat = statTarget(task, segments.table, id, command, STATS)
  if (stat !== undefined) {
    task.memory.writeBytes(address, encodeSegment(stat.object))
    return stat.result
  }
  switch (command) {
    case IPC_INFO:
      task.memory.writeBytes(address, encodeLongs(SHMINFO_BYTES, [SHMMAX, 1, SHMMNI, SHMMNI, SHMALL]))
      return segments.table.highestIndex
    case SHM_INFO:
      task.memory.writeBytes(address, encodeUse(segments))
      return segments.table.highestIndex
    case IPC_SET: {
      const bytes = task.memory.readBytes(address, SHMID_DS_BYTES)
      const segment = ownObject(task, segments.table, id)
      segment.permission.update(bytes)
      segment.changedAt = task.kernel.vfs.clock.now().seconds
      return 0
    }
    case IPC_RMID:
      segments.remove(ownObject(task, segments.table, id))
      return 0
    case SHM_LOCK:
    case SHM_UNLOCK:
      return lock(task, segments.table.get(id), command === SHM_LOCK)
    default:
      throw new Errno(EINVAL)
  }
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

function encodeSegment(segment: SharedSegment): Uint8Array {
  const bytes = encodeIpcDs(segment, SHMID_DS_BYTES, {
    48: segment.size,
    56: segment.attachedAt,
    64: segment.detachedAt,
    72: segment.changedAt,
    88: segment.attachments,
  })
  const view = new DataView(bytes.buffer)
  view.setInt32(80, segment.creator, true)
  view.setInt32(84, segment.lastPid, true)
  return bytes
}

function encodeUse({table, totalPages, residentPages}: SharedSegments): Uint8Array {
  return encodeLongs(SHM_INFO_BYTES, [table.count, totalPages, residentPages])
}
