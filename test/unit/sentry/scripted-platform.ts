// A platform for tests: its contexts make the calls that a script lists, and it records what it was told.

import {arch} from '../../../src/arch/index.ts'
import {NEVER_POLLING} from '../../../src/platform/costs.ts'
import type {MemoryFile} from '../../../src/platform/memory-file.ts'
import {
  type AddressSpace,
  type Context,
  EVENT_DEAD,
  EVENT_DEADLINE,
  EVENT_PREEMPTED,
  EVENT_SYSCALL,
  type EventKind,
  type Platform,
} from '../../../src/platform/platform.ts'
import type {Host} from '../../../src/vfs/host.ts'
import {nativeHost} from '../../../src/vfs/native-host.ts'
import {memoryFile} from '../../helpers/memory-file.ts'
import {SimulatedClock} from '../../helpers/simulated-host.ts'

/** A call's number and arguments; 'spin': runs until it is stopped; 'die': the platform loses it. */
export type Step = readonly [number: number, ...args: number[]] | 'spin' | 'die'

export class ScriptedContext implements Context {
  owner: object | undefined
  readonly argumentWords = new Int32Array(12)
  callNumber = 0
  readonly callSite = 0
  /** What its calls returned. */
  readonly results: number[] = []
  isDisposed = false
  #registers = new BigUint64Array(arch.registerCount)
  readonly #steps: Iterator<Step>
  #next: IteratorResult<Step>

  constructor(steps: Iterable<Step>) {
    this.#steps = steps[Symbol.iterator]()
    this.#next = this.#steps.next()
  }

  /** The current step; 'spin' when the script is over. */
  get step(): Step {
    return this.#next.done ? 'spin' : this.#next.value
  }

  trap([number, ...args]: readonly number[]): void {
    this.callNumber = number
    this.argumentWords.fill(0)
    args.forEach((value, index) => {
      this.argumentWords[2 * index] = value
    })
    this.#next = this.#steps.next()
  }

  get fault(): never {
    throw new Error('no fault is in the script')
  }
  exactFault(): never {
    throw new Error('no fault is in the script')
  }
  cacheResults(): void {}
  setResult(result: number): void {
    this.results.push(result)
  }
  readRegisters(): BigUint64Array {
    return this.#registers
  }
  writeRegisters(registers: BigUint64Array): void {
    this.#registers = registers.slice()
  }
  readFpState(): Uint8Array {
    return new Uint8Array(1024)
  }
  writeFpState(): void {}
  takeFpState(): void {}
  dispose(): void {
    this.isDisposed = true
  }
}

export class ScriptedPlatform implements Platform {
  readonly name = 'scripted'
  readonly memory: MemoryFile = memoryFile(16 << 20)
  readonly userTop = 0x7fff_0000_0000
  readonly mappings = []
  readonly cpus: number
  room: number
  readonly hasHostCycles = false
  readonly stats = {exits: 0, polled: 0}
  readonly costs = NEVER_POLLING
  useCosts(): void {}
  readonly death = 'as the script says'
  readonly deathSignal = 11
  readonly ready = []
  trapped!: ScriptedContext
  readonly running: ScriptedContext[] = []
  /** The most contexts that ran at a time. */
  peak = 0
  /** How often a spinning context was made to trap. */
  preempted = 0
  /** What it was told and what it said, in order. */
  readonly log: string[] = []
  /** The scripts of the contexts that will be made. */
  readonly scripts: Iterable<Step>[] = []
  readonly #interrupted = new Set<ScriptedContext>()

  readonly host: Host

  /** @param host a simulated one has come to a deadline at once */
  constructor(cpus: number, host: Host = nativeHost) {
    this.cpus = this.room = cpus
    this.host = host
  }

  openCallGate(): number {
    return 0
  }
  createSpace(): AddressSpace {
    const space: AddressSpace = {
      map() {},
      unmap() {},
      commit() {},
      fork: () => this.createSpace(),
      abandon() {},
      dispose: () => void this.log.push('dispose space'),
    }
    return space
  }

  createContext(): ScriptedContext {
    return new ScriptedContext(this.scripts.shift() ?? [])
  }

  resume(context: ScriptedContext): void {
    if (this.running.length >= this.cpus) throw new Error('more contexts than CPUs')
    if (context.isDisposed) throw new Error('a disposed context is resumed')
    this.running.push(context)
    this.peak = Math.max(this.peak, this.running.length)
  }

  /** Contexts with a call come first; when all spin, an interrupted one, or the deadline. */
  wait(deadlineNs: number): EventKind {
    for (const context of this.running) {
      const {step} = context
      if (step === 'die') return this.#take(context, EVENT_DEAD)
      if (step === 'spin') continue
      context.trap(step)
      return this.#take(context, EVENT_SYSCALL)
    }
    const [interrupted] = this.#interrupted
    if (interrupted !== undefined) {
      this.preempted++
      return this.#take(interrupted, EVENT_PREEMPTED)
    }
    if (deadlineNs === Number.POSITIVE_INFINITY) throw new Error('it would wait for ever')
    const {clock} = this.host
    if (clock instanceof SimulatedClock) clock.nowNs = Math.max(clock.nowNs, deadlineNs)
    while (clock.monotonicNs() < deadlineNs);
    return EVENT_DEADLINE
  }

  interrupt(context: ScriptedContext): void {
    if (this.running.includes(context)) this.#interrupted.add(context)
  }

  stop(context: ScriptedContext): void {
    if (!this.running.includes(context)) return
    this.log.push('stop')
    this.#remove(context)
  }

  watch(): void {}
  [Symbol.dispose](): void {}

  #take(context: ScriptedContext, event: EventKind): EventKind {
    this.#remove(context)
    this.trapped = context
    return event
  }

  #remove(context: ScriptedContext): void {
    this.running.splice(this.running.indexOf(context), 1)
    this.#interrupted.delete(context)
  }
}
