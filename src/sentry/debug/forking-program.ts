// ForkingProgram: the processes of a debugged program: they come by fork(2), and go when they end or are let go.

import type {ForkKind, Stop} from '../../gdb/target.ts'
import type {Kernel} from '../core/kernel.ts'
import type {Process} from '../core/process.ts'
import type {Task} from '../core/task.ts'
import {CallCatcher} from './call-catcher.ts'
import type {DebuggedMemory} from './debugged-memory.ts'
import type {Inferior} from './program-view.ts'
import {RunningProgram} from './running-program.ts'
import {Stops} from './stops.ts'

/** Children beyond it run on by themselves: all of a fork bomb's would be held. */
const MAX_INFERIORS = 64

export abstract class ForkingProgram extends RunningProgram {
  /** What is debugged whoever comes: its children are if a debugger follows them. */
  protected first: Process
  protected readonly stops: Stops
  protected readonly catcher: CallCatcher
  protected forks: ReadonlySet<ForkKind> = new Set()
  /** Children of vfork(2) that use their makers' memory, and which task made them. */
  protected readonly borrowers = new Map<Process, Task>()

  constructor(kernel: Kernel, first: Process) {
    super(kernel)
    this.first = first
    this.stops = new Stops(kernel)
    this.catcher = new CallCatcher(
      kernel,
      (task) => this.of(task),
      (task) => this.inferiors.get(task.process)?.calls ?? 'none',
      (stop) => this.stopAll(stop),
    )
  }

  protected stopAll(stop: Stop): void {
    if (!this.stops.begin(stop)) return
    for (const task of this.tasks()) this.hold(task)
    this.stops.settle((task) => this.inferiors.has(task.process))
  }

  /** The first task of a process that is not debugged yet. */
  protected forked(task: Task): void {
    const {process, kernel} = task
    const maker = kernel.current
    const memory = maker && this.inferiors.get(maker.process)?.memory
    if (memory === undefined) return
    const what = process.family.isBorrowing ? 'vfork' : 'fork'
    const isCopy = process.space !== memory.space
    // clone(2) with CLONE_VM alone makes what no debugger knows: its memory would lose its breakpoints with it.
    const isOurs = this.forks.has(what) && isCopy === (what === 'fork') && this.inferiors.size < MAX_INFERIORS
    if (isOurs) {
      this.add(process, isCopy ? memory.fork(process.space) : memory, false)
      this.hold(task)
      if (what === 'vfork') this.borrowers.set(process, maker!)
      this.of(maker!).fork = maker!.context.callNumber
      this.stopAll({what, thread: maker!.tid, child: task.tid})
    } else if (isCopy) memory.points.breakpoints.removeFromCopy(process.memoryMap)
  }

  /** The process does not use its maker's memory any longer. */
  protected returned(process: Process): void {
    const maker = this.borrowers.get(process)
    this.borrowers.delete(process)
    if (maker === undefined || this.task(maker.tid) !== maker || this.onStop === undefined) return
    const stop: Stop = {what: 'vforkdone', thread: maker.tid}
    if (this.stops.last === undefined && this.of(maker).mode === 'held') this.stops.defer(stop)
    else this.stopAll(stop)
  }

  protected add(process: Process, memory: DebuggedMemory, isTold: boolean): void {
    this.inferiors.set(process, {process, memory, calls: 'none', isTold})
  }

  /** It is debugged no longer. */
  protected remove(inferior: Inferior): void {
    const {process, memory} = inferior
    for (;;) {
      const stop = this.stops.takeUntold((one) => this.pidOf(one) === process.pid)
      if (stop === undefined) break
      const child = 'child' in stop ? this.task(stop.child)?.process : undefined
      if (child !== undefined) this.letGo(this.inferiors.get(child)!)
    }
    this.inferiors.delete(process)
    this.clear(memory)
    this.turnCatcher()
  }

  /** Removes what the debugger has put into it, unless another inferior uses it. @param but not counted */
  protected clear(memory: DebuggedMemory, but?: Inferior): void {
    for (const inferior of this.inferiors.values()) if (inferior !== but && inferior.memory === memory) return
    memory.clear()
  }

  /** It runs on by itself. Precondition: it stands still. */
  protected letGo(inferior: Inferior): void {
    const {process} = inferior
    this.remove(inferior)
    for (const task of [...process.tasks]) {
      this.go(task, 'go', this.of(task).signal?.signal ?? 0)
      this.known.delete(task)
    }
  }

  protected turnCatcher(): void {
    this.catcher.turn([...this.inferiors.values()].some(({calls}) => calls !== 'none'))
  }

  protected pidOf(stop: Stop): number {
    if ('thread' in stop) return this.processOf(stop.thread)
    return ('process' in stop && stop.process) || this.first.pid
  }
}
