// Stops: why debugged tasks stand still: the stop that the debugger is told of next, and what happened meanwhile.

import type {Stop} from '../../gdb/target.ts'
import type {Waiter, WaitQueue} from '../../vfs/wait-queue.ts'
import type {Kernel} from '../core/kernel.ts'
import type {Task} from '../core/task.ts'

/** The others happen again when the task goes on. */
const HAPPENS_ONCE: ReadonlySet<Stop['what']> = new Set<Stop['what']>([
  ...(['fork', 'vfork', 'vforkdone', 'executed', 'exited', 'killed'] as const),
  ...(['syscall_entry', 'syscall_return', 'thread-created', 'thread-exited'] as const),
])

export class Stops implements Waiter {
  readonly #kernel: Kernel
  /** Undefined: the tasks run. Otherwise all stand still, or are about to. */
  last: Stop | undefined
  #untold: Stop[] = []
  /** Woken when all stand still, while some are about to stop. */
  #settling: WaitQueue | undefined
  #isSettled = false

  constructor(kernel: Kernel) {
    this.#kernel = kernel
  }

  get untold(): readonly Stop[] {
    return this.#untold
  }

  /** The last one is still to be told. */
  get isNews(): boolean {
    return this.#settling !== undefined || this.#isSettled
  }

  /** All stand still, and are to be reported. Asks once. */
  takeSettled(): boolean {
    const isSettled = this.#isSettled
    this.#isSettled = false
    return isSettled
  }

  /** @returns whether the tasks must be held: `settle` follows. Otherwise they already are */
  begin(stop: Stop): boolean {
    if (this.last === undefined) this.last = stop
    else if (HAPPENS_ONCE.has(stop.what)) this.#untold.push(stop)
    return this.last === stop
  }

  /** For when its thread goes on, which stands still while others run. */
  defer(stop: Stop): void {
    this.#untold.push(stop)
  }

  /** Completes when no task that `isMeant` is on a CPU. */
  settle(isMeant: (task: Task) => boolean): void {
    const {pending, done} = this.#kernel.barrier(isMeant)
    this.#settling = done
    if (pending.size > 0) done.join(this)
    else this.wake()
  }

  /** The last of the tasks has stopped. */
  wake(): void {
    this.#settling?.leave(this)
    this.#settling = undefined
    this.replace(this.last!)
  }

  /** To be told in place of the last one. Precondition: all stand still. */
  replace(stop: Stop): void {
    this.last = stop
    this.#isSettled = true
    this.#kernel.pause()
  }

  /** The first untold one that is meant. */
  takeUntold(isMeant: (stop: Stop) => boolean): Stop | undefined {
    const index = this.#untold.findIndex(isMeant)
    return index < 0 ? undefined : this.#untold.splice(index, 1)[0]
  }
}
