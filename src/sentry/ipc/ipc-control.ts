// What shmctl(2), semctl(2) and msgctl(2) share.

import {IPC_STAT} from '../../abi/ipc.ts'
import type {Task} from '../core/task.ts'
import type {IpcObject, IpcTable} from './ipc-table.ts'
import {MAY_READ} from './permission.ts'

/** The commands that report on one object: by identifier; by index; by index for any caller. */
export interface StatCommands {
  readonly byIndex: number
  readonly byIndexAny: number
}

/**
 * The object that such a command names, and what the call returns; undefined for other commands.
 * @throws Errno EINVAL, EACCES
 */
export function statTarget<T extends IpcObject>(
  task: Task,
  table: IpcTable<T>,
  id: number,
  command: number,
  {byIndex, byIndexAny}: StatCommands,
): {object: T; result: number} | undefined {
  if (command !== IPC_STAT && command !== byIndex && command !== byIndexAny) return undefined
  const object = command === IPC_STAT ? table.get(id) : table.at(id)
  const {permission} = object
  if (command !== byIndexAny) permission.require(task.credentials, MAY_READ)
  return {object, result: command === IPC_STAT ? 0 : permission.id}
}

/** An object that only its owner may change or remove. @throws Errno EINVAL, EPERM */
export function ownObject<T extends IpcObject>({credentials}: Task, table: IpcTable<T>, id: number): T {
  const object = table.get(id)
  object.permission.requireOwner(credentials)
  return object
}

/** A structure that starts with the permission, and has unsigned longs at these offsets. */
export function encodeIpcDs(
  {permission}: IpcObject,
  size: number,
  longs: Readonly<Record<number, number>>,
): Uint8Array {
  const bytes = new Uint8Array(size)
  const view = new DataView(bytes.buffer)
  permission.encode(view)
  for (const [offset, value] of Object.entries(longs)) view.setBigUint64(Number(offset), BigInt(value), true)
  return bytes
}

/** Unsigned longs in a row. */
export function encodeLongs(size: number, longs: readonly (number | bigint)[]): Uint8Array {
  const bytes = new Uint8Array(size)
  const view = new DataView(bytes.buffer)
  longs.forEach((value, index) => {
    view.setBigUint64(8 * index, BigInt(value), true)
  })
  return bytes
}

/** Ints in a row. */
export function encodeInts(size: number, ints: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(size)
  const view = new DataView(bytes.buffer)
  ints.forEach((value, index) => {
    view.setInt32(4 * index, value, true)
  })
  return bytes
}
