// SentryKernel: what all tasks share, and the loop that runs them.

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
import {FileLockTable} from '../vfs/file-locks.ts'
import type {Mount} from '../vfs/location.ts'
import {dispatch} from './call/dispatch.ts'
import {handleFault} from './call/handle-fault.ts'
import {Sleepers} from './call/sleepers.ts'
import type {CallTable} from './core/call-table.ts'
import type {Process} from './core/process.ts'
import type {Task} from './core/task.ts'
import type {Tracer} from './core/tracer.ts'
import {Embedding} from './embedding.ts'
import {EpollPasses} from './fd/epoll-nesting.ts'
import {HostWatch} from './fd/host-watch.ts'
import {InotifyCounts} from './fd/inotify.ts'
import {Leases} from './fd/leases.ts'
import {KernelIpc} from './ipc/kernel-ipc.ts'
import {SocketFamilies} from './net/socket-families.ts'
import {deliver} from './signals/deliver.ts'
import {publishResults} from './task/cached-results.ts'
import type {Barrier} from './task/cpu/barriers.ts'
import {CpuUse} from './task/cpu/cpu-use.ts'
import {Load} from './task/cpu/load.ts'
import {Scheduler} from './task/cpu/scheduler.ts'
import {answerTimed} from './task/cpu/system-time.ts'
import {endProcess} from './task/exit.ts'
import {createInit} from './task/init.ts'
import {register} from './task/make.ts'
import {isOutgrown} from './task/outgrown.ts'
import {Pids} from './task/pids.ts'
import {Runs} from './task/runs.ts'
import {BootClock} from './time/boot-clock.ts'
import {ClockPage} from './time/clock.ts'
import {TimerQueue} from './time/timers.ts'

declare module './core/kernel.ts' {
  interface Kernel extends SentryKernel {}
}

export class SentryKernel extends Embedding {
  readonly platform: Platform
  /** What the calls of a program without restrictions do. */
  readonly calls: CallTable
  readonly timers = new TimerQueue(this.host.clock)
  readonly pids: Pids
  /** By pid, with zombies. */
  readonly processes = new Map<number, Process>()
  /** By tid. */
  readonly tasks = new Map<number, Task>()
  /** Pid 1: the parent of the first program and of orphans, which it waits for. It runs nothing. */
  readonly init: Process
  /** The root of the mount tree. */
  readonly rootMount: Mount
  /** uname(2)'s nodename; sethostname changes it. */
  hostname: string
  /** /proc/sys/vm/memfd_noexec. */
  memfdNoexec = 0
  readonly budget: Budget
  #tracer: Tracer | undefined
  /** The task whose call or fault is being answered, or was last: /proc/self. */
  current: Task | undefined
  readonly runs = new Runs(this)
  /** Started tasks, and faults, of all runs: /proc/stat and vmstat. */
  started = 0
  faults = 0
  readonly leases = new Leases()
  readonly ipc = new KernelIpc(this)
  readonly socketFamilies: SocketFamilies
  readonly boot = new BootClock(this.host.clock)
  readonly cpuUse: CpuUse
  readonly load = new Load(this.monotonicNs())
  readonly inotify = new InotifyCounts()
  readonly epollPasses = new EpollPasses()
  readonly fileLocks: FileLockTable
  readonly #scheduler: Scheduler
  readonly #sleepers: Sleepers
  readonly hostWatch: HostWatch
  /** Stopped by a signal: only SIGCONT or SIGKILL makes them run. */
  readonly #stopped = new Set<Task>()
  #isPaused = false
  /** The page that the vDSO's clocks read, once a program has asked for the time. */
  #clock: ClockPage | undefined

  /** @param maxTasks the most tasks at a time: EAGAIN beyond it */
  constructor(
    platform: Platform,
    calls: CallTable,
    rootMount: Mount,
    hostname: string,
    budget = new Budget(),
    maxTasks?: number,
  ) {
    super(rootMount.vfs)
    this.platform = platform
    this.calls = calls
    this.rootMount = rootMount
    this.hostname = hostname
    this.budget = budget
    this.fileLocks = new FileLockTable(budget)
    this.socketFamilies = new SocketFamilies(this.vfs, budget)
    this.pids = new Pids(this, maxTasks)
    this.cpuUse = new CpuUse(platform.cpus)
    this.#scheduler = new Scheduler(platform, this.host.clock, this.cpuUse)
    this.hostWatch = new HostWatch(platform)
    this.#sleepers = new Sleepers(this, this.#scheduler, this.hostWatch)
    this.init = createInit(this)
  }

  get tracer(): Tracer | undefined {
    return this.#tracer
  }

  set tracer(tracer: Tracer | undefined) {
    this.#tracer = tracer
    for (const task of this.tasks.values()) publishResults(task)
  }

  monotonicNs(): number {
    return this.host.clock.monotonicNs()
  }

  /** A program made a system call for the time: from now on, the vDSO answers. */
  startClock(): void {
    if (this.vdso !== undefined && this.platform.hasHostCycles)
      this.#clock ??= new ClockPage(this.platform.memory, this.vdso.variablesOffset, this.boot)
  }

  /** A new task: it runs when its turn comes. */
  start(process: Process, task: Task): void {
    register(this, process, task)
    this.debugging?.started(task)
    this.#scheduler.wake(task)
  }

  /**
   * Runs all tasks until `process` has ended, or the first process of any run, or until `pause`. Without `process`, it waits for `pause`
   * also when there are no tasks.
   * @throws HvError VCPU_FAILED
   */
  run(process?: Process): void {
    this.#isPaused = false
    while (process?.exit === undefined && !this.#isPaused) {
      try {
        this.#turn(process)
      } catch (error) {
        const grower = this.current?.process ?? process
        if (grower === undefined || !isOutgrown(error)) throw error
        grower.end.outgrown = error.message
        this.endProcess(grower, undefined, SIGKILL)
      }
    }
  }

  /** Makes `run` return; it may be called again. */
  pause(): void {
    this.#isPaused = true
  }

  /** Makes a blocked task's call end with EINTR or restart, and a running one trap, so that it sees its signals. */
  notify(task: Task): void {
    if (this.#sleepers.wake(task)) return
    if (this.#stopped.delete(task)) this.#scheduler.wake(task)
    else this.#scheduler.interrupt(task)
  }

  /** Its tasks run no longer. Only for its end. */
  standStill({tasks}: Process): void {
    for (const task of tasks) this.#scheduler.remove(task)
  }

  /** The call that it sleeps in ends with EINTR: for a debugger that writes its registers. */
  abandonCall(task: Task): void {
    this.#sleepers.interrupt(task)
  }

  /** Its CPUs were chosen anew: a task that runs on another one traps, and moves to one of them. */
  move(task: Task): void {
    if (task.scheduling.isMoving) this.#scheduler.interrupt(task)
  }

  /** Completes when each task that is on a CPU and `isMeant` has trapped: membarrier(2). */
  barrier(isMeant: (task: Task) => boolean): Barrier {
    return this.#scheduler.barrier(isMeant)
  }

  /** Ends the process: exit_group(2), or death by `signal`. Its tasks never run again. */
  endProcess(process: Process, code: number | undefined, signal: number | undefined): void {
    endProcess(this, process, {code, signal})
  }

  /** Nobody runs it, wakes it or waits for it any longer. Only for its end. */
  forget(task: Task): void {
    this.#sleepers.forget(task)
    this.#scheduler.remove(task)
    this.#stopped.delete(task)
    this.tasks.delete(task.tid)
  }

  #turn(first: Process | undefined): void {
    this.#sleepers.retryWoken()
    this.#scheduler.fill(this.#prepare)
    // A task has just died of a signal, and others wait for that; or the first process of a run, or the last of all, has ended.
    if (this.#isPaused || this.#sleepers.hasWoken || first?.exit !== undefined) return
    if (first !== undefined && this.#scheduler.isIdle && this.tasks.size === 1) return
    const event = this.platform.wait(this.#nextDeadlineNs())
    this.vfs.nextTurn()
    this.#handle(event)
  }

  /** Signals come first. */
  readonly #prepare = (task: Task): boolean => {
    const {signals} = task
    if ((signals.attention === 0 && signals.next === undefined) || deliver(task)) return true
    if (this.tasks.get(task.tid) === task) this.#stopped.add(task)
    return false
  }

  #nextDeadlineNs(): number {
    const deadlineNs = this.timers.nextDeadlineNs
    if (this.#scheduler.isIdle) return deadlineNs
    // Only running programs read the page.
    const clockNs = this.#clock?.dueNs ?? Number.POSITIVE_INFINITY
    return Math.min(deadlineNs, clockNs, this.#scheduler.dueNs)
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

  /** The running task has stopped: `answer` decides whether it runs on. */
  #trapped(answer: (task: Task) => boolean): void {
    const task = this.#scheduler.takeTrapped()
    if (task.systemTime.isDue ? answerTimed(task, answer, this.platform.costs) : answer(task)) {
      this.#scheduler.goOn(task)
    } else if (task.wait !== undefined && this.tasks.get(task.tid) === task) {
      this.#scheduler.leave(task)
      this.#sleepers.add(task)
    }
  }

  /** The platform lost the running task. */
  #died(): void {
    const {death, deathSignal} = this.platform
    if (deathSignal === 0) throw new HvError('VCPU_FAILED', `the guest's processor stopped: ${death}`)
    this.endProcess(this.#scheduler.takeTrapped().process, undefined, deathSignal)
  }

  #ready(): void {
    const {ready} = this.platform
    this.hostWatch.wake(ready)
    for (const observer of this.observers) for (const [fd] of ready) observer.ready?.(fd)
  }

  #deadline(): void {
    const nowNs = this.monotonicNs()
    this.timers.runExpired(nowNs)
    if (this.#clock !== undefined && nowNs >= this.#clock.dueNs) this.#clock.refresh()
    this.#scheduler.keepTime(nowNs)
  }
}
