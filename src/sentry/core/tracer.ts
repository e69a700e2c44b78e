// Tracer: watches the system calls, while a trace is on (trace/): `kernel.tracer`, which stands for all if there are several.

import type {Kernel} from './kernel.ts'
import type {Process} from './process.ts'
import type {Row} from './syscall.ts'
import type {Task} from './task.ts'

/** It may be set and taken away while calls are under way: `leave` and `blocked` may come without an `enter`. */
export interface Tracer {
  /** A call begins, with the context's argument words. `row` is undefined for an unknown number. */
  enter(task: Task, row: Row | undefined): void
  /** The call sleeps until `leave`. Also told of a call that ended its task: then it comes after `exited`. */
  blocked(task: Task): void
  /** The call is done. `result` as the guest sees it: -errno for an error; undefined: it stored the registers itself. */
  leave(task: Task, result: number | undefined): void
  /** A handler runs, or the process dies of the signal. `info` is a siginfo_t. */
  signal(task: Task, signal: number, info: Uint8Array): void
  /** The process has ended: `process.exit` says how. */
  exited(process: Process): void
  /** The tracer is removed: calls under way are no longer watched. */
  detached(): void
}

/** From the next call on, this one is told, too. */
export function addTracer(kernel: Pick<Kernel, 'tracer'>, tracer: Tracer): void {
  kernel.tracer = kernel.tracer === undefined ? tracer : new TracerList([...tracersOf(kernel), tracer])
}

/** It is told no more; nothing happens if it was not. */
export function removeTracer(kernel: Pick<Kernel, 'tracer'>, tracer: Tracer): void {
  const left = tracersOf(kernel).filter((other) => other !== tracer)
  kernel.tracer = left.length > 1 ? new TracerList(left) : left[0]
  tracer.detached()
}

function tracersOf({tracer}: Pick<Kernel, 'tracer'>): readonly Tracer[] {
  if (tracer === undefined) return []
  return tracer instanceof TracerList ? tracer.tracers : [tracer]
}

/** The last one begins a call last and ends it first: the times that it measures are without the work of the others. */
class TracerList implements Tracer {
  readonly tracers: readonly Tracer[]
  readonly #lastFirst: readonly Tracer[]

  constructor(tracers: readonly Tracer[]) {
    this.tracers = tracers
    this.#lastFirst = tracers.toReversed()
  }

  enter(task: Task, row: Row | undefined): void {
    for (const tracer of this.tracers) tracer.enter(task, row)
  }

  blocked(task: Task): void {
    for (const tracer of this.#lastFirst) tracer.blocked(task)
  }

  leave(task: Task, result: number | undefined): void {
    for (const tracer of this.#lastFirst) tracer.leave(task, result)
  }

  signal(task: Task, signal: number, info: Uint8Array): void {
    for (const tracer of this.tracers) tracer.signal(task, signal, info)
  }

  exited(process: Process): void {
    for (const tracer of this.tracers) tracer.exited(process)
  }

  detached(): void {
    for (const tracer of this.tracers) tracer.detached()
  }
}
