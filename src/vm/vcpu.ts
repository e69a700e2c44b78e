// Vcpu: one virtual processor: registers, runs, and what ends a run.

import {checked} from '../options.ts'
import type {StopSignal} from '../stop-signal.ts'
import type {NativeVcpu} from './addon.ts'
import {Cpuid} from './cpuid.ts'
import {Debugging, type DebugLimits, type DebugOptions, debugLimits} from './debug.ts'
import type {Exit} from './exit.ts'
import type {ExitTraces} from './exit-trace.ts'
import {anyAddress, type GuestAddress, type GuestMemory} from './guest-memory.ts'
import {interruptBy, interruptWith, lineOf} from './interrupts.ts'
import type {InterruptLine} from './irqchip.ts'
import {tellOfPause} from './kvm-clock.ts'
import {ListedRegisters} from './listed-registers.ts'
import {Msrs} from './msrs.ts'
import {type Translation, walk} from './paging/page-tables.ts'
import {entriesOf, pagingOf} from './paging/translate.ts'
import {prefault} from './populate.ts'
import {RawKvm} from './raw.ts'
import {Registers} from './registers.ts'
import {Runs} from './runs.ts'
import {Part} from './save/part.ts'
import {checkState, readVcpu, type VcpuState, vcpuParts, writeVcpu} from './save/parts.ts'
import {type KvmStatistic, readStatistics} from './statistics.ts'
import {Vectors} from './vectors.ts'

/** @internal What a vCPU needs of its VM. */
export interface VmOfVcpu {
  readonly memory: GuestMemory
  forget(vcpu: Vcpu): void
  /** Tells listeners of stores that were posted before this exit. */
  deliver(): void
  readonly traces: ExitTraces
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
  /** arm64. */
  readonly listedRegisters: ListedRegisters
  /** x86_64. */
  readonly cpuid: Cpuid
  /** x86_64. */
  readonly msrs: Msrs
  /** Outside of what hv promises. */
  readonly raw: RawKvm
  readonly #runs: Runs
  readonly #vm: VmOfVcpu
  readonly #debugging = new Debugging()

  /** @internal Vm.createVcpu makes them. */
  constructor(native: NativeVcpu, vm: VmOfVcpu) {
    this.#vm = vm
    this.#runs = new Runs(native, {
      renew: () => this.#debugging.renew(),
      deliver: () => vm.deliver(),
      isTraced: () => vm.traces.isOn,
      exited: (exit) => vm.traces.exited(this, exit),
      answered: () => vm.traces.answered(this),
    })
    const stopped = (): NativeVcpu => this.#runs.stopped()
    this.registers = new Registers(stopped)
    this.vectors = new Vectors(stopped)
    this.listedRegisters = new ListedRegisters(stopped)
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
    return this.#runs.run()
  }

  /**
   * The same on the vCPU's own thread: this one stays free, and vCPUs run side by side. Keeps the process alive as a timer does.
   * @param signal ends the run when aborted, or prevents it: the exit is `interrupted`
   * @throws HvError as `run`, BAD_ARGUMENT
   */
  runAsync(signal?: StopSignal): Promise<Exit> {
    return this.#runs.runAsync(signal)
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
    if (vector !== undefined) return interruptWith(vector, () => this.#runs.stopped(), this.registers)
    this.#runs.interrupt()
    return undefined
  }

  /**
   * A non-maskable interrupt: the guest takes it in the next run, even where it has interrupts switched off (x86_64; KVM_NMI).
   * @throws HvError BAD_ARGUMENT on arm64; KVM_UNUSABLE, VCPU_BUSY while it runs, DISPOSED
   */
  nmi(): void {
    interruptBy('nmi', () => this.#runs.stopped())
  }

  /**
   * A system management interrupt: the guest goes on in system management mode, at 0x38000 unless it has moved that (x86_64; KVM_SMI; SDM
   * vol. 3, 33). What that mode writes is in no record of dirty pages. @throws HvError as `nmi`; KVM_UNUSABLE where KVM was built without that mode
   */
  smi(): void {
    interruptBy('smi', () => this.#runs.stopped())
  }

  /**
   * Tells a guest that goes by kvmclock that it stood still for long, so that its watchdogs do not take that for a hang (x86_64;
   * KVM_KVMCLOCK_CTRL). @returns whether the guest has switched that clock on. @throws HvError BAD_ARGUMENT on arm64; VCPU_BUSY, DISPOSED
   */
  tellOfPause(): boolean {
    return tellOfPause(this.raw)
  }

  /**
   * The vCPU's own interrupt inputs, in a VM without an interrupt controller (arm64; KVM_IRQ_LINE). While one is raised, and the guest does
   * not mask it, the guest takes an interrupt. It may be called while the vCPU runs. A saved state does not contain it.
   * @throws HvError BAD_ARGUMENT, also on x86_64 and for a VM with an `irqchip`; what it returns throws DISPOSED
   */
  line(input: 'irq' | 'fiq'): InterruptLine {
    return lineOf(input, () => this.#runs.usable())
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
    return readVcpu(this.#runs.finished())
  }

  /**
   * Gives it a state that {@link save} returned, of this vCPU or of one like it.
   * @throws HvError BAD_ARGUMENT for what is not such a state, or what KVM refuses: parts of it may have been taken then; as `save`
   */
  restore(state: VcpuState): void {
    const parts = checkState(state)
    const native = this.#runs.finished()
    this.#runs.forgetFurther()
    writeVcpu(native, parts)
  }

  /**
   * A part of its state, by its fields' names: events, debug registers, the local APIC and so on (README.md of src/vm, Saving, names them).
   * While an exit waits for its answer, the next run completes its instruction first, and may change what was set.
   * @throws HvError BAD_ARGUMENT for an unknown name; what it returns throws VCPU_BUSY while it runs, DISPOSED
   */
  part(name: string): Part {
    return new Part(name, () => vcpuParts(this.#runs.stopped()))
  }

  /**
   * Where an address of the guest's instructions leads now: through the page tables that the vCPU's registers name, on arm64 stage 1 of the
   * present exception level. x86_64: a linear address, with its segment's base. A processor may still use an older translation.
   * @returns undefined when no page is there. Rights are those that tables, CR0.WP, CR4.SMEP and SCTLR.WXN give; SMAP, PAN and protection
   * keys may take more away.
   * @throws HvError BAD_ARGUMENT; VCPU_BUSY while it runs; DISPOSED
   */
  translate(address: GuestAddress): Translation | undefined {
    const virtual = BigInt(checked(anyAddress, address, 'address'))
    return walk(pagingOf(this.registers), virtual, entriesOf(this.#vm.memory))
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
    return readStatistics(this.#runs.stopped().fd)
  }

  /**
   * Nanoseconds of CPU time that the vCPU's own thread has taken, which {@link runAsync} uses: the guest, KVM, and what is looked for around
   * runs. It may run. @throws HvError DISPOSED
   */
  get cpuNs(): number {
    return this.#runs.usable().cpuNs()
  }

  /**
   * Maps memory in KVM's tables for the guest before it reads it, and takes the host's memory for it (KVM_PRE_FAULT_MEMORY): the first
   * accesses cost no exit. x86_64 with nested paging, Linux 6.11; see {@link GuestMemory.populate} for what works everywhere.
   * @param address guest physical; a multiple of the host's page size, as `length` is
   * @throws HvError KVM_UNUSABLE where the host cannot, MEMORY_RANGE, BAD_ARGUMENT, VCPU_BUSY while it runs, DISPOSED
   */
  prefault(address: number, length: number): void {
    prefault(this.#runs.stopped().fd, address, length)
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
    this.#debugging.ask(() => this.#runs.stopped(), options)
  }

  /** Its run, if any, ends as `interrupted`. Its number is not given to another vCPU. */
  [Symbol.dispose](): void {
    if (this.#runs.dispose()) this.#vm.forget(this)
  }
}
