// RunLoop: how every platform waits for its running contexts, and for the host's events, which come first.

import {addon} from '../addon.ts'
import type {NativeWatcher} from './addon.ts'
import {type Costs, NEVER_POLLING, turnsNs} from './costs.ts'
import {
  type AddressSpace,
  type Context,
  EVENT_DEADLINE,
  EVENT_PREEMPTED,
  EVENT_READY,
  EVENT_SYSCALL,
  type EventKind,
  type Platform,
  type PlatformStats,
} from './platform.ts'
import {Turns} from './turns.ts'

const MAX_READY = 64

/** What a platform waits for besides its contexts: watched host descriptors and the deadline. */
export class HostEvents {
  readonly watcher: NativeWatcher = new addon.Watcher()
  /** One word: nonzero when `poll` has something. Setting it also kicks the context that runs: no need of Atomics. */
  readonly attention = new Int32Array(this.watcher.attention)
  /** For the watcher: pairs of descriptor and events. */
  readonly buffer = new Int32Array(2 * MAX_READY)
  /** After EVENT_READY. */
  ready: ReadonlyArray<readonly [fd: number, events: number]> = []
  #deadlineNs = Number.POSITIVE_INFINITY
  /** What the host's timer is set to; undefined: it has fired. */
  #armedNs: number | undefined = Number.POSITIVE_INFINITY

  /** A later one than the last leaves the timer: mostly it becomes earlier again before that fires, each time that the guest sleeps. */
  setDeadline(deadlineNs: number): void {
    this.#deadlineNs = deadlineNs
    if (this.#armedNs === undefined || deadlineNs < this.#armedNs) this.#arm()
  }

  #arm(): void {
    this.watcher.setDeadline(this.#deadlineNs)
    this.#armedNs = this.#deadlineNs
  }

  /** @returns whether the deadline has come: otherwise it was later than the timer */
  #fired(): boolean {
    const isEarly = this.#armedNs !== undefined && this.#armedNs < this.#deadlineNs
    if (isEarly) this.#arm()
    else this.#armedNs = undefined
    return !isEarly
  }

  /** What is ready now; 0: nothing. */
  poll(): EventKind {
    return this.collect(this.watcher.poll(this.buffer, false))
  }

  /** Sleeps until something is ready; 0: nothing after all. */
  sleep(): EventKind {
    return this.collect(this.watcher.poll(this.buffer, true))
  }

  /** The event for the first `count` pairs of the buffer. */
  collect(count: number): EventKind {
    const ready: [number, number][] = []
    let deadline = false
    for (let i = 0; i < count; i++) {
      if (this.buffer[2 * i] < 0) deadline = this.#fired()
      else ready.push([this.buffer[2 * i], this.buffer[2 * i + 1]])
    }
    this.ready = ready
    if (ready.length > 0) return EVENT_READY
    return deadline ? EVENT_DEADLINE : 0
  }
}

/** A platform's context. `Native`: the addon's object for its address space. */
export interface LoopContext<Native> extends Context {
  readonly native: {becomeTarget(): void}
  /** Its last trap was a call that polling finds. */
  readonly isFindable: boolean
  /** Its last trap was a call that came without a stop or an exit. */
  readonly wasPolled: boolean
  /** From now on it runs there. @returns whether the watcher no longer knows it */
  enter(space: Native): boolean
  /** Runs it on this thread until it traps. */
  run(): EventKind
  /** Stops it between two instructions, or in a trap, which is returned. */
  preempt(): EventKind
}

export abstract class RunLoop<LoopedContext extends LoopContext<Native>, Native> {
  readonly stats: PlatformStats = {exits: 0, polled: 0}
  #costs: Costs = NEVER_POLLING
  protected readonly events = new HostEvents()
  /** On CPUs, in the order in which they were resumed. */
  readonly running: LoopedContext[] = []
  #trapped: LoopedContext | undefined
  /** The context that the watcher's thread interrupts. */
  #target: LoopedContext | undefined
  /** Those that are not disposed of. */
  readonly #contexts = new Set<LoopedContext>()
  readonly #turns = new Turns(addon.monotonicNs)
  /** Those of the running ones that are to be stopped. */
  readonly #interrupted: LoopedContext[] = []

  get trapped(): LoopedContext {
    return this.#trapped!
  }

  get costs(): Costs {
    return this.#costs
  }

  useCosts(costs: Costs): void {
    this.#costs = costs
    this.#turns.everyNs = turnsNs(costs)
  }

  get ready(): Platform['ready'] {
    return this.events.ready
  }

  resume(context: LoopedContext, space: AddressSpace & {readonly native: Native}): void {
    if (this.running.length >= this.cpus) throw new Error('more contexts than CPUs')
    if (context.enter(space.native) || context !== this.#target) this.#aimAt(context)
    this.running.push(context)
  }

  wait(deadlineNs: number): EventKind {
    this.events.setDeadline(deadlineNs)
    for (;;) {
      const event = this.#next()
      if (event !== 0) return event
    }
  }

  interrupt(context: LoopedContext): void {
    if (this.running.includes(context)) this.#interrupted.push(context)
  }

  stop(context: LoopedContext): void {
    if (!this.running.includes(context)) return
    context.preempt()
    this.#take(context)
  }

  watch(fd: number, events: number): void {
    this.events.watcher.watch(fd, events)
  }

  abstract readonly cpus: number

  get room(): number {
    return this.#turns.areTaken ? this.takingTurns : this.cpus
  }

  /** How many run at a time while contexts take turns: those whose calls the sentry can poll for. */
  protected abstract readonly takingTurns: number

  /** Whether each context that runs makes calls, as far as the platform knows. */
  protected get allCall(): boolean {
    return true
  }

  /** One step of the only running context towards an event; 0: nothing yet. */
  protected abstract step(context: LoopedContext): EventKind

  /** The same when more than one runs. */
  protected abstract stepSeveral(): EventKind

  /** Waits until there is something from the host. */
  protected sleep(): EventKind {
    this.#turns.pause()
    return this.events.sleep()
  }

  protected runHere(context: LoopedContext): EventKind {
    if (context !== this.#target) this.#aimAt(context)
    const event = context.run()
    if (context.wasPolled) this.stats.polled++
    else this.stats.exits++
    // The watcher's kick: its cause comes first.
    return event === EVENT_PREEMPTED ? 0 : this.stopped(context, event)
  }

  protected stopped(context: LoopedContext, event: EventKind): EventKind {
    if (event === EVENT_PREEMPTED) this.#turns.sliceEnded()
    else if (event === EVENT_SYSCALL && context.isFindable && this.#turns.called())
      this.#turns.judge(this.running.length > 1 && this.allCall)
    this.#take(context)
    this.#trapped = context
    return event
  }

  /** @returns a new context, which calls `forget` when it is disposed of */
  protected adopt(context: LoopedContext): Context {
    this.#contexts.add(context)
    return context
  }

  /** The context is disposed of. */
  protected forget(context: LoopedContext): void {
    this.stop(context)
    this.#contexts.delete(context)
    if (this.#target === context) this.#target = undefined
  }

  protected disposeContexts(): void {
    for (const context of this.#contexts) context.dispose()
  }

  #next(): EventKind {
    if (this.events.attention[0] !== 0) {
      const event = this.events.poll()
      if (event !== 0) return event
    }
    const {running} = this
    if (running.length === 0) return this.sleep()
    const interrupted = this.#interrupted.pop()
    if (interrupted !== undefined) return this.stopped(interrupted, interrupted.preempt())
    return running.length === 1 ? this.step(running[0]) : this.stepSeveral()
  }

  #aimAt(context: LoopedContext): void {
    context.native.becomeTarget()
    this.#target = context
  }

  #take(context: LoopedContext): void {
    const {running} = this
    // Runs in every trap: splice would make an array.
    if (running.at(-1) === context) running.pop()
    else running.splice(running.indexOf(context), 1)
    for (let i = this.#interrupted.indexOf(context); i >= 0; i = this.#interrupted.indexOf(context))
      this.#interrupted.splice(i, 1)
  }
}
