// CallCatcher: stops a program at the system calls that a debugger catches, before and after.

import type {CaughtCalls, Stop} from '../../gdb/target.ts'
import type {Kernel} from '../core/kernel.ts'
import type {Task} from '../core/task.ts'
import {addTracer, removeTracer, type Tracer} from '../core/tracer.ts'
import {holdCall} from './caught-call.ts'
import type {Thread} from './thread.ts'

export class CallCatcher implements Tracer {
  readonly #kernel: Kernel
  readonly #threadOf: (task: Task) => Thread
  readonly #callsOf: (task: Task) => CaughtCalls
  readonly #stop: (stop: Stop) => void
  #isOn = false

  /** @param callsOf at which the task stops */
  constructor(
    kernel: Kernel,
    threadOf: (task: Task) => Thread,
    callsOf: (task: Task) => CaughtCalls,
    stop: (stop: Stop) => void,
  ) {
    this.#kernel = kernel
    this.#threadOf = threadOf
    this.#callsOf = callsOf
    this.#stop = stop
  }

  /** Without a tracer, no call asks. */
  turn(on: boolean): void {
    if (on === this.#isOn) return
    this.#isOn = on
    if (on) addTracer(this.#kernel, this)
    else removeTracer(this.#kernel, this)
  }

  /** A call before it is made. @returns whether the task sleeps before it */
  takes(task: Task): boolean {
    const call = task.context.callNumber
    if (!catches(this.#callsOf(task), call)) return false
    const thread = this.#threadOf(task)
    // The debugger changed its registers, so it is made anew.
    if (thread.call === call) return false
    thread.call = call
    thread.fork = undefined
    holdCall(task)
    this.#stop({what: 'syscall_entry', thread: task.tid, call})
    return true
  }

  leave(task: Task): void {
    const calls = this.#callsOf(task)
    if (calls === 'none') return
    const thread = this.#threadOf(task)
    const {callNumber} = task.context
    const call = thread.call ?? (thread.fork === callNumber ? callNumber : undefined)
    thread.call = undefined
    thread.fork = undefined
    if (call !== undefined && catches(calls, call))
      this.#stop({what: 'syscall_return', thread: task.tid, call})
  }

  enter(): void {}
  blocked(): void {}
  signal(): void {}
  exited(): void {}
  detached(): void {}
}

function catches(calls: CaughtCalls, call: number): boolean {
  return typeof calls === 'string' ? calls === 'all' : calls.has(call)
}
