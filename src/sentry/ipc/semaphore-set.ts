// SemaphoreSet: System V semaphores: semget(2), semop(2), semctl(2). The operations of one call are done all together or not at all.

import {EFBIG, ERANGE, Errno} from '../../abi/errno.ts'
import {IPC_NOWAIT, SEM_UNDO, SEMAEM, SEMMNI, SEMVMX} from '../../abi/ipc.ts'
import {COST} from '../../vfs/budget.ts'
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
    const values = new Map<number, number>()
    const adjustments = new Map<number, number>()
    for (const operation of operations) {
      const {index, change, flags} = operation
      const old = values.get(index) ?? this.values[index]
      const value = old + change
      if ((change === 0 && old !== 0) || value < 0) return operation
      if (flags & SEM_UNDO && change !== 0) {
        const adjusted = (adjustments.get(index) ?? undo!.adjustment(this, index)) - change
        if (adjusted < -SEMAEM - 1 || adjusted > SEMAEM) throw new Errno(ERANGE)
        adjustments.set(index, adjusted)
      }
      if (value > SEMVMX) throw new Errno(ERANGE)
      values.set(index, value)
    }
    for (const [index, value] of values) {
      this.values[index] = value
      this.pids[index] = pid
    }
    for (const [index, adjustment] of adjustments) undo!.set(this, index, adjustment)
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

  /** SETVAL and SETALL, from `first` on: no earlier change is undone. */
  set(first: number, values: readonly number[], pid: number): void {
    values.forEach((value, i) => {
      this.values[first + i] = value
      this.pids[first + i] = pid
      for (const undo of this.undos) undo.set(this, first + i, 0)
    })
    this.changedAt = this.clock.now().seconds
    this.changed.wakeAll()
  }
}

export function mayWait({flags}: SemaphoreOperation): boolean {
  return !(flags & IPC_NOWAIT)
}

/** What a set and its arrays cost. */
function costOf(count: number): number {
  return COST.semaphoreSet + count * (Uint16Array.BYTES_PER_ELEMENT + Int32Array.BYTES_PER_ELEMENT)
}

export class SemaphoreSets extends IpcTable<SemaphoreSet> {
  /** Of all sets. */
  semaphores = 0
  readonly #kernel: Pick<Kernel, 'budget' | 'vfs'>

  constructor(kernel: Pick<Kernel, 'budget' | 'vfs'>) {
    super(SEMMNI)
    this.#kernel = kernel
  }

  /** @throws Errno ENOMEM */
  create(permission: IpcPermission, count: number): SemaphoreSet {
    const {budget, vfs} = this.#kernel
    budget.take(costOf(count))
    this.semaphores += count
    return new SemaphoreSet(permission, count, vfs.clock)
  }

  /** Its sleepers are told. */
  override remove(set: SemaphoreSet): void {
    this.drop(set)
    for (const undo of [...set.undos]) undo.forget(set)
    this.semaphores -= set.count
    this.#kernel.budget.give(costOf(set.count))
    set.isRemoved = true
    set.changed.wakeAll()
  }
}
