// IpcTable: the System V objects of one kind, by identifier and by key: sysvipc(7). Each kind has a class of its own.

import {EEXIST, EINVAL, ENOENT, ENOSPC, Errno} from '../../abi/errno.ts'
import {IPC_CREAT, IPC_EXCL, IPC_PRIVATE} from '../../abi/ipc.ts'
import type {Credentials} from '../core/credentials.ts'
import {INDEX_BITS, IpcPermission} from './permission.ts'

export interface IpcObject {
  readonly permission: IpcPermission
  /** Seconds. */
  changedAt: number
}

const INDEX_MASK = (1 << INDEX_BITS) - 1
const SEQUENCES = 1 << (31 - INDEX_BITS)
/** Indexes are reused after at least this many, and after half as many again as are in use. */
const MIN_CYCLE = 64

export abstract class IpcTable<T extends IpcObject> {
  readonly #objects: (T | undefined)[] = []
  readonly #byKey = new Map<number, T>()
  readonly #most: number
  #count = 0
  #lastIndex = -1
  #sequence = 0

  constructor(most: number) {
    this.#most = most
  }

  get count(): number {
    return this.#count
  }

  /** Returned by calls that ask for limits: 0 when there is nothing. */
  get highestIndex(): number {
    return Math.max(0, this.#objects.length - 1)
  }

  /** In the order of their indexes. */
  *[Symbol.iterator](): Iterator<T> {
    for (const object of this.#objects) if (object !== undefined) yield object
  }

  /**
   * shmget(2) and the like.
   * @param checkFound throws Errno if the existing object does not fit
   * @returns the identifier. @throws Errno EEXIST, ENOENT, EACCES, ENOSPC
   */
  open(
    who: Credentials,
    key: number,
    flags: number,
    create: (permission: IpcPermission) => T,
    checkFound?: (object: T) => void,
  ): number {
    const found = key === IPC_PRIVATE ? undefined : this.#byKey.get(key)
    if (found === undefined) {
      if (key !== IPC_PRIVATE && !(flags & IPC_CREAT)) throw new Errno(ENOENT)
      return this.#add(() => create(new IpcPermission(key, flags, who)))
    }
    if (flags & IPC_CREAT && flags & IPC_EXCL) throw new Errno(EEXIST)
    checkFound?.(found)
    found.permission.require(who, flags)
    return found.permission.id
  }

  /** @throws Errno EINVAL */
  get(id: number): T {
    const object = id < 0 ? undefined : this.#objects[id & INDEX_MASK]
    if (object?.permission.id !== id) throw new Errno(EINVAL)
    return object
  }

  /** By index, as for SHM_STAT and the like. @throws Errno EINVAL */
  at(index: number): T {
    const object = index < 0 ? undefined : this.#objects[index & INDEX_MASK]
    if (object === undefined) throw new Errno(EINVAL)
    return object
  }

  /** IPC_RMID. */
  abstract remove(object: T): void

  protected drop(object: T): void {
    this.hide(object)
    this.#objects[object.permission.id & INDEX_MASK] = undefined
    while (this.#objects.length > 0 && this.#objects.at(-1) === undefined) this.#objects.pop()
    this.#count--
  }

  /** It keeps its identifier, but is no longer found by its key. */
  hide({permission}: T): void {
    if (permission.key !== IPC_PRIVATE) this.#byKey.delete(permission.key)
    permission.key = IPC_PRIVATE
  }

  #add(create: () => T): number {
    if (this.#count >= this.#most) throw new Errno(ENOSPC)
    const object = create()
    const {permission} = object
    const index = this.#freeIndex()
    if (index <= this.#lastIndex) this.#sequence = (this.#sequence + 1) % SEQUENCES
    this.#lastIndex = index
    permission.id = this.#sequence * (1 << INDEX_BITS) + index
    while (this.#objects.length <= index) this.#objects.push(undefined)
    this.#objects[index] = object
    if (permission.key !== IPC_PRIVATE) this.#byKey.set(permission.key, object)
    this.#count++
    return permission.id
  }

  #freeIndex(): number {
    const end = Math.min(Math.max(Math.floor((this.#count * 3) / 2), MIN_CYCLE), this.#most)
    let index = this.#lastIndex + 1
    for (let tries = 0; tries <= end; tries++, index++) {
      if (index >= end) index = 0
      if (this.#objects[index] === undefined) break
    }
    return index
  }
}
