// KvmPlatform: Cpus are vCPUs of one VM that run contexts in ring 3 or EL0; spaces are its page tables.

import {availableParallelism} from 'node:os'
import {ENOMEM} from '../../abi/errno.ts'
import {addon} from '../../addon.ts'
import {type Failure, openError} from '../../vm/open-error.ts'
import {MAX_CPUS} from '../choice.ts'
import {breakEven, type Costs, kvmPolling, NEVER_POLLING} from '../costs.ts'
import {orGuestErrno} from '../guest-errno.ts'
import {FIRST_BYTES, type MemoryFile, memoryFileBytes, ShownRegion} from '../memory-file.ts'
import {createMemoryFile} from '../page-allocator.ts'
import {
  type AddressSpace,
  type Context,
  EVENT_DEAD,
  EVENT_PREEMPTED,
  EVENT_SYSCALL,
  type EventKind,
  type Platform,
} from '../platform.ts'
import {Polling} from '../polling.ts'
import {RunLoop} from '../run-loop.ts'
import type {NativeSpace, NativeUserVm} from './addon.ts'
import {KvmContext} from './context.ts'
import type {KvmCpu} from './cpu.ts'
import {CpuPool} from './cpu-pool.ts'
import {KvmSpace, type SpacePool} from './space.ts'
import {firstToTrap, SpinLimit} from './spin-limit.ts'

/** Looks at the frame between two looks at the clock; one at the clock costs as much as several at the frame. */
const SPINS = 512

export class KvmPlatform extends RunLoop<KvmContext, NativeSpace> implements Platform, SpacePool {
  readonly name = 'kvm'
  readonly memory: MemoryFile
  readonly userTop = addon.userTop
  /** The shim's pages are the supervisor's, except on PVM hosts, where they lie above what programs look at. */
  readonly mappings = []
  readonly cpus: number
  hasHostCycles = false
  readonly #vm: NativeUserVm
  readonly #pool: CpuPool
  /** Those of disposed spaces, now empty: PVM would mix up page tables that are taken apart and made anew. */
  readonly #emptySpaces: NativeSpace[] = []
  /** All that were ever made: they hold the VM. */
  readonly #spaces: NativeSpace[] = []
  readonly #spinLimit = new SpinLimit(addon.monotonicNs)
  readonly #polling = new Polling(addon.monotonicNs, kvmPolling(NEVER_POLLING))
  /** The Cpu that `#polling` is about: it runs alone. */
  #polled: KvmCpu | undefined
  /** The last that ran alone. */
  #last: KvmContext | undefined
  /** Set when any Cpu's thread stops. */
  readonly #stops: Int32Array
  /** The host's processors, for programs and the sentry. */
  readonly #processors = availableParallelism()

  /**
   * @param memoryBytes of guest memory; rounded up to pages
   * @param cpus how many contexts can run at a time, if KVM allows so many
   * @throws HvError MEMORY_SIZE, KVM_MISSING, KVM_DENIED, KVM_UNUSABLE
   */
  constructor(memoryBytes: number, cpus = Math.min(availableParallelism(), MAX_CPUS)) {
    super()
    const size = memoryFileBytes(memoryBytes)
    try {
      this.#vm = new addon.UserVm(size, cpus)
    } catch (error) {
      this.events.watcher.dispose()
      throw openError(error as Failure)
    }
    const vm = this.#vm
    const supervisor = new ShownRegion(vm.supervisorBytes, FIRST_BYTES.supervisor, (bytes) =>
      vm.showSupervisor(bytes),
    )
    this.#pool = new CpuPool(vm, this.events.watcher, supervisor)
    this.cpus = this.#pool.size
    this.#stops = supervisor.words(vm.stopsOffset, 1)
    const memory = new ShownRegion(size, FIRST_BYTES.memory, (bytes) => vm.showMemory(bytes))
    this.memory = createMemoryFile(memory, (offset, length) => vm.release(offset, length))
  }

  override useCosts(costs: Costs): void {
    super.useCosts(costs)
    this.#spinLimit.breakEven = breakEven(costs)
    this.#spinLimit.entryNs = costs.trapNs
    this.#polling.useCosts(kvmPolling(costs))
  }

  /** Why `trapped` died. */
  get death(): string {
    return this.trapped.death
  }

  /** A vCPU that stops says nothing about the program. */
  get deathSignal(): number {
    return 0
  }

  openCallGate(): number {
    return this.#vm.openGate()
  }

  createSpace(): AddressSpace {
    return new KvmSpace(this)
  }

  /** @throws Errno ENOMEM */
  takeSpace(): NativeSpace {
    const empty = this.#emptySpaces.pop()
    if (empty !== undefined) return empty
    try {
      const space = new addon.Space(this.#vm)
      this.#spaces.push(space)
      return space
    } catch (error) {
      throw orGuestErrno(error, ENOMEM)
    }
  }

  giveSpace(space: NativeSpace): void {
    this.#emptySpaces.push(space)
  }

  createContext(): Context {
    // It is the VM's: on arm64 the first vCPU sets it for all.
    this.hasHostCycles ||= this.#pool.first.native.hasHostCycles
    const context = new KvmContext(this.#pool, this.userTop, (disposed) => {
      if (this.#last === disposed) this.#last = undefined
      this.forget(disposed)
    })
    return this.adopt(context)
  }

  override resume(context: KvmContext, space: KvmSpace): void {
    super.resume(context, space)
    const {cpu} = context
    if (this.running.length > 1) {
      this.#runSeveral(cpu)
      return
    }
    if (this.#last !== context) this.#move(context)
    if (cpu.threaded && cpu !== this.#polled && cpu.exited) cpu.leaveThread()
    else if (cpu.threaded) this.#go(cpu, cpu === this.#polled)
  }

  override stop(context: KvmContext): void {
    if (!this.running.includes(context)) return
    super.stop(context)
    context.cpu.isBusy = false
  }

  [Symbol.dispose](): void {
    this.disposeContexts()
    this.#pool.dispose()
    for (const space of this.#spaces) space.dispose()
    this.#vm.dispose()
    this.events.watcher.dispose()
  }

  protected override get takingTurns(): number {
    return Math.max(1, Math.min(this.cpus, this.#processors - 1))
  }

  protected override step(context: KvmContext): EventKind {
    const {cpu} = context
    if (cpu.threaded) return cpu === this.#polled ? this.#poll(context, cpu) : this.#await(context, cpu)
    const event = this.runHere(context)
    if (event === EVENT_SYSCALL && this.#polling.exited(true)) {
      this.#polled = cpu
      this.#spinLimit.renew()
      cpu.useThread(this.#spinLimit.breakEven.commandLooks)
    }
    return event
  }

  /** Polls while there is a processor for it, else sleeps. */
  protected override stepSeveral(): EventKind {
    if (this.#canSpin) {
      const trapped = firstToTrap(this.running, this.events.attention)
      if (trapped !== undefined) return this.#seen(trapped, trapped.cpu.look())
      if (Atomics.load(this.events.attention, 0) !== 0 || this.#spinLimit.lasts()) return 0
    }
    // Before the looks: a stop that they miss ends the sleep.
    Atomics.store(this.#stops, 0, 0)
    for (const context of this.running) {
      const event = this.#seen(context, context.cpu.deafen())
      if (event !== 0) return event
    }
    return this.events.collect(this.events.watcher.poll(this.events.buffer, true, this.#stops))
  }

  protected override stopped(context: KvmContext, event: EventKind): EventKind {
    const {cpu} = context
    cpu.isBusy = false
    if (event === EVENT_SYSCALL) context.takeCall(cpu.frame)
    else if (event !== EVENT_PREEMPTED) context.takeTrap(cpu.record)
    if (event === EVENT_DEAD) this.#bury(context)
    return super.stopped(context, event)
  }

  /** Whether a processor is left to spin on. */
  get #canSpin(): boolean {
    return this.#processors > this.running.length
  }

  /** Each runs on its own thread, and `resumed` is the last to go. */
  #runSeveral(resumed: KvmCpu): void {
    this.#polled = undefined
    this.#spinLimit.renew()
    const polls = this.#canSpin
    for (const {cpu} of this.running) {
      const waits = !cpu.threaded
      if (waits) cpu.useThread(this.#spinLimit.breakEven.commandLooks)
      if (waits || cpu === resumed) this.#go(cpu, polls)
    }
  }

  /** `context` runs alone, and another one did before. */
  #move(context: KvmContext): void {
    this.#last = context
    const polled = this.#polled
    const isToEnd = this.#polling.moved()
    if (polled === undefined) return
    const {cpu} = context
    if (polled !== cpu) polled.deafen()
    this.#polled = undefined
    if (isToEnd) return
    this.#polled = cpu
    if (!cpu.threaded) cpu.useThread(this.#spinLimit.breakEven.commandLooks)
  }

  /** Handles what a look at one of several returned. */
  #seen(context: KvmContext, event: EventKind): EventKind {
    if (event === 0) return 0
    if (event === EVENT_PREEMPTED) return this.#goOn(context)
    if (context.cpu.exited) this.stats.exits++
    else this.stats.polled++
    this.#spinLimit.renew()
    return this.stopped(context, event)
  }

  /** For the last one of several: it comes back to this thread with its next exit. */
  #await(context: KvmContext, cpu: KvmCpu): EventKind {
    const event = cpu.deafen()
    if (event === 0) return this.events.collect(cpu.sleep(this.events.watcher, this.events.buffer))
    if (event !== EVENT_PREEMPTED && cpu.exited) cpu.leaveThread()
    return this.#seen(context, event)
  }

  #poll(context: KvmContext, cpu: KvmCpu): EventKind {
    let event = cpu.poll(SPINS, this.events.attention)
    if (event === EVENT_PREEMPTED) return this.#goOn(context)
    if (event !== 0) return this.#foundByPolling(context, event)
    if (Atomics.load(this.events.attention, 0) !== 0 || this.#spinLimit.lasts()) return 0

    event = cpu.deafen()
    if (event === EVENT_PREEMPTED) return this.#goOn(context)
    if (event !== 0) return this.#foundByPolling(context, event)
    this.#polling.park()
    this.#spinLimit.renew()
    return this.events.collect(cpu.sleep(this.events.watcher, this.events.buffer))
  }

  #foundByPolling(context: KvmContext, event: EventKind): EventKind {
    const {cpu} = context
    this.#spinLimit.renew()
    if (cpu.exited) {
      this.stats.exits++
      if (this.#polling.missed(event === EVENT_SYSCALL)) cpu.leaveThread()
    } else {
      this.stats.polled++
      if (this.#polling.found()) this.#polled = undefined
    }
    return this.stopped(context, event)
  }

  /** KVM_RUN was ended by a host signal that was not meant for it. */
  #goOn({cpu}: KvmContext): EventKind {
    this.#go(cpu, cpu === this.#polled || (this.running.length > 1 && this.#canSpin))
    return 0
  }

  /** @param polls whether the sentry will look at its frame */
  #go(cpu: KvmCpu, polls: boolean): void {
    if (cpu.go(polls ? this.#spinLimit.breakEven.answerLooks : 0)) this.#spinLimit.allowEntry()
  }

  #bury(context: KvmContext): void {
    this.#pool.bury(context.cpu)
    context.lose()
  }
}
