// semctl(2).

import {EINVAL, ERANGE, Errno} from '../../abi/errno.ts'
import {
  GETALL,
  GETNCNT,
  GETPID,
  GETVAL,
  GETZCNT,
  IPC_INFO,
  IPC_PERM_BYTES,
  IPC_RMID,
  IPC_SET,
  SEM_INFO,
  SEM_STAT,
  SEM_STAT_ANY,
  SEMAEM,
  SEMINFO_BYTES,
  SEMMNI,
  SEMMNS,
  SEMMSL,
  SEMOPM,
  SEMVMX,
  SETALL,
  SETVAL,
} from '../../abi/ipc.ts'
import {arch} from '../../arch/index.ts'
import type {Arguments, Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {encodeInts, encodeIpcDs, ownObject, statTarget} from '../ipc/ipc-control.ts'
import {MAY_READ, MAY_WRITE} from '../ipc/permission.ts'
import type {SemaphoreSet, SemaphoreSets} from '../ipc/semaphore-set.ts'

const STATS = {byIndex: SEM_STAT, byIndexAny: SEM_STAT_ANY}
/** The size that Linux reports for an undo structure. */
const SEMUSZ = 20

export const semctl: Syscall = (task, args) => {
  const id = args.int32(0)
  const command = args.int32(2)
  const address = args.address(3)
  const {semaphores} = task.kernel.ipc
  if (id < 0) throw new Errno(EINVAL)
  const stat = statTarget(task, semaphores.table, id, command, STATS)
  if (stat !== undefined) {
    task.memory.writeBytes(address, encodeSet(stat.object))
    return stat.result
  }
  switch (command) {
    case IPC_INFO:
    case SEM_INFO:
      task.memory.writeBytes(address, encodeInfo(semaphores, command === SEM_INFO))
      return semaphores.table.highestIndex
    case IPC_SET: {
      const bytes = task.memory.readBytes(address, IPC_PERM_BYTES)
      const set = ownObject(task, semaphores.table, id)
      set.permission.update(bytes)
      set.changedAt = task.kernel.vfs.clock.now().seconds
      return 0
    }
    case IPC_RMID:
      semaphores.remove(ownObject(task, semaphores.table, id))
      return 0
    case GETALL:
    case SETALL:
      return transferAll(task, semaphores.table.get(id), command, address)
    case SETVAL:
      return setValue(task, args, semaphores)
    case GETVAL:
    case GETPID:
    case GETNCNT:
    case GETZCNT:
      return ask(task, semaphores.table.get(id), args.int32(1), command)
    default:
      throw new Errno(EINVAL)
  }
}

function transferAll(task: Task, set: SemaphoreSet, command: number, address: number): number {
  const {values, permission} = set
  if (command === GETALL) {
    permission.require(task.credentials, MAY_READ)
    task.memory.writeBytes(address, new Uint8Array(values.buffer))
    return 0
  }
  permission.require(task.credentials, MAY_WRITE)
  const bytes = task.memory.readBytes(address, values.byteLength)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const wanted = Array.from({length: set.count}, (_, i) => view.getUint16(2 * i, true))
  if (wanted.some((value) => value > SEMVMX)) throw new Errno(ERANGE)
  set.set(0, wanted, task.process.pid)
  return 0
}

function setValue(task: Task, args: Arguments, {table}: SemaphoreSets): number {
  const value = args.int32(3)
  if (value < 0 || value > SEMVMX) throw new Errno(ERANGE)
  const set = table.get(args.int32(0))
  const index = indexIn(set, args.int32(1))
  set.permission.require(task.credentials, MAY_WRITE)
  set.set(index, [value], task.process.pid)
  return 0
}

function ask(task: Task, set: SemaphoreSet, wantedIndex: number, command: number): number {
  set.permission.require(task.credentials, MAY_READ)
  const index = indexIn(set, wantedIndex)
  switch (command) {
    case GETVAL:
      return set.values[index]
    case GETPID:
      return set.pids[index]
    default:
      return set.countWaiters(index, command === GETZCNT)
  }
}

/** @throws Errno EINVAL */
function indexIn(set: SemaphoreSet, index: number): number {
  if (index < 0 || index >= set.count) throw new Errno(EINVAL)
  return index
}

function encodeSet(set: SemaphoreSet): Uint8Array {
  const {size, ctime, nsems} = arch.kernelAbi.semidDs
  return encodeIpcDs(set, size, {
    [IPC_PERM_BYTES]: set.operatedAt,
    [ctime]: set.changedAt,
    [nsems]: set.count,
  })
}

/** struct seminfo: map, mni, mns, mnu, msl, opm, ume, usz, vmx, aem. SEM_INFO: sets for usz, semaphores for aem. */
function encodeInfo({table, semaphores}: SemaphoreSets, isUse: boolean): Uint8Array {
  const [usz, aem] = isUse ? [table.count, semaphores] : [SEMUSZ, SEMAEM]
  const limits = [SEMMNS, SEMMNI, SEMMNS, SEMMNS, SEMMSL, SEMOPM, SEMOPM, usz, SEMVMX, aem]
  return encodeInts(SEMINFO_BYTES, limits)
}
