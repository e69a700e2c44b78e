// PtracePlatform: spaces are processes, contexts run in their threads natively, and each system call and fault stops one.

import {availableParallelism} from 'node:os'
import {addon} from '../../addon.ts'
import {MAX_CPUS} from '../choice.ts'
import {briefNs, type Costs} from '../costs.ts'
import {FIRST_BYTES, type MemoryFile, memoryFileBytes, ShownRegion} from '../memory-file.ts'
import {createMemoryFile} from '../page-allocator.ts'
import {
  type AddressSpace,
  type Context,
  EVENT_DEADLINE,
  EVENT_PREEMPTED,
  type EventKind,
  type Platform,
  type PlatformMapping,
} from '../platform.ts'
import {RunLoop} from '../run-loop.ts'
import type {NativeTracer} from './addon.ts'
import {PtraceContext} from './context.ts'
import {GatePolling} from './gate-polling.ts'
import {lostProcesses, ptraceError} from './ptrace-error.ts'
import {PtraceSpace, ReusedObjects} from './space.ts'

/** A policy, with Linux's own period: each tick costs a stop; within it, programs that make calls share this processor by turns. */
const TICK_NS = 4e6
/** More stops than fit a tick. */
const NEVER = 2 ** 32 - 1

export class PtracePlatform extends RunLoop<PtraceContext, PtraceSpace> implements Platform {
  readonly name = 'ptrace'
  readonly memory: MemoryFile
  readonly userTop: number
  readonly mappings: readonly PlatformMapping[]
  readonly cpus: number
  /** Programs run directly on the host's processor. */
  readonly hasHostCycles = true
  readonly #tracer: NativeTracer
  readonly #polling = new GatePolling(addon.monotonicNs)
  /** This many stops in a tick, on this processor, show that traps are brief. */
  #manyStops = NEVER
  readonly #contextObjects = new ReusedObjects(() => new addon.TracedContext())
  readonly #spaces = new Set<PtraceSpace>()
  readonly #spaceObjects = new ReusedObjects(() => new addon.TracedSpace())
  /** Proves that the host allows all this, and becomes the first space. */
  #spare: PtraceSpace | undefined
  /** The state that a program begins with. */
  readonly #newFpState: Uint8Array
  #deadlineNs = Number.POSITIVE_INFINITY
  /** When to check whether a context should run elsewhere, or wait; Infinity: all that are to run do. */
  #tickNs = Number.POSITIVE_INFINITY
  /** A context waits for a place. */
  #isWaiting = false
  /** The context that keeps the place on this processor from trap to trap: until the tick, if others wait for it. */
  #favourite: PtraceContext | undefined

  /**
   * @param memoryBytes of guest memory; rounded up to pages
   * @param cpus 1 to MAX_CPUS; values beyond are clamped
   * @throws HvError MEMORY_SIZE, PTRACE_UNUSABLE
   */
  constructor(memoryBytes: number, cpus: number = availableParallelism()) {
    super()
    this.cpus = Math.max(1, Math.min(MAX_CPUS, cpus))
    const size = memoryFileBytes(memoryBytes)
    let tracer: NativeTracer | undefined
    let first: PtraceSpace
    try {
      tracer = new addon.Tracer(size, this.cpus)
      first = this.#startSpace(tracer)
      this.userTop = addon.tracedUserTop()
      this.mappings = stubMappings()
    } catch (error) {
      // Otherwise the thread would stay on its one processor.
      tracer?.dispose()
      this.events.watcher.dispose()
      throw ptraceError(error as Error & {errno?: number})
    }
    this.#tracer = tracer
    this.#spare = first
    this.#newFpState = first.traced.readFpState()
    const region = new ShownRegion(size, FIRST_BYTES.memory, (bytes) => tracer.showMemory(bytes))
    this.memory = createMemoryFile(region, (offset, length) => tracer.release(offset, length))
  }

  override useCosts(costs: Costs): void {
    super.useCosts(costs)
    this.#polling.useCosts(costs)
    const brief = briefNs(costs)
    this.#manyStops = Math.min(Math.ceil(TICK_NS / brief), NEVER)
    this.#tracer.setBriefNs(brief)
  }

  /** The process that will be the first space; undefined once it is. */
  get sparePid(): number | undefined {
    return this.#spare?.traced.pid
  }

  get death(): string {
    const signal = this.deathSignal
    return signal === 0 ? 'its process exited' : `its process was killed by signal ${signal}`
  }

  get deathSignal(): number {
    return this.trapped.deathSignal
  }

  /** @throws HvError PTRACE_UNUSABLE (no further process), OUT_OF_MEMORY */
  createSpace(): AddressSpace {
    const spare = this.#spare
    this.#spare = undefined
    if (spare !== undefined) return spare
    try {
      return this.#startSpace(this.#tracer)
    } catch (error) {
      // There were processes, and none is left.
      throw lostProcesses(error as Error & {errno?: number})
    }
  }

  openCallGate(isForced: boolean): number {
    if (isForced) this.#polling.force()
    return this.#tracer.openGate()
  }

  createContext(): Context {
    const {watcher} = this.events
    const native = this.#contextObjects.take((object) => object.open(watcher, this.#newFpState, this.#tracer))
    const context = new PtraceContext(native, this.userTop, (disposed) => {
      this.forget(disposed)
      this.#polling.forget(disposed)
      this.#contextObjects.give(native)
      // Others may run on without being resumed.
      this.#tracer.becomeTarget(watcher)
    })
    return this.adopt(context)
  }

  override wait(deadlineNs: number): EventKind {
    this.#deadlineNs = deadlineNs
    for (;;) {
      const event = super.wait(Math.min(deadlineNs, this.#tickNs))
      if (event !== EVENT_DEADLINE || this.#tickNs === Number.POSITIVE_INFINITY) return event
      const nowNs = addon.monotonicNs()
      if (nowNs >= this.#tickNs) this.#tick(nowNs)
      if (nowNs >= deadlineNs) return event
    }
  }

  [Symbol.dispose](): void {
    this.disposeContexts()
    for (const space of this.#spaces) space.dispose()
    this.#tracer.dispose()
    this.events.watcher.dispose()
  }

  protected override readonly takingTurns = 1

  protected override get allCall(): boolean {
    return !this.running.some(({native}) => native.isAway)
  }

  protected override step(context: PtraceContext): EventKind {
    this.#polling.runsAlone(context)
    const event = this.runHere(context)
    if (event !== 0) this.#polling.trapped(context)
    return event
  }

  protected override sleep(): EventKind {
    this.#polling.halt()
    return super.sleep()
  }

  protected override stepSeveral(): EventKind {
    this.#polling.stop()
    const event = this.#collect()
    if (event !== 0) return event
    if (this.#tickNs === Number.POSITIVE_INFINITY && this.#needsTick) {
      this.#tickNs = addon.monotonicNs() + TICK_NS
      this.events.setDeadline(Math.min(this.#deadlineNs, this.#tickNs))
    }
    this.#tracer.waitAny()
    this.stats.exits++
    return this.#collect()
  }

  /** @throws Error with errno */
  #startSpace(tracer: NativeTracer): PtraceSpace {
    const traced = this.#spaceObjects.take((object) => object.open(tracer))
    return new PtraceSpace(traced, this.#spaceObjects, this.#spaces)
  }

  /** The event of one that has stopped; if none has, starts all that have a place. */
  #collect(): EventKind {
    do {
      for (const context of this.running) {
        const event = context.hasStopped ? context.take() : 0
        // A kick: its cause is handled next, while the program runs on.
        if (event !== 0 && event !== EVENT_PREEMPTED) return this.stopped(context, event)
      }
      const event = this.#startAll()
      if (event !== 0) return event
      // Starting one may stop another for a moment, and that one may have trapped by then.
    } while (this.running.some((context) => context.hasStopped))
    return 0
  }

  #startAll(): EventKind {
    this.#isWaiting = false
    const {running} = this
    const isOneProgram = running.every(({space}) => space === running[0].space)
    const favourite = this.#favourite
    if (favourite !== undefined && running.includes(favourite)) {
      const event = this.#startInPlace(favourite, isOneProgram)
      if (event !== 0) return event
    }
    for (const context of running) {
      const event = this.#startInPlace(context, isOneProgram)
      if (event !== 0) return event
    }
    return 0
  }

  /** @param isOneProgram its threads share the turn: switching between them costs little */
  #startInPlace(context: PtraceContext, isOneProgram: boolean): EventKind {
    if (context.isStarted) return 0
    if (!context.native.hasPlace(this.running.length, isOneProgram)) {
      this.#isWaiting = true
      return 0
    }
    let event = context.start()
    if (event === EVENT_PREEMPTED) event = context.start()
    // The host has no thread for it: see #takeTurns.
    context.lacksThread = event === EVENT_PREEMPTED
    if (event !== 0 && event !== EVENT_PREEMPTED) return this.stopped(context, event)
    if (!context.native.isAway) this.#favourite = context
    return 0
  }

  get #isCrowded(): boolean {
    return this.running.length > 1 && (this.#isWaiting || this.#tracer.isCrowded)
  }

  get #needsTick(): boolean {
    return this.#isCrowded || this.running.some(({lacksThread}) => lacksThread)
  }

  #tick(nowNs: number): void {
    this.#takeTurns()
    this.#favourite = undefined
    if (this.#isCrowded) this.#tracer.spread(this.#manyStops)
    this.#tickNs = this.#needsTick ? nowNs + TICK_NS : Number.POSITIVE_INFINITY
  }

  /** A context for which its process gets no further thread takes another context's, which then waits as long. */
  #takeTurns(): void {
    const waiting = this.running.find(({lacksThread}) => lacksThread)
    if (waiting === undefined) return
    const index = this.running.findIndex(({isStarted, space}) => isStarted && space === waiting.space)
    if (index < 0) return
    const [context] = this.running.splice(index, 1)
    this.running.push(context)
    context.pause()
  }
}

function stubMappings(): PlatformMapping[] {
  const words = addon.stubMappings()
  const mappings: PlatformMapping[] = []
  for (let i = 0; i < words.length; i += 3)
    mappings.push({start: words[i], end: words[i + 1], protection: words[i + 2]})
  return mappings
}
