// RunningProgram: how debugged tasks run: freely, step by step, or not at all; and what stops them on the way.

import {SIGILL, SIGKILL, SIGSEGV, SIGTRAP} from '../../abi/signal.ts'
import {arch} from '../../arch/index.ts'
import type {StepRange, Stop} from '../../gdb/target.ts'
import {type Fault, PAGE_SIZE} from '../../platform/platform.ts'
import type {PendingSignal} from '../core/pending-signal.ts'
import type {Task} from '../core/task.ts'
import type {DebuggedMemory} from './debugged-memory.ts'
import {Exclusion} from './exclusion.ts'
import {ProgramView} from './program-view.ts'
import {restartCall, sendOnward, type Thread} from './thread.ts'
import type {Access} from './watches.ts'

const NO_ACCESSES: readonly Access[] = []
/** si_code: asm-generic/siginfo.h. */
const TRAP_TRACE = 2
/** May come from a breakpoint of the debugger's, such as one on a stack that has no code: it is always told. */
const OF_BREAKPOINTS = [SIGILL, SIGTRAP, SIGSEGV]

export abstract class RunningProgram extends ProgramView {
  onStop: ((stop: Stop) => void) | undefined
  protected passed: ReadonlySet<number> = new Set()

  /** All inferiors stand still from now on. */
  protected abstract stopAll(stop: Stop): void

  takesFault(task: Task, {signal, code}: Fault): boolean {
    if (signal !== SIGTRAP) return false
    if (code !== TRAP_TRACE) return this.#hit(task)
    if (this.#steppedIn(task)?.stepping.isByFlag(task) !== true) return false
    this.#stepped(task)
    return true
  }

  touched(task: Task, at: number): void {
    const memory = this.memoryOf(task)
    if (memory === undefined) return
    const {watches} = memory.points
    const page = Math.floor(at / PAGE_SIZE)
    if (!watches.has(page)) return
    // After the task that accesses watched memory now, this one tries again.
    if (memory.exclusion !== undefined && memory.exclusion.task !== task) return
    const thread = this.of(task)
    thread.touching ??= {memory, pages: [], accesses: []}
    const {pages, accesses} = thread.touching
    const {address, access} = task.context.exactFault()
    if (!pages.includes(page)) {
      pages.push(page)
      accesses.push({address, kind: access})
      this.#exclude(task, memory)
      const open = () => watches.open(memory.map, page)
      if (memory.exclusion === undefined) open()
      else memory.exclusion.whenAlone(open)
    }
    // The step that it makes already includes the access.
    if (thread.mode !== 'goes') return
    thread.mode = 'steps'
    memory.stepping.begin(task)
    task.signals.setWatch('asked')
  }

  takesSignal(task: Task, pending: PendingSignal): boolean {
    const {signal} = pending
    const memory = this.inferiors.get(task.process)?.memory
    if (memory === undefined || signal === SIGKILL || this.onStop === undefined) return false
    const thread = this.of(task)
    const isPassed = thread.passed === signal
    if (isPassed) thread.passed = 0
    // A debugger that steps runs the handler to its end first, as it can only if it is told of the signal.
    const isUntold = this.passed.has(signal) && !thread.isAsked && !OF_BREAKPOINTS.includes(signal)
    if (isPassed || isUntold || task.process.signals.ignores(signal)) {
      // The frame of its handler must not contain the flag.
      if (memory.stepping.isByFlag(task)) memory.stepping.begin(task)
      return false
    }
    thread.signal = pending
    this.stopAll({what: 'signal', thread: task.tid, signal})
    return true
  }

  mayRun(task: Task): boolean {
    const thread = this.of(task)
    if (this.memoryOf(task)?.exclusion?.mayRun(task) === false) return false
    while (thread.mode === 'steps' && this.#steppedIn(task)?.stepping.mayRun(task) === false)
      this.#stepped(task)
    return thread.mode !== 'held'
  }

  protected hold(task: Task): void {
    this.of(task).mode = 'held'
    task.signals.setWatch('held')
  }

  protected go(task: Task, kind: 'go' | 'step', signal: number, range?: StepRange): void {
    const thread = this.of(task)
    const memory = this.inferiors.get(task.process)?.memory
    sendOnward(task, thread, signal)
    restartCall(task, thread)
    const steps = memory !== undefined && kind === 'step'
    thread.isAsked = kind === 'step'
    thread.range = range
    thread.mode = steps ? 'steps' : 'goes'
    if (steps) memory.stepping.begin(task)
    task.signals.setWatch(steps ? 'asked' : 'none')
    this.kernel.notify(task)
  }

  /** Steps under way are over. Precondition: the inferiors stand still. */
  protected endSteps(): void {
    for (const {memory} of this.inferiors.values())
      memory.stepping.endAll((task) => this.inferiors.has(task.process))
    for (const task of this.tasks()) this.untouch(this.of(task))
  }

  /** Tasks in trampolines of patched call sites stand at those sites, as the debugger knows the code. Precondition: the inferiors stand still. */
  protected leaveTrampolines(): void {
    for (const task of this.tasks()) {
      const {callPatches} = task.process.space
      if (callPatches === undefined) continue
      const registers = task.context.readRegisters()
      if (!callPatches.leaveTrampoline(registers)) continue
      // One that sleeps in its call returns there when the call has its result.
      if (task.wait !== undefined) callPatches.isLost = true
      else task.context.writeRegisters(registers)
    }
  }

  /** Where the task makes the step that it is in. */
  #steppedIn(task: Task): DebuggedMemory | undefined {
    const thread = this.known.get(task)
    return (thread?.lifted ?? thread?.touching)?.memory ?? this.inferiors.get(task.process)?.memory
  }

  /** @returns whether the task stands at a breakpoint */
  #hit(task: Task): boolean {
    const memory = this.memoryOf(task)
    if (memory === undefined) return false
    const registers = task.context.readRegisters()
    const address = arch.programCounter(registers) - arch.debug.behindBreakpoint
    if (!memory.points.breakpoints.has(address)) return false
    arch.setProgramCounter(registers, address)
    task.context.writeRegisters(registers)
    if (memory.stepping.endsAt(task, address)) this.#stepped(task)
    else if (!this.inferiors.has(task.process)) this.#lift(task, memory, address)
    else if (memory.points.breakpoints.wants(address)) this.stopAll({what: 'breakpoint', thread: task.tid})
    return true
  }

  /** A child of vfork(2) that is not debugged goes on as if there were no breakpoint. */
  #lift(task: Task, memory: DebuggedMemory, address: number): void {
    const thread = this.of(task)
    memory.points.breakpoints.lift(memory.map, address)
    thread.lifted = {memory, address}
    thread.mode = 'steps'
    memory.stepping.begin(task)
    task.signals.setWatch('asked')
  }

  /** The tasks that would see a page open stand still until `untouch`. */
  #exclude(task: Task, memory: DebuggedMemory): void {
    if (memory.exclusion !== undefined) return
    const others = this.tasks().filter((one) => one !== task && this.memoryOf(one) === memory)
    if (others.length > 0) memory.exclusion = new Exclusion(task, others)
  }

  #readmit(memory: DebuggedMemory): void {
    const others = memory.exclusion?.end() ?? []
    memory.exclusion = undefined
    for (const task of others) {
      if (this.task(task.tid) !== task) continue
      if (this.of(task).mode === 'goes') task.signals.setWatch('none')
      this.kernel.notify(task)
    }
  }

  /** The watched pages that it accessed are watched again. */
  protected untouch(thread: Thread): readonly Access[] {
    const {touching} = thread
    if (touching === undefined) return NO_ACCESSES
    const {memory, pages, accesses} = touching
    thread.touching = undefined
    memory.points.watches.close(memory.map, pages)
    this.#readmit(memory)
    return accesses
  }

  /** Puts a lifted breakpoint back. */
  protected lower(thread: Thread): void {
    const {memory, address} = thread.lifted!
    memory.points.breakpoints.lower(memory.map, address)
    thread.lifted = undefined
  }

  /** The task has made a step: it stops, or makes another. */
  #stepped(task: Task): void {
    const thread = this.of(task)
    const memory = this.#steppedIn(task)!
    const {points, stepping, map} = memory
    stepping.end(task)
    const accesses = this.untouch(thread)
    const isOurs = this.inferiors.has(task.process)
    const hit =
      isOurs && accesses.length > 0 ? points.watches.hit(map, points.breakpoints, accesses) : undefined
    if (thread.lifted !== undefined) {
      this.lower(thread)
      this.#goFreely(task, thread)
    } else if (thread.mode === 'steps') {
      if (hit !== undefined)
        this.stopAll({what: 'watchpoint', thread: task.tid, address: BigInt(hit.address), kind: hit.kind})
      else if (thread.isAsked && !isInRange(task, thread))
        this.stopAll({what: 'signal', thread: task.tid, signal: SIGTRAP})
      else if (thread.isAsked) stepping.begin(task)
      else this.#goFreely(task, thread)
    }
  }

  #goFreely(task: Task, thread: Thread): void {
    thread.mode = 'goes'
    task.signals.setWatch('none')
  }
}

function isInRange(task: Task, {range}: Thread): boolean {
  if (range === undefined) return false
  const at = BigInt(arch.programCounter(task.context.readRegisters()))
  return at >= range.address && at < range.end
}
