// SemaphoreSet: System V semaphores: semget(2), semop(2), semctl(2). The operations of one call are done all together or not at all.

import {EFBIG, ERANGE, Errno} from '../../abi/errno.ts'
import {IPC_NOWAIT, SEM_UNDO, SEMAEM, SEMMNI, SEMVMX} from '../../abi/ipc.ts'
import {type Budget, COST} from '../../vfs/budget.ts'
import type {FileClock} from '../../vfs/clock.ts'
import {WaitQueue} from '../../vfs/wait-queue.ts'
import type {Kernel} from '../core/kernel.ts'
import {IpcTable} from './ipc-table.ts'
import type {IpcPermission} from './permission.ts'
import type {SemaphoreUndo} from './semaphore-undo.ts'

/** struct sembuf. */
export interface SemaphoreOperation {
  readonly index: number
  /** 0: waits until it is zero. */
  readonly change: number
  /** IPC_NOWAIT, SEM_UNDO. */
  readonly flags: number
}

/** A call that sleeps. */
export interface SemaphoreWaiter {
  /** The first operation that could not be done. */
  blockedBy: SemaphoreOperation
}

export class SemaphoreSet {
  readonly permission: IpcPermission
  readonly values: Uint16Array
  /** The last process that changed each. */
  readonly pids: Int32Array
  /** Seconds. */
  operatedAt = 0
  changedAt: number
  readonly clock: FileClock
  /** IPC_RMID came. */
  isRemoved = false
  /** Woken when values may have changed, in the order in which calls went to sleep. */
  readonly changed = new WaitQueue()
  readonly waiters = new Set<SemaphoreWaiter>()
  /** The tasks' ends that change it. */
  readonly undos = new Set<SemaphoreUndo>()

  constructor(permission: IpcPermission, count: number, clock: FileClock) {
    this.clock = clock
    this.changedAt = clock.now().seconds
    this.permission = permission
    this.values = new Uint16Array(count)
    this.pids = new Int32Array(count)
  }

  get count(): number {
    return this.values.length
  }

  /** What it and its arrays cost. */
  get cost(): number {
    return semaphoresCost(this.count)
  }

  /** @throws Errno EFBIG */
  requireIndexes(operations: readonly SemaphoreOperation[]): void {
    for (const {index} of operations) if (index >= this.count) throw new Errno(EFBIG)
  }

  /**
   * Does all of the operations, or none.
   * @param undo gets the adjustments for SEM_UNDO: reserved for this set if an operation asks for it
   * @returns the first operation that has to wait
   * @throws Errno ERANGE
   */
  operate(
    operations: readonly SemaphoreOperation[],
    pid: number,
    undo: SemaphoreUndo | undefined,
  ): SemaphoreOperation | undefined {
    const before = this.#before(operations)
    const blockedBy = this.#change(operations, before, undo)
    if (blockedBy !== undefined) return blockedBy
    for (const {index} of operations) this.pids[index] = pid
    for (const {index, change, flags} of operations)
      if (flags & SEM_UNDO && change !== 0) undo!.adjust(this, index, -change)
    this.operatedAt = this.clock.now().seconds
    if (operations.some(({change}) => change !== 0)) this.changed.wakeAll()
    return undefined
  }

  /** How many calls sleep until `index` is zero, or until it grows. */
  countWaiters(index: number, forZero: boolean): number {
    let count = 0
    for (const {blockedBy} of this.waiters)
      if (blockedBy.index === index && (blockedBy.change === 0) === forZero) count++
    return count
  }

  /** SETVAL and SETALL, from `first` on. */
  set(first: number, values: readonly number[], pid: number): void {
    values.forEach((value, i) => {
      this.values[first + i] = value
      this.pids[first + i] = pid
      for (const undo of this.undos) undo.clear(this, first + i)
    })
    this.changedAt = this.clock.now().seconds
    this.changed.wakeAll()
  }

  /** The values that operations touch, to be restored. */
  #before(operations: readonly SemaphoreOperation[]): Map<number, number> {
    return new Map(operations.map(({index}) => [index, this.values[index]]))
  }

  #change(
    operations: readonly SemaphoreOperation[],
    before: ReadonlyMap<number, number>,
    undo: SemaphoreUndo | undefined,
  ): SemaphoreOperation | undefined {
    const adjustments = new Map<number, number>()
    const restore = (): void => {
      for (const [index, value] of before) this.values[index] = value
    }
    for (const operation of operations) {
      const {index, change, flags} = operation
      const value = this.values[index] + change
      if ((change === 0 && this.values[index] !== 0) || value < 0) {
        restore()
        return operation
      }
      if (flags & SEM_UNDO && change !== 0) {
        const adjusted = (adjustments.get(index) ?? undo!.adjustment(this, index)) - change
        if (adjusted < -SEMAEM - 1 || adjusted > SEMAEM) {
          restore()
          throw new Errno(ERANGE)
        }
        adjustments.set(index, adjusted)
      }
      if (value > SEMVMX) {
        restore()
        throw new Errno(ERANGE)
      }
      this.values[index] = value
    }
    return undefined
  }
}

export function mayWait({flags}: SemaphoreOperation): boolean {
  return !(flags & IPC_NOWAIT)
}

function semaphoresCost(count: number): number {
  return COST.semaphoreSet + count * (Uint16Array.BYTES_PER_ELEMENT + Int32Array.BYTES_PER_ELEMENT)
}

export class SemaphoreSets {
  readonly table = new IpcTable<SemaphoreSet>(SEMMNI)
  readonly budget: Budget
  /** Of all sets. */
  semaphores = 0
  readonly #clock: FileClock

  constructor({budget, vfs}: Pick<Kernel, 'budget' | 'vfs'>) {
    this.budget = budget
    this.#clock = vfs.clock
  }

  /** @throws Errno ENOMEM */
  create(permission: IpcPermission, count: number): SemaphoreSet {
    this.budget.take(semaphoresCost(count))
    this.semaphores += count
    return new SemaphoreSet(permission, count, this.#clock)
  }

  /** IPC_RMID. Its sleepers are told. */
  remove(set: SemaphoreSet): void {
    this.table.remove(set)
    for (const undo of [...set.undos]) undo.forget(set)
    this.semaphores -= set.count
    this.budget.give(set.cost)
    set.isRemoved = true
    set.changed.wakeAll()
  }
}
