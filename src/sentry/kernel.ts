// Kernel: what all tasks share, and the loop that runs them.

import {SIGKILL} from '../abi/signal.ts'
import {HvError} from '../errors.ts'
import {
  EVENT_DEAD,
  EVENT_DEADLINE,
  EVENT_FAULT,
  EVENT_PREEMPTED,
  EVENT_READY,
  EVENT_SYSCALL,
  type EventKind,
  type Platform,
} from '../platform/platform.ts'
import {Budget} from '../vfs/budget.ts'
import type {Mount} from '../vfs/location.ts'
import {ClockPage} from './clock.ts'
import {Counters} from './counters.ts'
import {dispatch, retry} from './dispatch.ts'
import {handleFault} from './handle-fault.ts'
import {monotonicNs} from './host-clock.ts'
import {HostWatch} from './host-watch.ts'
import {Leases} from './leases.ts'
import {isOutgrown} from './outgrown.ts'
import type {Process} from './process.ts'
import {deliver, hasDeliverable, interruptWait} from './signals/deliver.ts'
import {Sleep} from './sleep.ts'
import type {Task} from './task.ts'
import {TimerQueue} from './timers.ts'
import type {Tracer} from './tracer.ts'
import type {Vdso} from './vdso.ts'

/** How long a task runs while others wait for their turn. */
const TIME_SLICE_NS = 10_000_000

export class Kernel {
  readonly platform: Platform
  readonly timers = new TimerQueue()
  readonly counters = new Counters()
  /** By pid. */
  readonly processes = new Map<number, Process>()
  /** By tid. */
  readonly tasks = new Map<number, Task>()
  /** The tree of mounts starts here. */
  readonly rootMount: Mount
  /** uname(2)'s nodename; sethostname changes it. */
  hostname: string
  readonly budget: Budget
  tracer: Tracer | undefined
  /** Whose call is being answered, or was last: /proc/self. */
  current: Task | undefined
  /** The vDSO's variables; absent: programs make system calls for the time. */
  vdso: Vdso | undefined
  /** Called for ready host descriptors that no task waits for: the embedder's. */
  onReady: ((fd: number) => void) | undefined
  /** Called when a signal has stopped a process: the embedder's. */
  onStopped: ((process: Process, signal: number) => void) | undefined
  readonly #watch: HostWatch
  /** Tasks that can run, in turn. The first one is what the platform runs, when `#running` is set. */
  readonly #queue: Task[] = []
  #running: Task | undefined
  #isPaused = false
  readonly #asleep = new Map<Task, Sleep>()
  readonly #woken = new Set<Sleep>()
  /** Stopped by a signal: nothing but SIGCONT or SIGKILL makes them run. */
  readonly #stopped = new Set<Task>()
  readonly leases = new Leases()
  /** The page behind the vDSO's clocks, once a program asked for the time. */
  #clock: ClockPage | undefined
  /** When the running task's turn is over, while others wait for theirs. */
  #sliceEndNs = 0
  #sleptNs = 0
  #sleepingSinceNs = 0

  constructor(platform: Platform, rootMount: Mount, hostname: string, budget = new Budget()) {
    this.platform = platform
    this.rootMount = rootMount
    this.hostname = hostname
    this.budget = budget
    this.#watch = new HostWatch(platform)
  }

  /** The guest's CLOCK_MONOTONIC, nanoseconds: the host's. */
  monotonicNs(): number {
    return monotonicNs()
  }

  /** A program made a system call for the time: from now on the vDSO answers. */
  startClock(): void {
    if (this.vdso !== undefined && this.platform.hasHostCycles)
      this.#clock ??= new ClockPage(this.platform.memory, this.vdso.variablesOffset)
  }

  /** How long the process has run so far, nanoseconds; it never decreases. Not counted: while all its tasks sleep. */
  cpuTimeNs(process: Process): number {
    return monotonicNs() - process.startedNs - (this.#sleptNs - process.sleptBeforeNs)
  }

  /** A new task: it runs when its turn comes. */
  start(process: Process, task: Task): void {
    process.sleptBeforeNs = this.#sleptNs
    this.processes.set(process.pid, process)
    process.tasks.push(task)
    this.tasks.set(task.tid, task)
    task.signals.attach(task)
    this.#queue.push(task)
  }

  /** Runs all tasks until `process` has ended, or until `pause`. @throws HvError VCPU_FAILED */
  run(process: Process): void {
    this.#isPaused = false
    while (process.exit === undefined && !this.#isPaused) {
      try {
        this.#turn()
      } catch (error) {
        if (!isOutgrown(error)) throw error
        const grower = this.current?.process ?? process
        grower.outgrown = error.message
        this.endProcess(grower, undefined, SIGKILL)
      }
    }
  }

  /** For `onReady`: `run` returns, and may be called again. */
  pause(): void {
    this.#isPaused = true
  }

  /** Makes a blocked task's call end with EINTR or restart, and a running one trap, so that it sees its signals. */
  notify(task: Task): void {
    const sleep = this.#asleep.get(task)
    if (sleep !== undefined) this.#woken.add(sleep)
    else if (this.#stopped.delete(task)) this.#queue.push(task)
    else if (task === this.#running) this.platform.interrupt(task.context)
  }

  /** Ends the process: exit_group(2), or death by `signal`. Its tasks never run again. */
  endProcess(process: Process, code: number | undefined, signal: number | undefined): void {
    if (process.exit !== undefined) return
    process.exit = {code, signal}
    for (const task of [...process.tasks]) this.#forget(task)
    this.tracer?.exited(process)
    this.processes.delete(process.pid)
  }

  /** Ends one task: exit(2); with the last one the process ends. */
  endTask(task: Task, code: number): void {
    const {process} = task
    if (process.tasks.length === 1) this.endProcess(process, code, undefined)
    else this.#forget(task)
  }

  #turn(): void {
    if (this.#woken.size > 0) this.#retryWoken()
    if (this.#running === undefined) this.#resumeNext()
    // The last one died of a signal just now.
    if (this.#running === undefined && this.tasks.size === 0) return
    const deadlineNs = this.#nextDeadlineNs()
    const idle = this.#running === undefined
    if (idle) this.#sleepingSinceNs = monotonicNs()
    const event = this.platform.wait(deadlineNs)
    if (idle) this.#sleptNs += monotonicNs() - this.#sleepingSinceNs
    this.#handle(event)
  }

  #nextDeadlineNs(): number {
    let deadlineNs = this.timers.nextDeadlineNs
    if (this.#running === undefined) return deadlineNs
    // The page is read by running programs alone.
    const clockNs = this.#clock?.dueNs ?? Number.POSITIVE_INFINITY
    if (clockNs < deadlineNs) deadlineNs = clockNs
    if (this.#queue.length > 1) deadlineNs = Math.min(deadlineNs, this.#sliceEndNs)
    return deadlineNs
  }

  #resumeNext(): void {
    while (this.#queue.length > 0) {
      const task = this.#queue[0]
      const {signals} = task
      if ((signals.attention !== 0 || signals.next !== undefined) && !deliver(task)) {
        this.#park(task)
        continue
      }
      if (this.#queue.length > 1) this.#sliceEndNs = monotonicNs() + TIME_SLICE_NS
      this.#running = task
      this.platform.resume(task.context, task.process.space)
      return
    }
  }

  #handle(event: EventKind): void {
    switch (event) {
      case EVENT_SYSCALL:
        this.#trapped(dispatch)
        break
      case EVENT_FAULT:
        this.#trapped(handleFault)
        break
      case EVENT_PREEMPTED:
        this.#trapped(() => true)
        break
      case EVENT_READY:
        this.#ready()
        break
      case EVENT_DEADLINE:
        this.#deadline()
        break
      case EVENT_DEAD:
        this.#died()
        break
    }
  }

  /** The platform lost what ran. */
  #died(): void {
    const {death, deathSignal} = this.platform
    if (deathSignal === 0) throw new HvError('VCPU_FAILED', `the guest's processor stopped: ${death}`)
    const {process} = this.#running!
    this.#running = undefined
    this.endProcess(process, undefined, deathSignal)
  }

  /** What ran has stopped: `answer` says whether it runs on. */
  #trapped(answer: (task: Task) => boolean): void {
    const task = this.#running!
    this.#running = undefined
    if (answer(task)) {
      if (this.#queue.length > 1) this.#queue.push(this.#queue.shift()!)
    } else if (task.process.exit === undefined) {
      this.#queue.shift()
      this.#sleep(task)
    }
  }

  #sleep(task: Task): void {
    const sleep = new Sleep(task, task.wait!, this.#watch, this.timers, (woken) => this.#woken.add(woken))
    this.#asleep.set(task, sleep)
    sleep.begin()
    // A signal that is pending already.
    if (task.signals.attention !== 0) this.#woken.add(sleep)
  }

  #retryWoken(): void {
    for (const sleep of [...this.#woken]) {
      this.#woken.delete(sleep)
      const {task} = sleep
      if (this.#asleep.get(task) !== sleep) continue
      if (sleep.isInterruptible && hasDeliverable(task)) {
        this.#wake(sleep)
        interruptWait(task)
        this.tracer?.leave(task, undefined)
      } else if (task.process.exit === undefined && retry(task, sleep.expired)) {
        this.#wake(sleep)
      } else if (task.process.exit === undefined && task.wait !== sleep.wait) {
        sleep.end()
        this.#sleep(task)
      }
    }
  }

  #wake(sleep: Sleep): void {
    sleep.end()
    this.#asleep.delete(sleep.task)
    this.#queue.push(sleep.task)
  }

  /** Its process stopped, or ended. */
  #park(task: Task): void {
    const index = this.#queue.indexOf(task)
    if (index >= 0) this.#queue.splice(index, 1)
    if (task.process.exit === undefined) this.#stopped.add(task)
  }

  #ready(): void {
    const {ready} = this.platform
    this.#watch.wake(ready)
    if (this.onReady !== undefined) for (const [fd] of ready) this.onReady(fd)
  }

  #deadline(): void {
    const nowNs = monotonicNs()
    this.timers.runExpired(nowNs)
    if (this.#clock !== undefined && nowNs >= this.#clock.dueNs) this.#clock.refresh()
    const running = this.#running
    if (running !== undefined && this.#queue.length > 1 && nowNs >= this.#sliceEndNs) {
      this.platform.interrupt(running.context)
    }
  }

  #forget(task: Task): void {
    this.#asleep.get(task)?.end()
    this.#asleep.delete(task)
    this.#stopped.delete(task)
    const index = this.#queue.indexOf(task)
    if (index >= 0) this.#queue.splice(index, 1)
    task.process.tasks.splice(task.process.tasks.indexOf(task), 1)
    task.signals.detach()
    this.tasks.delete(task.tid)
  }
}
