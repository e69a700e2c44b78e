// DebuggedProgram: a program and the processes that it makes as gdb's target: what stops them, and how they go on.

import {faultInfo} from '../../abi/siginfo.ts'
import {SIGKILL, SIGTRAP} from '../../abi/signal.ts'
import {arch} from '../../arch/index.ts'
import type {Programs} from '../../gdb/programs.ts'
import type {CaughtCalls, ForkKind, Resumption, Stop, Target} from '../../gdb/target.ts'
import type {Debugging} from '../core/debugging.ts'
import type {Kernel} from '../core/kernel.ts'
import type {Process} from '../core/process.ts'
import type {Task} from '../core/task.ts'
import {DebuggedMemory} from './debugged-memory.ts'
import {ForkingProgram} from './forking-program.ts'

/** si_code: asm-generic/siginfo.h. */
const TRAP_BRKPT = 1
const TRAP_TRACE = 2
/** Said of a program that stands still, and not of what was just done. */
const LASTS: ReadonlySet<Stop['what']> = new Set<Stop['what']>(['signal', 'breakpoint', 'watchpoint'])

export class DebuggedProgram extends ForkingProgram implements Target, Debugging {
  wasRunning: boolean
  programs: Programs | undefined
  /** It runs without a debugger when the debugger leaves, however that does. */
  readonly #isAttached: boolean
  #isLeaving = false
  #tellsThreads = false
  /** The debugger ends processes, and needs not be told. */
  #isKilling = false

  /**
   * The process stands still from now on, and without a debugger, too, if it has not run.
   * @param hasRun it is attached to while it runs, and runs on when the debugger leaves: then this is of no more use
   */
  constructor(kernel: Kernel, process: Process, hasRun = false) {
    super(kernel, process)
    this.wasRunning = hasRun
    this.#isAttached = hasRun
    this.add(process, new DebuggedMemory(process.space), true)
    kernel.debugging = this
    this.stopAll({what: 'signal', thread: this.#firstTid, signal: 0})
  }

  /** Another program takes the place of the one that has ended: it stands still before its first instruction. */
  begin(process: Process): void {
    this.first = process
    this.wasRunning = false
    this.add(process, new DebuggedMemory(process.space), true)
    this.stops.last = undefined
    this.stopAll({what: 'signal', thread: process.pid, signal: SIGTRAP})
  }

  get isStopped(): boolean {
    return this.stops.last !== undefined
  }

  /** A debugger is there, and a process for it, or it may start one. */
  get isHeld(): boolean {
    return this.onStop !== undefined && (this.hasProcess || this.programs?.stays === true)
  }

  /** The debugger has left it: nothing of it is debugged. */
  get isLeft(): boolean {
    return this.kernel.debugging !== this
  }

  get hasUntold(): boolean {
    return this.stops.untold.length > 0
  }

  /** Call after each return of the kernel's loop: reports what happened. */
  report(): void {
    while (this.stops.takeSettled()) {
      this.endSteps()
      this.leaveTrampolines()
      if (this.#isLeaving && this.onStop !== undefined) this.#forgetLeaver()
      if (this.#isLeaving) this.detach()
      else this.#tell()
    }
  }

  resume(resumptions: readonly Resumption[]): void {
    this.stops.last = undefined
    this.wasRunning = true
    const isMeant = (tid: number | undefined, pid: number) => (resumption: Resumption) =>
      resumption.thread === undefined ? (resumption.process ?? pid) === pid : resumption.thread === tid
    let count = 0
    for (const task of this.tasks()) {
      const resumption = resumptions.find(isMeant(task.tid, task.process.pid))
      if (resumption === undefined || !this.inferiors.get(task.process)!.isTold) continue
      count++
      this.go(task, resumption.kind, resumption.signal, resumption.range)
    }
    const next = this.stops.takeUntold((stop) => {
      const tid = 'thread' in stop ? stop.thread : undefined
      return resumptions.some(isMeant(tid, this.pidOf(stop)))
    })
    if (next !== undefined) this.stopAll(next)
    else if (count === 0) this.stopAll({what: 'nothing-left'})
  }

  interrupt(signal: number): void {
    if (!this.isStopped) this.stopAll({what: 'signal', thread: this.#runningTid(), signal})
    else if (!this.stops.isNews) this.onStop?.(this.#lastStop())
  }

  passSignals(signals: ReadonlySet<number>): void {
    this.passed = signals
  }

  catchForks(kinds: ReadonlySet<ForkKind>): void {
    this.forks = kinds
  }

  tellThreads(isTold: boolean): void {
    this.#tellsThreads = isTold
  }

  catchCalls(calls: CaughtCalls, thread: number): void {
    const process = this.task(thread)?.process
    if (process === undefined) return
    this.inferiors.get(process)!.calls = calls
    this.turnCatcher()
  }

  kill(pid?: number, signal = SIGKILL): void {
    this.#isKilling = true
    for (const process of [...this.inferiors.keys()])
      if (pid === undefined || process.pid === pid) this.kernel.endProcess(process, undefined, signal)
    this.#isKilling = false
  }

  detach(pid?: number): void {
    if (pid === undefined) {
      this.onStop = undefined
      this.#forgetLeaver()
      this.stops.last = undefined
    }
    for (const inferior of [...this.inferiors.values()])
      if (pid === undefined || inferior.process.pid === pid) this.letGo(inferior)
    if (this.inferiors.size > 0) return
    if (this.programs?.stays === true) this.stops.last = undefined
    else if (this.#isAttached) this.kernel.debugging = undefined
    else this.#keepFirst()
  }

  /** For the next debugger. */
  #keepFirst(): void {
    if (this.inferiors.size === 0 && this.first.exit === undefined)
      this.add(this.first, new DebuggedMemory(this.first.space), true)
  }

  /** The debugger is gone without a word: leaves nothing of it in the program, which runs on if it was running. */
  leave(): void {
    this.onStop = undefined
    // If gdb has detached it, and could have started another.
    if (!this.isStopped) this.#keepFirst()
    this.#isLeaving = !this.isStopped || this.stops.isNews
    if (this.#isLeaving) this.stopAll({what: 'signal', thread: this.#firstTid, signal: 0})
    else if (this.#isAttached) this.detach()
    else this.#forgetLeaver()
  }

  override signalInfo(thread: number): Uint8Array | undefined {
    const stop = this.stops.last
    const task = this.task(thread)
    if (task === undefined || stop === undefined || !('thread' in stop) || stop.thread !== thread)
      return super.signalInfo(thread)
    if (stop.what === 'signal' && stop.signal !== SIGTRAP) return super.signalInfo(thread)
    const code = stop.what === 'breakpoint' ? TRAP_BRKPT : TRAP_TRACE
    return faultInfo(SIGTRAP, code, arch.programCounter(task.context.readRegisters()))
  }

  started(task: Task): void {
    const {process} = task
    const inferior = this.inferiors.get(process)
    if (inferior === undefined) this.forked(task)
    else if (this.#tellsThreads && inferior.isTold) {
      this.hold(task)
      this.stopAll({what: 'thread-created', thread: task.tid})
    } else if (this.isStopped) this.hold(task)
    else inferior.memory.exclusion?.add(task)
  }

  left(task: Task, code?: number): void {
    const {process} = task
    const thread = this.known.get(task)
    if (thread?.lifted !== undefined) this.lower(thread)
    if (thread !== undefined) this.untouch(thread)
    this.known.delete(task)
    const inferior = this.inferiors.get(process)
    if (inferior === undefined || process.exit !== undefined) return
    inferior.memory.stepping.end(task, true)
    if (this.#tellsThreads && inferior.isTold && code !== undefined) {
      this.stopAll({what: 'thread-exited', gone: task.tid, process: process.pid, code})
      this.known.delete(task)
    }
    if (this.isStopped) return
    const others = this.tasks().filter((other) => other !== task)
    if (others.every((other) => this.of(other).mode === 'held')) this.stopAll({what: 'nothing-left'})
  }

  executed(task: Task): void {
    const {process} = task
    const inferior = this.inferiors.get(process)
    if (inferior !== undefined) {
      const {memory} = inferior
      memory.stepping.end(task, true)
      inferior.memory = new DebuggedMemory(process.space)
      this.clear(memory)
      const call = this.known.get(task)?.call
      this.known.delete(task)
      this.of(task).call = call
      if (this.isStopped) this.hold(task)
      const path = this.executable(process.pid) ?? process.program.path
      if (this.onStop !== undefined) this.stopAll({what: 'executed', thread: task.tid, path})
    }
    this.returned(process)
  }

  ended(process: Process): void {
    this.returned(process)
    const inferior = this.inferiors.get(process)
    if (inferior === undefined) return
    const {code, signal} = process.exit!
    const stop: Stop =
      signal === undefined
        ? {what: 'exited', code: code ?? 0, process: process.pid}
        : {what: 'killed', signal, process: process.pid}
    if (process.space.isShared) this.clear(inferior.memory, inferior)
    if (!this.#isKilling) {
      this.stopAll(stop)
      return
    }
    this.remove(inferior)
    if (this.#isLast(process)) this.stops.replace(stop)
  }

  takesCall(task: Task): boolean {
    return this.catcher.takes(task)
  }

  /** Another debugger came before the program went on without the last one: it stands still for that one. */
  #forgetLeaver(): void {
    this.#isLeaving = false
    this.#tellsThreads = false
    this.passed = new Set()
    this.forks = new Set()
    this.borrowers.clear()
    while (this.hasUntold) this.stops.takeUntold(() => true)
    for (const inferior of [...this.inferiors.values()]) {
      const {process, memory} = inferior
      inferior.isTold = true
      inferior.calls = 'none'
      if (process.exit === undefined) memory.points.clear(memory.map)
      else this.inferiors.delete(process)
    }
    this.turnCatcher()
    const {last} = this.stops
    if (last !== undefined && !LASTS.has(last.what) && this.firstTask !== undefined)
      this.stops.last = {what: 'signal', thread: this.#firstTid, signal: 0}
  }

  #tell(): void {
    const stop = this.#lastStop()
    this.stops.last = stop
    const pid = this.pidOf(stop)
    const ended = [...this.inferiors.keys()].find((process) => process.pid === pid)
    if ((stop.what === 'exited' || stop.what === 'killed') && ended) this.inferiors.delete(ended)
    if ('child' in stop) {
      const child = this.task(stop.child)?.process
      if (child !== undefined) this.inferiors.get(child)!.isTold = true
    }
    this.onStop?.(stop)
  }

  #isLast(process: Process): boolean {
    return this.tasks().every((task) => task.process === process)
  }

  /** The first of the threads that the debugger let go on: it may hold others. */
  #runningTid(): number {
    return this.tasks().find((task) => this.of(task).mode !== 'held')?.tid ?? this.#firstTid
  }

  get #firstTid(): number {
    return this.firstTask?.tid ?? this.first.pid
  }

  /** The last stop, with a thread that still exists. */
  #lastStop(): Stop {
    const stop = this.stops.last!
    if (!('thread' in stop) || this.task(stop.thread) !== undefined) return stop
    if (this.firstTask === undefined) return this.stops.takeUntold(() => true) ?? stop
    return {what: 'signal', thread: this.#firstTid, signal: 0}
  }
}
