// Vcpu: one virtual processor: registers, runs, and what ends a run.

import {EINTR, errnoName} from '../abi/errno.ts'
import {HvError} from '../errors.ts'
import {abortSignal, checked} from '../options.ts'
import type {StopSignal} from '../stop-signal.ts'
import type {NativeVcpu} from './addon.ts'
import {Cpuid} from './cpuid.ts'
import {Debugging, type DebugLimits, type DebugOptions, debugLimits} from './debug.ts'
import {type Answer, type Exit, INTERRUPTED, isAccess, readExit} from './exit.ts'
import {interruptBy, interruptWith, lineOf} from './interrupts.ts'
import type {InterruptLine} from './irqchip.ts'
import {Msrs} from './msrs.ts'
import {orThrow} from './open-error.ts'
import {RawKvm} from './raw.ts'
import {Registers} from './registers.ts'
import {Part} from './save/part.ts'
import {checkState, readVcpu, type VcpuState, vcpuParts, writeVcpu} from './save/parts.ts'
import {type KvmStatistic, readStatistics} from './statistics.ts'
import {Vectors} from './vectors.ts'

/** What a vCPU needs of its VM. */
export interface VmOfVcpu {
  forget(vcpu: Vcpu): void
  /** Tells listeners of stores that were posted before this exit. */
  deliver(): void
}

/**
 * One virtual processor: its registers, its runs, and what ends a run. It has one run at a time.
 *
 * @example
 * const exit = await vcpu.runAsync(AbortSignal.timeout(10_000))
 * console.log(exit.kind) // mmio
 * vcpu.interrupt()
 * console.log(vcpu.run()) // { kind: 'interrupted' }
 */
export class Vcpu implements Disposable {
  /** In the architecture's reset state at first. */
  readonly registers: Registers
  readonly vectors: Vectors
  /** x86_64. */
  readonly cpuid: Cpuid
  /** x86_64. */
  readonly msrs: Msrs
  /** Outside of what hv promises. */
  readonly raw: RawKvm
  readonly #native: NativeVcpu
  readonly #vm: VmOfVcpu
  readonly #debugging = new Debugging()
  #answer: Answer
  /** KVM completes the last exit's instruction in the next run. */
  #isUnfinished = false
  /** The exit that completing it led to: the next run returns it. */
  #further: Exit | undefined
  #isInterrupted = false
  #isRunning = false
  #isDisposed = false

  /** @internal Vm.createVcpu makes them. */
  constructor(native: NativeVcpu, vm: VmOfVcpu) {
    this.#native = native
    this.#vm = vm
    const stopped = (): NativeVcpu => this.#stopped()
    this.registers = new Registers(stopped)
    this.vectors = new Vectors(stopped)
    this.cpuid = new Cpuid(stopped)
    this.msrs = new Msrs(stopped)
    this.raw = new RawKvm(() => stopped().fd)
  }

  /**
   * Runs until the next exit, on this thread. A guest that never exits never gives the thread back; see {@link runAsync}. The answer to the
   * previous exit (`data` of an `in` or of a read, `result` of a hypercall) is handed over first.
   * @throws HvError VCPU_BUSY while it runs, VCPU_FAILED, DISPOSED
   */
  run(): Exit {
    const native = this.#begin()
    return this.#takeFurther() ?? this.#exit(starting(() => native.run()))
  }

  /**
   * The same on the vCPU's own thread: this one stays free, and vCPUs run side by side. Keeps the process alive as a timer does.
   * @param signal ends the run when aborted, or prevents it: the exit is `interrupted`
   * @throws HvError as `run`, BAD_ARGUMENT
   */
  async runAsync(signal?: StopSignal): Promise<Exit> {
    if (signal !== undefined) checked(abortSignal, signal, 'signal')
    const native = this.#begin()
    if (signal?.aborted) return INTERRUPTED
    const further = this.#takeFurther()
    if (further !== undefined) return further
    const interrupt = (): void => this.interrupt()
    this.#isRunning = true
    try {
      const ended = starting(() => native.runAsync())
      if (typeof ended === 'number') return this.#exit(ended)
      signal?.addEventListener('abort', interrupt)
      const errno = await ended
      return this.#isDisposed ? INTERRUPTED : this.#exit(errno)
    } finally {
      this.#isRunning = false
      signal?.removeEventListener('abort', interrupt)
    }
  }

  /** Ends the current run, or if there is none the next one, with the exit `interrupted`. @throws HvError DISPOSED */
  interrupt(): void
  /**
   * Interrupts the guest with a vector, as an interrupt controller would, in a VM that has none (x86_64; KVM_INTERRUPT). On arm64 it is
   * {@link line} that does.
   * @returns whether the guest takes it in the next run. If not, because it has interrupts switched off or is about to take another one,
   * a run ends with the exit `interrupt-window` as soon as it does
   * @throws HvError BAD_ARGUMENT, also on arm64 and for a VM with an `irqchip`; VCPU_BUSY while it runs; DISPOSED
   *
   * @example
   * // x86_64 only
   * vm.memory.write(0x2000, Uint8Array.of(0xfb, 0xf4)) // sti; hlt
   * vm.memory.write(0x2100, Uint8Array.of(0xe6, 0x80, 0xcf)) // out %al, $0x80; iret
   * vm.memory.write(4 * 0x20, Uint8Array.of(0x00, 0x21, 0, 0)) // the vector's handler, in real mode
   * vcpu.registers.set({rip: 0x2000n, rsp: 0x4000n, 'ss.base': 0n, 'ss.selector': 0n})
   * console.log(vcpu.run().kind, vcpu.interrupt(0x20)) // halt true
   * const exit = vcpu.run()
   * console.log(exit.kind === 'io' && exit.port) // 128
   */
  interrupt(vector: number): boolean
  interrupt(vector?: number): boolean | undefined {
    if (vector !== undefined) return interruptWith(vector, () => this.#stopped(), this.registers)
    if (this.#isDisposed) throw disposed()
    this.#isInterrupted = true
    this.#native.interrupt()
    return undefined
  }

  /**
   * A non-maskable interrupt: the guest takes it in the next run, even where it has interrupts switched off (x86_64; KVM_NMI).
   * @throws HvError BAD_ARGUMENT on arm64; KVM_UNUSABLE, VCPU_BUSY while it runs, DISPOSED
   */
  nmi(): void {
    interruptBy('nmi', () => this.#stopped())
  }

  /**
   * A system management interrupt: the guest goes on in system management mode, at 0x38000 unless it has moved that (x86_64; KVM_SMI; SDM
   * vol. 3, 33). What that mode writes is in no record of dirty pages. @throws HvError as `nmi`; KVM_UNUSABLE where KVM was built without that mode
   */
  smi(): void {
    interruptBy('smi', () => this.#stopped())
  }

  /**
   * The vCPU's own interrupt inputs, in a VM without an interrupt controller (arm64; KVM_IRQ_LINE). While one is raised, and the guest does
   * not mask it, the guest takes an interrupt. It may be called while the vCPU runs. A saved state does not contain it.
   * @throws HvError BAD_ARGUMENT, also on x86_64 and for a VM with an `irqchip`; what it returns throws DISPOSED
   */
  line(input: 'irq' | 'fiq'): InterruptLine {
    return lineOf(input, () => {
      if (this.#isDisposed) throw disposed()
      return this.#native
    })
  }

  /**
   * All of its state, from which another vCPU, or later this one, can go on. An exit that waits for its answer gets it first, as it then
   * is. On arm64 with an interrupt controller, no vCPU can be made any more, as after a first run.
   * @throws HvError VCPU_BUSY while it runs, and within an instruction that makes several exits; VCPU_FAILED, DISPOSED
   *
   * @example
   * const saved = vcpu.save()
   * console.log(saved.architecture) // e.g. x86_64
   * console.log(vcpu.run().kind) // mmio
   * vcpu.restore(saved)
   * console.log(vcpu.run().kind) // mmio
   */
  save(): VcpuState {
    return readVcpu(this.#finished())
  }

  /**
   * Gives it a state that {@link save} returned, of this vCPU or of one like it.
   * @throws HvError BAD_ARGUMENT for what is not such a state, or what KVM refuses: parts of it may have been taken then; as `save`
   */
  restore(state: VcpuState): void {
    const checked = checkState(state)
    const native = this.#finished()
    this.#further = undefined
    writeVcpu(native, checked)
  }

  /**
   * A part of its state, by its fields' names: events, debug registers, the local APIC and so on (README.md of src/vm, Saving, names them).
   * While an exit waits for its answer, the next run completes its instruction first, and may change what was set.
   * @throws HvError BAD_ARGUMENT for an unknown name; what it returns throws VCPU_BUSY while it runs, DISPOSED
   */
  part(name: string): Part {
    return new Part(name, () => vcpuParts(this.#stopped()))
  }

  /**
   * What KVM counts of this vCPU, by its names, which differ between architectures and kernels (KVM_GET_STATS_FD).
   * @throws HvError KVM_UNUSABLE before Linux 5.14; VCPU_BUSY while it runs; DISPOSED
   *
   * @example
   * vcpu.run()
   * console.log(vcpu.statistics.exits.values[0] > 0n) // true
   */
  get statistics(): Record<string, KvmStatistic> {
    return readStatistics(this.#stopped().fd)
  }

  /** What {@link debug} can ask for on this host. @throws HvError KVM_MISSING, KVM_DENIED */
  get debugLimits(): DebugLimits {
    return debugLimits()
  }

  /**
   * Makes the vCPU stop for a debugger, from the next run on (api.rst, KVM_SET_GUEST_DEBUG). It replaces what was asked before, so
   * `debug({})` ends it. Meanwhile the guest's own use of debug registers has no effect.
   * @throws HvError KVM_UNUSABLE for what {@link debugLimits} lacks; BAD_ARGUMENT for too many, or for what the processor's registers
   * cannot hold; VCPU_BUSY while it runs; DISPOSED. What was asked before then still holds
   *
   * @example
   * const start = vcpu.registers.get(process.arch === 'arm64' ? 'pc' : 'rip')
   * vcpu.debug({breakpoints: [start]})
   * const stopped = vcpu.run()
   * console.log(stopped.kind === 'debug' && stopped.cause) // breakpoint
   * vcpu.debug({})
   */
  debug(options: DebugOptions): void {
    this.#debugging.ask(() => this.#stopped(), options)
  }

  /** Its run, if any, ends as `interrupted`. Its number is not given to another vCPU. */
  [Symbol.dispose](): void {
    if (this.#isDisposed) return
    this.#isDisposed = true
    this.#answer = undefined
    this.#native.dispose()
    this.#vm.forget(this)
  }

  #begin(): NativeVcpu {
    const native = this.#stopped()
    // That exit was not returned yet, so it has no answer.
    if (this.#further !== undefined) return native
    this.#answer?.()
    this.#answer = undefined
    this.#debugging.renew()
    return native
  }

  #takeFurther(): Exit | undefined {
    const exit = this.#further
    this.#further = undefined
    return exit
  }

  /** Lets KVM finish the last exit's instruction, which is the first thing that a run does (api.rst, 5: immediate_exit). */
  #finished(): NativeVcpu {
    const native = this.#begin()
    if (this.#isUnfinished && this.#further === undefined) {
      native.interrupt()
      const wasInterrupted = this.#isInterrupted
      const exit = this.#exit(starting(() => native.run()))
      // A listener that was told of a store may have disposed of it.
      this.#stopped()
      if (exit !== INTERRUPTED) this.#further = exit
      else if (wasInterrupted) this.interrupt()
    }
    if (!this.#isUnfinished) return this.#stopped()
    const message = 'the vCPU is within an instruction that makes several exits'
    throw new HvError('VCPU_BUSY', message, 'run it until the next one')
  }

  #exit(errno: number): Exit {
    this.#deliver()
    // A listener may have disposed of it.
    if (this.#isDisposed) return INTERRUPTED
    this.#isUnfinished = false
    if (errno === EINTR) {
      this.#isInterrupted = false
      return INTERRUPTED
    }
    if (errno !== 0) throw new HvError('VCPU_FAILED', `KVM_RUN failed: ${errnoName(errno)}`)
    const [exit, answer] = readExit(this.#native)
    this.#answer = answer
    this.#isUnfinished = isAccess(exit) || exit.kind === 'hypercall'
    return exit
  }

  /** Before the exit is read: a listener that ran the vCPU would replace it. */
  #deliver(): void {
    this.#isRunning = true
    try {
      this.#vm.deliver()
    } finally {
      this.#isRunning = false
    }
  }

  #stopped(): NativeVcpu {
    if (this.#isDisposed) throw disposed()
    if (this.#isRunning) {
      throw new HvError('VCPU_BUSY', 'the vCPU runs', 'wait for its run to end, or call interrupt() first')
    }
    return this.#native
  }
}

/** The VM's interrupt controller starts before the first run. */
const starting = <Result>(run: () => Result): Result =>
  orThrow(
    run,
    (cause) => new HvError('VCPU_FAILED', `KVM cannot start the VM: ${cause.message}`, '', {cause}),
  )

const disposed = (): HvError => new HvError('DISPOSED', 'the vCPU is disposed')
