// SemaphoreUndo: how a task's end changes semaphores: SEM_UNDO of semop(2). CLONE_SYSVSEM shares it, execve(2) keeps it.

import {SEMVMX} from '../../abi/ipc.ts'
import {type Budget, COST} from '../../vfs/budget.ts'
import type {SemaphoreSet} from './semaphore-set.ts'

export class SemaphoreUndo {
  /** What is added to each semaphore of a set. */
  readonly #adjustments = new Map<SemaphoreSet, Int16Array>()
  readonly #budget: Budget
  #users = 1

  constructor(budget: Budget) {
    this.#budget = budget
  }

  adjustment(set: SemaphoreSet, index: number): number {
    return this.#adjustments.get(set)?.[index] ?? 0
  }

  /** Makes room for a set's adjustments, before an operation is done. @throws Errno ENOMEM */
  reserve(set: SemaphoreSet): void {
    if (this.#adjustments.has(set)) return
    this.#budget.take(costOf(set))
    this.#adjustments.set(set, new Int16Array(set.count))
    set.undos.add(this)
  }

  /** Precondition: reserved, and the adjustment is in range. */
  set(set: SemaphoreSet, index: number, adjustment: number): void {
    this.#adjustments.get(set)![index] = adjustment
  }

  /** The set is gone. */
  forget(set: SemaphoreSet): void {
    if (!this.#adjustments.delete(set)) return
    set.undos.delete(this)
    this.#budget.give(costOf(set))
  }

  /** One more task uses it. */
  share(): this {
    this.#users++
    return this
  }

  /** A task of process `pid` has ended. The last one undoes everything: values stay in their range, and nothing waits. */
  release(pid: number): void {
    if (--this.#users > 0) return
    for (const [set, adjustments] of [...this.#adjustments]) {
      adjustments.forEach((adjustment, index) => {
        if (adjustment === 0) return
        set.values[index] = Math.min(Math.max(set.values[index] + adjustment, 0), SEMVMX)
        set.pids[index] = pid
      })
      this.forget(set)
      set.operatedAt = set.clock.now().seconds
      set.changed.wakeAll()
    }
  }
}

function costOf({count}: SemaphoreSet): number {
  return COST.semaphoreUndo + count * Int16Array.BYTES_PER_ELEMENT
}
