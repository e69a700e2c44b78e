// What shmctl(2), semctl(2) and msgctl(2) share: the commands on one object, and their structures.

import {IPC_RMID, IPC_SET, IPC_STAT} from '../../abi/ipc.ts'
import type {Task} from '../core/task.ts'
import type {IpcObject, IpcTable} from './ipc-table.ts'
import {MAY_READ} from './permission.ts'

/** What these commands depend on. */
export interface IpcKind<T extends IpcObject> {
  /** SHM_STAT and SHM_STAT_ANY, and the like: by index; by index for any caller. */
  readonly statByIndex: number
  readonly statAny: number
  /** How much IPC_SET reads. */
  readonly setBytes: number
  encode(object: T): Uint8Array
  /** IPC_SET. Absent: nothing but the permission changes. @throws Errno EINVAL, EPERM */
  change?(task: Task, object: T, bytes: Uint8Array): void
}

/**
 * IPC_STAT and the like, IPC_SET and IPC_RMID.
 * @returns the call's result; undefined for other commands
 * @throws Errno EINVAL, EACCES, EPERM, EFAULT
 */
export function controlObject<T extends IpcObject>(
  task: Task,
  table: IpcTable<T>,
  kind: IpcKind<T>,
  [id, command, address]: readonly [id: number, command: number, address: number],
): number | undefined {
  const {credentials, memory} = task
  switch (command) {
    case IPC_STAT:
    case kind.statByIndex:
    case kind.statAny: {
      const object = command === IPC_STAT ? table.get(id) : table.at(id)
      const {permission} = object
      if (command !== kind.statAny) permission.require(credentials, MAY_READ)
      memory.writeBytes(address, kind.encode(object))
      return command === IPC_STAT ? 0 : permission.id
    }
    case IPC_SET: {
      const bytes = memory.readBytes(address, kind.setBytes)
      const object = table.get(id)
      object.permission.requireOwner(credentials)
      if (kind.change === undefined) object.permission.update(bytes)
      else kind.change(task, object, bytes)
      object.changedAt = task.kernel.vfs.clock.now().seconds
      return 0
    }
    case IPC_RMID: {
      const object = table.get(id)
      object.permission.requireOwner(credentials)
      table.remove(object)
      return 0
    }
    default:
      return undefined
  }
}

/** A structure that starts with the permission, and has unsigned longs and ints at these offsets. */
export function encodeIpcDs(
  {permission}: IpcObject,
  size: number,
  longs: Readonly<Record<number, number>>,
  ints: Readonly<Record<number, number>> = {},
): Uint8Array {
  const bytes = new Uint8Array(size)
  const view = new DataView(bytes.buffer)
  permission.encode(view)
  for (const [offset, value] of Object.entries(longs)) view.setBigUint64(Number(offset), BigInt(value), true)
  for (const [offset, value] of Object.entries(ints)) view.setInt32(Number(offset), value, true)
  return bytes
}

/** Unsigned longs in a row. */
export function encodeLongs(size: number, longs: readonly (number | bigint)[]): Uint8Array {
  const bytes = new Uint8Array(size)
  bytes.set(new Uint8Array(BigUint64Array.from(longs, BigInt).buffer))
  return bytes
}
