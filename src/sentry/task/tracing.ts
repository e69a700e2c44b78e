// Tracing: a task that another one traces by ptrace(2), which may look at it while it stands still, and not change it.

import {CLD_TRAPPED, plainInfo, SI_KERNEL, SI_USER} from '../../abi/siginfo.ts'
import {SIGKILL, SIGSTOP} from '../../abi/signal.ts'
import type {PendingSignal} from '../core/pending-signal.ts'
import type {Task} from '../core/task.ts'
import {unlessErrno} from '../core/unless-errno.ts'
import {tellOfStop} from './child-news.ts'

export class Tracing {
  readonly tracee: Task
  readonly tracer: Task
  /** The signal for which it stands still, and which it has not received; undefined: it runs. */
  stop: PendingSignal | undefined
  /** wait(2) has still to report the stop. */
  isNews = false
  /** The next signal of this number is the tracer's own. */
  #passed = 0

  private constructor(tracee: Task, tracer: Task) {
    this.tracee = tracee
    this.tracer = tracer
  }

  /** PTRACE_ATTACH: it stops soon. Precondition: it may be traced, and nobody does. */
  static begin(tracee: Task, tracer: Task): void {
    const tracing = new Tracing(tracee, tracer)
    tracee.tracing = tracing
    tracer.process.family.tracees.add(tracing)
    // A process that stands still takes no signal.
    if (tracee.process.signals.stopped) tracing.#halt({signal: SIGSTOP, info: plainInfo(SIGSTOP, SI_KERNEL)})
    else tracee.signals.raise(SIGSTOP)
  }

  /** A signal that the tracee would act on now. @returns whether it stops instead */
  takesSignal(pending: PendingSignal): boolean {
    const {signal} = pending
    if (signal === SIGKILL) return false
    const isPassed = this.#passed === signal
    this.#passed = 0
    if (isPassed) return false
    this.#halt(pending)
    return true
  }

  /** PTRACE_CONT. @param signal what it receives in place of the one that it stopped for; 0: nothing */
  resume(signal: number): void {
    const {tracee, stop} = this
    this.stop = undefined
    this.isNews = false
    tracee.signals.setWatch('none')
    if (signal !== 0) {
      this.#passed = signal
      const info = stop?.signal === signal ? stop.info : plainInfo(signal, SI_USER)
      // It may block the signal, so that it queues: a full queue drops it.
      unlessErrno(() => tracee.signals.raise(signal, info))
    }
    tracee.kernel.notify(tracee)
  }

  /** PTRACE_DETACH, and the tracer's end: the tracee goes on as if nobody had traced it. */
  end(signal = 0): void {
    this.forget()
    if (this.stop !== undefined) this.resume(signal)
  }

  /** The tracee ends, or becomes another program. */
  forget(): void {
    const {tracee, tracer} = this
    tracee.tracing = undefined
    tracer.process.family.tracees.delete(this)
    // It may wait for this one alone.
    tracer.process.family.news.wakeAll()
  }

  #halt(stop: PendingSignal): void {
    const {tracee, tracer} = this
    this.stop = stop
    this.isNews = true
    tracee.signals.setWatch('held')
    const {tid: pid, credentials} = tracee
    const news = {code: CLD_TRAPPED, status: stop.signal}
    tellOfStop(tracer.process, {pid, credentials, usage: {endedCpuNs: 0, endedSystemNs: 0}}, news)
  }
}

/** The task ends: nobody traces it, and it traces nobody. */
export function endTracing(task: Task): void {
  task.tracing?.forget()
  for (const tracing of task.process.family.tracees) if (tracing.tracer === task) tracing.end()
}
