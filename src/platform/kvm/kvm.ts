// KvmPlatform: contexts are vCPUs in ring 3 of one VM, spaces its page tables.

import {ENOMEM, Errno} from '../../abi/errno.ts'
import {addon} from '../../addon.ts'
import {openError} from '../../vm/open-error.ts'
import type {MemoryFile} from '../memory-file.ts'
import {memoryFileBytes} from '../memory-size.ts'
import {createMemoryFile} from '../page-allocator.ts'
import {
  type AddressSpace,
  type Context,
  EVENT_PREEMPTED,
  EVENT_SYSCALL,
  type EventKind,
  PAGE_SIZE,
  type Platform,
  type Protection,
} from '../platform.ts'
import {RunLoop} from '../run-loop.ts'
import type {NativeSpace, NativeUserVm, NativeVcpuContext} from './addon.ts'
import {KvmContext} from './context.ts'
import {Listening} from './listening.ts'

/** Looks at the frame between two looks at the clock: about 5 us. */
const SPINS = 512

export class KvmPlatform extends RunLoop<KvmContext, NativeSpace> implements Platform {
  readonly name = 'kvm'
  readonly memory: MemoryFile
  readonly userTop = addon.userTop
  /** What the shim has is the supervisor's, but on PVM hosts, where it lies above what programs look at. */
  readonly mappings = []
  readonly cpus = 1
  hasHostCycles = false
  readonly #vm: NativeUserVm
  readonly #contexts = new Set<KvmContext>()
  /** Of disposed contexts: KVM keeps a vCPU as long as its VM, so the next context takes one of these. */
  readonly #idle: NativeVcpuContext[] = []
  /** Of disposed spaces, empty: PVM would mix up page tables that are taken apart and made anew. */
  readonly #emptySpaces: NativeSpace[] = []
  /** What the FP state of a new vCPU is. */
  #newFpState: Uint8Array | undefined
  readonly #listening = new Listening(addon.monotonicNs)

  /**
   * @param memoryBytes of guest memory; rounded up to pages
   * @throws HvError MEMORY_SIZE, KVM_MISSING, KVM_DENIED, KVM_UNUSABLE
   */
  constructor(memoryBytes: number) {
    super()
    const size = memoryFileBytes(memoryBytes)
    try {
      this.#vm = new addon.UserVm(size)
    } catch (error) {
      this.events.dispose()
      throw openError(error as Error & {errno?: number})
    }
    this.memory = createMemoryFile(this.#vm.memory, (offset, length) => this.#vm.release(offset, length))
  }

  /** Why `trapped` died. */
  get death(): string {
    return this.trapped.death
  }

  /** A vCPU that stops says nothing about the program. */
  get deathSignal(): number {
    return 0
  }

  createSpace(): AddressSpace {
    const native = this.#emptySpaces.pop() ?? new addon.Space(this.#vm)
    return new KvmSpace(this, native, () => this.#emptySpaces.push(native))
  }

  createContext(): Context {
    const native = this.#takeVcpu()
    const context = new KvmContext(native, this.#vm.supervisor, this.userTop, (disposed) => {
      this.#contexts.delete(disposed)
      this.#idle.push(native)
    })
    this.#contexts.add(context)
    this.hasHostCycles = context.native.hasHostCycles
    return context
  }

  override resume(context: KvmContext, space: KvmSpace): void {
    super.resume(context, space)
    if (context.threaded) context.go()
  }

  [Symbol.dispose](): void {
    for (const context of this.#contexts) context.dispose()
    for (const native of [...this.#idle, ...this.#emptySpaces]) native.dispose()
    this.#vm.dispose()
    this.events.dispose()
  }

  /** Registers are the caller's to write, before it runs. */
  #takeVcpu(): NativeVcpuContext {
    const native = this.#idle.pop()
    if (native !== undefined) {
      native.writeFpState(this.#newFpState!)
      return native
    }
    const created = new addon.Context(this.#vm, this.events.watcher)
    this.#newFpState ??= created.readFpState()
    return created
  }

  protected override step(context: KvmContext): EventKind {
    if (context.threaded) return this.#listen(context)
    const event = this.runHere(context)
    if (event === EVENT_SYSCALL && this.#listening.exited()) context.listenNext()
    return event
  }

  protected override stopped(context: KvmContext, event: EventKind): EventKind {
    if (event === EVENT_SYSCALL) context.takeCall()
    return super.stopped(context, event)
  }

  #listen(context: KvmContext): EventKind {
    let event = context.listen(SPINS, this.events.attention)
    if (event === EVENT_PREEMPTED) return this.#goOn(context)
    if (event !== 0) return this.#heard(context, event)
    if (Atomics.load(this.events.attention, 0) !== 0 || this.#listening.patient()) return 0

    event = context.deafen()
    if (event === EVENT_PREEMPTED) return this.#goOn(context)
    if (event !== 0) return this.#heard(context, event)
    this.#listening.parked()
    return this.events.collect(context.sleep(this.events.watcher, this.events.buffer))
  }

  #heard(context: KvmContext, event: EventKind): EventKind {
    if (context.exited) {
      this.stats.exits++
      if (this.#listening.missed(event === EVENT_SYSCALL)) context.leaveThread()
    } else {
      this.stats.listened++
      this.#listening.heard()
    }
    return this.stopped(context, event)
  }

  /** A signal of the host's ended KVM_RUN: nobody asked for it. */
  #goOn(context: KvmContext): EventKind {
    context.go()
    return 0
  }
}

class KvmSpace implements AddressSpace {
  readonly native: NativeSpace
  readonly #platform: KvmPlatform
  readonly #release: () => void
  #disposed = false
  #isShort = false

  /** @param release takes `native` back */
  constructor(platform: KvmPlatform, native: NativeSpace, release: () => void) {
    this.native = native
    this.#platform = platform
    this.#release = release
  }

  map(address: number, length: number, offset: number, protection: Protection, populate = false): void {
    if (populate) this.#backByHost(offset, length)
    try {
      this.native.set(address, length, offset, protection)
    } catch (error) {
      if ((error as {errno?: number}).errno !== ENOMEM) throw error
      this.unmap(address, length)
      this.#isShort = true
    }
  }

  unmap(address: number, length: number): void {
    this.native.set(address, length, 0, 0)
  }

  commit(): void {
    if (!this.#isShort) return
    this.#isShort = false
    throw new Errno(ENOMEM)
  }

  fork(): AddressSpace {
    return this.#platform.createSpace()
  }

  /**
   * KVM maps eight pages at a time where the host has them already (its PTE_PREFETCH_NUM), which halves what the first touch
   * of each costs.
   */
  #backByHost(offset: number, length: number): void {
    const {bytes} = this.#platform.memory
    // New pages, which no program writes yet: what is there stays.
    for (let at = offset; at < offset + length; at += PAGE_SIZE) bytes[at] |= 0
  }

  dispose(): void {
    if (this.#disposed) return
    this.#disposed = true
    this.#release()
  }
}
