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
  SEM_INFO,
  SEM_STAT,
  SEM_STAT_ANY,
  SEMAEM,
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
import {controlObject, encodeIpcDs, type IpcKind} from '../ipc/ipc-control.ts'
import {MAY_READ, MAY_WRITE} from '../ipc/permission.ts'
import type {SemaphoreSet, SemaphoreSets} from '../ipc/semaphore-set.ts'

/** The size that Linux reports for an undo structure. */
const SEMUSZ = 20

export const semctl: Syscall = (task, args) => {
  const id = args.int32(0)
  const command = args.int32(2)
  const address = args.address(3)
  const {semaphores} = task.kernel.ipc
  if (id < 0) throw new Errno(EINVAL)
  const result = controlObject(task, semaphores, kind, [id, command, address])
  if (result !== undefined) return result
  switch (command) {
    case IPC_INFO:
    case SEM_INFO:
      task.memory.writeBytes(address, encodeInfo(semaphores, command === SEM_INFO))
      return semaphores.highestIndex
    case GETALL:
    case SETALL:
      return transferAll(task, semaphores.get(id), command, address)
    case SETVAL:
      return setValue(task, args, semaphores)
    case GETVAL:
    case GETPID:
    case GETNCNT:
    case GETZCNT:
      return ask(task, semaphores.get(id), args.int32(1), command)
    default:
      throw new Errno(EINVAL)
  }
}

const {size, ctime, nsems} = arch.kernelAbi.semidDs

const kind: IpcKind<SemaphoreSet> = {
  ...{statByIndex: SEM_STAT, statAny: SEM_STAT_ANY, setBytes: IPC_PERM_BYTES},
  encode(set) {
    const {operatedAt, changedAt, count} = set
    return encodeIpcDs(set, size, {[IPC_PERM_BYTES]: operatedAt, [ctime]: changedAt, [nsems]: count})
  },
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

function setValue(task: Task, args: Arguments, sets: SemaphoreSets): number {
  const value = args.int32(3)
  if (value < 0 || value > SEMVMX) throw new Errno(ERANGE)
  const set = sets.get(args.int32(0))
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

/** struct seminfo: map, mni, mns, mnu, msl, opm, ume, usz, vmx, aem. SEM_INFO: sets for usz, semaphores for aem. */
function encodeInfo({count, semaphores}: SemaphoreSets, isUse: boolean): Uint8Array {
  const [usz, aem] = isUse ? [count, semaphores] : [SEMUSZ, SEMAEM]
  const limits = [SEMMNS, SEMMNI, SEMMNS, SEMMNS, SEMMSL, SEMOPM, SEMOPM, usz, SEMVMX, aem]
  return new Uint8Array(Int32Array.from(limits).buffer)
}
