// DebuggedProgram: a process and its threads as gdb's target: how they are stopped, for what reason, and how they go on.

import {faultInfo} from '../../abi/siginfo.ts'
import {SIGKILL, SIGTRAP} from '../../abi/signal.ts'
import {arch} from '../../arch/index.ts'
import type {Resumption, StepRange, Stop, Target} from '../../gdb/target.ts'
import type {Fault} from '../../platform/platform.ts'
import type {Waiter, WaitQueue} from '../../vfs/wait-queue.ts'
import type {Debugging} from '../core/debugging.ts'
import type {Kernel} from '../core/kernel.ts'
import type {PendingSignal} from '../core/pending-signal.ts'
import type {Process} from '../core/process.ts'
import type {Task} from '../core/task.ts'
import {ProgramView} from './program-view.ts'
import {Stepping} from './stepping.ts'
import {restartCall, sendOnward, type Thread} from './thread.ts'

/** si_code: asm-generic/siginfo.h. */
const TRAP_BRKPT = 1
const TRAP_TRACE = 2

export class DebuggedProgram extends ProgramView implements Target, Debugging, Waiter {
  wasRunning = false
  onStop: ((stop: Stop) => void) | undefined
  readonly #kernel: Kernel
  readonly #stepping = new Stepping(this.points.breakpoints)
  #passed: ReadonlySet<number> = new Set()
  /** Undefined: it runs. Otherwise all threads stand still, or are about to. */
  #stop: Stop | undefined
  /** Woken when all threads stand still, while some are about to stop. */
  #settling: WaitQueue | undefined
  /** All threads stand still, which is not yet reported. */
  #isSettled = false
  #isLeaving = false

  /** The process stands still from now on. Precondition: it has not run. */
  constructor(kernel: Kernel, process: Process) {
    super(kernel, process)
    this.#kernel = kernel
    kernel.debugging = this
    this.#stopAll({what: 'signal', thread: process.pid, signal: 0})
  }

  get isStopped(): boolean {
    return this.#stop !== undefined
  }

  /** Call after each return of the kernel's loop: reports what happened. */
  report(): void {
    while (this.#isSettled) {
      this.#isSettled = false
      if (this.process.exit === undefined) this.#stepping.endAll()
      if (this.#isLeaving && this.onStop !== undefined) this.#forgetLeaver()
      if (this.#isLeaving) this.detach()
      else this.onStop?.(this.#lastStop())
    }
  }

  resume(resumptions: readonly Resumption[]): void {
    this.#stop = undefined
    this.wasRunning = true
    let count = 0
    for (const task of [...this.process.tasks]) {
      const resumption = resumptions.find(({thread}) => thread === undefined || thread === task.tid)
      if (resumption === undefined) continue
      count++
      this.#go(task, resumption.kind, resumption.signal, resumption.range)
    }
    if (count === 0) this.#stopAll({what: 'nothing-left'})
  }

  interrupt(signal: number): void {
    if (this.#stop === undefined) this.#stopAll({what: 'signal', thread: this.#firstTid, signal})
    else if (!this.#isSettled && this.#settling === undefined) this.onStop?.(this.#lastStop())
  }

  passSignals(signals: ReadonlySet<number>): void {
    this.#passed = signals
  }

  kill(): void {
    this.#kernel.endProcess(this.process, undefined, SIGKILL)
  }

  detach(): void {
    this.onStop = undefined
    this.#isLeaving = false
    this.#passed = new Set()
    if (this.process.exit !== undefined) return
    this.points.clear(this.process.memoryMap)
    this.#stop = undefined
    for (const task of [...this.process.tasks]) this.#go(task, 'go', this.of(task).signal?.signal ?? 0)
  }

  /** The debugger is gone without a word: leaves nothing of it in the program, which runs on if it was running. */
  leave(): void {
    this.onStop = undefined
    this.#isLeaving = this.#stop === undefined || this.#settling !== undefined || this.#isSettled
    if (this.#isLeaving) this.#stopAll({what: 'signal', thread: this.#firstTid, signal: 0})
    else if (this.process.exit === undefined) this.points.clear(this.process.memoryMap)
  }

  override signalInfo(thread: number): Uint8Array | undefined {
    const stop = this.#stop
    const task = this.task(thread)
    if (task === undefined || stop === undefined || !('thread' in stop) || stop.thread !== thread)
      return super.signalInfo(thread)
    if (stop.what === 'signal' && stop.signal !== SIGTRAP) return super.signalInfo(thread)
    const code = stop.what === 'breakpoint' ? TRAP_BRKPT : TRAP_TRACE
    return faultInfo(SIGTRAP, code, arch.programCounter(task.context.readRegisters()))
  }

  started(task: Task): void {
    if (task.process === this.process) {
      if (this.#stop !== undefined) this.#hold(task)
      else if (this.points.isWatching) this.#go(task, 'go', 0)
    } else if (task.process.space !== this.process.space && task.process.family.parent === this.process) {
      this.points.breakpoints.removeFromCopy(task.process.memoryMap)
    }
  }

  left(task: Task): void {
    const thread = this.known.get(task)
    if (thread?.lifted !== undefined) this.points.breakpoints.lower(this.process.memoryMap, thread.lifted)
    this.known.delete(task)
    if (this.process.exit !== undefined) return
    this.#stepping.end(task, true)
    if (task.process !== this.process || this.#stop !== undefined) return
    const others = this.process.tasks.filter((other) => other !== task)
    if (others.every((other) => this.of(other).mode === 'held')) this.#stopAll({what: 'nothing-left'})
  }

  executed(task: Task): void {
    if (task.process !== this.process) return
    this.#stepping.end(task, true)
    this.points.clear(undefined)
    this.known.clear()
    this.#stop = undefined
    this.#stopAll({what: 'executed', thread: task.tid, path: this.executable() ?? task.process.program.path})
  }

  ended(process: Process): void {
    if (process !== this.process) return
    const {code, signal} = process.exit!
    this.#stop = signal === undefined ? {what: 'exited', code: code ?? 0} : {what: 'killed', signal}
    this.#isSettled = true
  }

  takesFault(task: Task, {signal, code}: Fault): boolean {
    if (signal !== SIGTRAP) return false
    if (code !== TRAP_TRACE) return this.#hit(task)
    if (!this.#stepping.isByFlag(task)) return false
    this.#stepped(task)
    return true
  }

  takesSignal(task: Task, pending: PendingSignal): boolean {
    const {signal} = pending
    if (task.process !== this.process || signal === SIGKILL) return false
    const thread = this.of(task)
    const isPassed = thread.passed === signal
    if (isPassed) thread.passed = 0
    if (isPassed || this.#passed.has(signal) || this.process.signals.ignores(signal)) {
      // The frame of its handler must not contain the flag.
      if (this.#stepping.isByFlag(task)) this.#stepping.begin(task)
      return false
    }
    thread.signal = pending
    this.#stopAll({what: 'signal', thread: task.tid, signal})
    return true
  }

  mayRun(task: Task): boolean {
    const thread = this.of(task)
    while (thread.mode === 'steps' && !this.#stepping.mayRun(task)) this.#stepped(task)
    return thread.mode !== 'held'
  }

  /** Another debugger came before the program went on without the last one: it stands still for that one. */
  #forgetLeaver(): void {
    this.#isLeaving = false
    this.#passed = new Set()
    if (this.process.exit === undefined) this.points.clear(this.process.memoryMap)
  }

  get #firstTid(): number {
    return this.process.tasks[0]?.tid ?? this.process.pid
  }

  /** The last stop, with a thread that still exists. */
  #lastStop(): Stop {
    const stop = this.#stop!
    if (!('thread' in stop) || this.task(stop.thread) !== undefined) return stop
    return {...stop, thread: this.#firstTid}
  }

  #stopAll(stop: Stop): void {
    if (this.#stop !== undefined) return
    this.#stop = stop
    for (const task of this.process.tasks) this.#hold(task)
    const {pending, done} = this.#kernel.barrier((task) => task.process === this.process)
    this.#settling = done
    if (pending.size > 0) done.join(this)
    else this.wake()
  }

  /** The last of its threads has stopped. */
  wake(): void {
    this.#settling?.leave(this)
    this.#settling = undefined
    this.#isSettled = true
    this.#kernel.pause()
  }

  #hold(task: Task): void {
    this.of(task).mode = 'held'
    task.signals.setWatch('held')
  }

  #go(task: Task, kind: 'go' | 'step', signal: number, range?: StepRange): void {
    const thread = this.of(task)
    sendOnward(task, thread, signal)
    restartCall(task, thread)
    const steps = kind === 'step' || this.points.isWatching
    thread.isAsked = kind === 'step'
    thread.range = range
    thread.mode = steps ? 'steps' : 'goes'
    if (steps) this.#stepping.begin(task)
    task.signals.setWatch(steps ? 'asked' : 'none')
    this.#kernel.notify(task)
  }

  /** @returns whether the task stands at a breakpoint */
  #hit(task: Task): boolean {
    if (task.process.space !== this.process.space) return false
    const registers = task.context.readRegisters()
    const address = arch.programCounter(registers) - arch.debug.behindBreakpoint
    if (!this.points.breakpoints.has(address)) return false
    arch.setProgramCounter(registers, address)
    task.context.writeRegisters(registers)
    if (this.#stepping.endsAt(task, address)) this.#stepped(task)
    else if (task.process !== this.process) this.#lift(task, address)
    else if (this.points.breakpoints.wants(address)) this.#stopAll({what: 'breakpoint', thread: task.tid})
    return true
  }

  /** A child of vfork(2) goes on as if there were no breakpoint. */
  #lift(task: Task, address: number): void {
    const thread = this.of(task)
    this.points.breakpoints.lift(this.process.memoryMap, address)
    thread.lifted = address
    thread.mode = 'steps'
    this.#stepping.begin(task)
    task.signals.setWatch('asked')
  }

  /** The task has made a step: it stops, or makes another. */
  #stepped(task: Task): void {
    const thread = this.of(task)
    this.#stepping.end(task)
    if (thread.lifted !== undefined) {
      this.points.breakpoints.lower(this.process.memoryMap, thread.lifted)
      thread.lifted = undefined
      this.#goFreely(task, thread)
    } else if (thread.mode === 'steps') {
      const changed = this.points.changed(this.process.memoryMap)
      if (changed !== undefined)
        this.#stopAll({what: 'watchpoint', thread: task.tid, address: BigInt(changed)})
      else if (thread.isAsked && !this.#isInRange(task, thread))
        this.#stopAll({what: 'signal', thread: task.tid, signal: SIGTRAP})
      else if (thread.isAsked || this.points.isWatching) this.#stepping.begin(task)
      else this.#goFreely(task, thread)
    }
  }

  #goFreely(task: Task, thread: Thread): void {
    thread.mode = 'goes'
    task.signals.setWatch('none')
  }

  #isInRange(task: Task, {range}: Thread): boolean {
    if (range === undefined) return false
    const at = BigInt(arch.programCounter(task.context.readRegisters()))
    return at >= range.address && at < range.end
  }
}
