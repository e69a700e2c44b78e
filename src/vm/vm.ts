// Vm: a KVM virtual machine: memory and vCPUs.

import {addon} from '../addon.ts'
import {badArgument, HvError} from '../errors.ts'
import {requireMade} from '../options.ts'
import type {NativeVm} from './addon.ts'
import {type CallFilter, filterCalls, setCounterOffset} from './arm64-calls.ts'
import {type AccessPlace, DeviceTable, type Latch, type PostedStore} from './device-table.ts'
import {type EventfdLimits, Eventfds, limitsOf} from './eventfd.ts'
import type {TraceLimits, TraceListener} from './exit-trace.ts'
import {GuestMemory} from './guest-memory.ts'
import {type Ioeventfd, type IoeventfdListener, type IoeventfdPlace, Ioeventfds} from './ioeventfd.ts'
import {addIrqchip, type Irqchip} from './irqchip.ts'
import {KvmClock} from './kvm-clock.ts'
import {MemorySlot} from './memory-slot.ts'
import type {MemorySlotOptions} from './memory-slot-options.ts'
import {MemoryTags} from './memory-tags.ts'
import {exitOnMsrs, type MsrExits} from './msr-exits.ts'
import {openError, orThrow} from './open-error.ts'
import {RawKvm} from './raw.ts'
import {type Read, readFrom, type SaveFile, writeTo} from './save/file.ts'
import type {Description, SavedVcpu} from './save/format.ts'
import type {SaveOptions} from './save/options.ts'
import {Part} from './save/part.ts'
import {vmParts} from './save/parts.ts'
import {defectOf, readDescription, restoreVm, saveVm} from './save/save.ts'
import {type KvmStatistic, readStatistics} from './statistics.ts'
import type {Vcpu} from './vcpu.ts'
import {Vcpus} from './vcpus.ts'
import {VmLoops} from './vm-loops.ts'
import {checkOptions, checkVcpuOptions, type VcpuOptions, type VmOptions} from './vm-options.ts'

/** KVM takes 509 on x86_64 and more on arm64, but each access searches a list of them. */
export const SLOTS_MAX = 64

/**
 * A KVM virtual machine: memory, and vCPUs that begin in the architecture's reset state.
 *
 * @example
 * using vm = Vm.create({memoryBytes: 0x8000})
 * using vcpu = vm.createVcpu()
 * if (process.arch === 'arm64') {
 *   vm.memory.write(0x1000, Uint8Array.of(0x01, 0x00, 0x00, 0x39)) // strb w1, [x0]
 *   vcpu.registers.set({pc: 0x1000n, x0: 0x9000n, x1: 42n})
 * } else {
 *   vm.memory.write(0x1000, Uint8Array.of(0x88, 0x07)) // mov %al, (%bx), in real mode
 *   vcpu.registers.set({'cs.base': 0n, 'cs.selector': 0n, rip: 0x1000n, rbx: 0x9000n, rax: 42n})
 * }
 * console.log(vcpu.run()) // { kind: 'mmio', isWrite: true, address: 36864, data: Uint8Array(1) [ 42 ] }
 */
export class Vm extends VmLoops implements Disposable {
  /** Its memory, by guest physical address. */
  readonly memory: GuestMemory
  /** arm64: of a VM with `features.mte`. */
  readonly memoryTags: MemoryTags
  /** The interrupt controller, if one was asked for. */
  readonly irqchip: Irqchip | undefined
  /** arm64: vCPUs begin at EL2. */
  readonly hasEl2: boolean
  /** x86_64: the clock that KVM shows guests. */
  readonly clock: KvmClock
  /** Outside of what hv promises. */
  readonly raw: RawKvm
  /** /dev/kvm; as `raw`. */
  readonly rawSystem: RawKvm
  readonly #native: NativeVm
  readonly #devices: DeviceTable
  readonly #eventfds = new Eventfds()
  readonly #ioeventfds: Ioeventfds
  readonly #options: Omit<Required<VmOptions>, 'lazy' | 'type'>
  readonly #isProtected: boolean
  readonly #vcpus: Vcpus
  readonly #slots: MemorySlot[] = []
  #isDisposed = false

  private constructor(native: NativeVm, options: Required<VmOptions>) {
    requireMade(options, 'Vm')
    super()
    const {lazy, type, ...kept} = options
    const {memoryBase, memoryBytes, nested, irqchip, hugePages, logsDirty, guestMemfd} = kept
    this.#native = native
    this.#options = kept
    this.#isProtected = type === 'sw-protected'
    this.hasEl2 = nested
    this.raw = new RawKvm(() => this.#usable().fd)
    this.clock = new KvmClock(this.raw)
    this.rawSystem = new RawKvm(() => this.#usable().systemFd)
    this.#devices = new DeviceTable(native)
    this.#ioeventfds = new Ioeventfds(native, this.#eventfds)
    const place = {address: memoryBase, bytes: memoryBytes}
    this.#slots.push(this.#newSlot({...place, hugePages, logsDirty, lazy, guestMemfd}))
    this.memory = new GuestMemory(this.#slots)
    this.memoryTags = new MemoryTags(() => this.#usable(), this.memory, options.features.mte === true)
    this.#vcpus = new Vcpus({native, memory: this.memory, hasEl2: nested, deliver: () => this.#deliver()})
    const owned = {eventfds: this.#eventfds, devices: this.#devices}
    if (irqchip) this.irqchip = addIrqchip(() => this.#usable(), owned, irqchip === 'split')
  }

  /** Makes a VM with memory and no vCPU. @throws HvError MEMORY_SIZE, BAD_ARGUMENT, KVM_MISSING, KVM_DENIED, KVM_UNUSABLE, OUT_OF_MEMORY */
  static create(options: VmOptions): Vm {
    const checked = checkOptions(options)
    const native = orThrow(
      () =>
        new addon.Vm(checked.ipaBits, checked.features, checked.dirtyRing, checked.type === 'sw-protected'),
      openError,
    )
    try {
      return new Vm(native, checked)
    } catch (error) {
      native.dispose()
      throw error
    }
  }

  /**
   * Makes a VM that goes on from where another was saved: its vCPUs are {@link vcpus}. Ask again for what does not end a run ({@link latch},
   * {@link post}, {@link ioeventfd}). The file is checked as it is read, and the guest's memory in it becomes the new VM's.
   * @param file a path, or an open file's descriptor, from its position on
   * @throws HvError SAVE_INVALID for what is not a saved VM, is damaged, or does not fit this host; FILE_FAILED; as `create`
   */
  static restore(file: SaveFile, options: SaveOptions = {}): Vm {
    return readFrom(file, (read) => {
      const description = readDescription(read)
      let vm: Vm | undefined
      try {
        vm = Vm.create(description.options)
        vm.#fill(read, description, options)
        return vm
      } catch (error) {
        vm?.[Symbol.dispose]()
        throw defectOf(error)
      }
    })
  }

  /**
   * Saves the whole VM: memory, vCPUs, interrupt controller. It may run on afterwards. File-backed memory is saved as well, and is the
   * restored VM's own; the slots' records of dirty pages are not saved.
   * @param file a path, whose file is written whole or not at all and is only for its owner; or an open file's descriptor
   * @throws HvError VCPU_BUSY while a vCPU runs; VCPU_FAILED, FILE_FAILED, BAD_ARGUMENT, DISPOSED
   *
   * @example
   * vm.memory.write(0x3000, Uint8Array.of(42))
   * vm.save('/tmp/machine.hv')
   * using restored = Vm.restore('/tmp/machine.hv')
   * console.log(restored.memory.read(0x3000, 1), restored.vcpus.length) // Uint8Array(1) [ 42 ] 1
   * console.log(restored.vcpus[0].run().kind) // mmio
   */
  save(file: SaveFile, options: SaveOptions = {}): void {
    this.#usable()
    if (this.#isProtected)
      throw badArgument("a software-protected VM is not saved: its private memory is the guest's alone")
    // All vCPUs save their state before anything else is read: posted stores may reach listeners meanwhile.
    this.#deliver()
    const vcpus = this.#vcpus.save()
    const [native, slots, tags] = [this.#usable(), this.#slots, this.memoryTags]
    writeTo(file, (write) => saveVm(write, {native, options: this.#options, slots, tags, vcpus}, options))
  }

  /** The vCPUs that are not disposed of, in the order in which they were made. */
  get vcpus(): readonly Vcpu[] {
    return this.#vcpus.list
  }

  /**
   * Adds memory; `memory` reaches it too. 64 slots at most.
   * @throws HvError MEMORY_SIZE, BAD_ARGUMENT, OUT_OF_MEMORY, DISPOSED
   */
  addMemory(options: MemorySlotOptions): MemorySlot {
    this.#usable()
    if (this.#slots.length >= SLOTS_MAX) {
      throw badArgument(`a VM has ${SLOTS_MAX} memory slots at most`, 'add fewer, larger ones')
    }
    const slot = this.#newSlot(options)
    this.#slots.push(slot)
    return slot
  }

  /**
   * Reads of exactly `length` bytes (1, 2 or 4) at one place give the value that was set last, at first 0, and do not end a run. This suits a
   * status register that says the same most of the time. It may be called at any time.
   * @throws HvError BAD_ARGUMENT, DISPOSED
   */
  latch(place: AccessPlace): Latch {
    this.#usable()
    return this.#devices.latch(place)
  }

  /**
   * Stores of 1, 2 or 4 bytes to a place do not end a run: the vCPU goes on, and `listener` is called for them soon, in order, and before
   * `run` or `runAsync` returns another exit. When 4,096 wait, a store is an exit like any other. It may be called at any time.
   * @throws HvError BAD_ARGUMENT, DISPOSED
   */
  post(place: AccessPlace, listener: PostedStore): void {
    this.#usable()
    this.#devices.post(place, listener)
  }

  /**
   * Accesses to these model-specific registers end the run from now on, as `rdmsr` and `wrmsr` (x86_64; KVM_X86_SET_MSR_FILTER). It replaces
   * what was asked before, and may be called while vCPUs run. A saved VM does not contain it.
   * @throws HvError BAD_ARGUMENT, also on arm64; KVM_UNUSABLE before Linux 5.10; DISPOSED
   *
   * @example
   * // x86_64 only
   * vm.exitOnMsrs({ranges: [{first: 0x4b564d00}]})
   * vm.memory.write(0x2000, Uint8Array.of(0x0f, 0x32, 0xf4)) // rdmsr; hlt
   * vcpu.registers.set({rip: 0x2000n, rcx: 0x4b564d00n})
   * const exit = vcpu.run()
   * console.log(exit.kind === 'rdmsr' && exit.reason) // filter
   * if (exit.kind === 'rdmsr') exit.value = 7n
   * console.log(vcpu.run().kind, vcpu.registers.get('rax')) // halt 7n
   */
  exitOnMsrs(exits: MsrExits): void {
    exitOnMsrs(this.raw, exits)
  }

  /**
   * Says what becomes of some of the guest's hypercalls (arm64; Linux 6.4). Ask before the first run, and again after `restore`; what is
   * Arm's own, and what has a filter, keeps it. @throws HvError BAD_ARGUMENT, KVM_UNUSABLE, DISPOSED
   */
  filterCalls(filter: CallFilter): void {
    filterCalls(this.#usable(), filter)
  }

  /**
   * The guest's counters (CNTVCT_EL0, CNTPCT_EL0) are the host's less so many ticks, and are no longer set by registers or `vcpu.restore`
   * (arm64; Linux 6.4). No vCPU may run. @throws HvError BAD_ARGUMENT, KVM_UNUSABLE, DISPOSED
   */
  setCounterOffset(ticks: bigint): void {
    setCounterOffset(this.#usable(), ticks)
  }

  /** A part of the VM's own state, as {@link Vcpu.part}: of its interrupt controller, its timer, its clock. @throws HvError BAD_ARGUMENT, DISPOSED */
  part(name: string): Part {
    return new Part(name, () => vmParts(this.#usable()))
  }

  /** What KVM counts of the VM, as {@link Vcpu.statistics}. @throws HvError KVM_UNUSABLE, DISPOSED */
  get statistics(): Record<string, KvmStatistic> {
    return readStatistics(this.#usable().fd)
  }

  /** Which eventfds KVM takes here: {@link ioeventfd}, {@link Irqchip.irqfd}. @throws HvError DISPOSED */
  get eventfdLimits(): EventfdLimits {
    return limitsOf(this.#usable())
  }

  /**
   * Stores to one address do not end a run, and never leave the host's kernel: KVM signals an eventfd, and the vCPU goes on. `listener` is told
   * soon, once for many stores, and before `run` or `runAsync` returns another exit. Without a listener, something else must read the
   * descriptor. At the same place the eventfd comes before {@link post} and {@link latch}. A VM has 256 eventfds at most.
   * @throws HvError BAD_ARGUMENT; KVM_UNUSABLE where the host has none (see {@link eventfdLimits}), and with a listener under Bun;
   * HOST_SYSCALL, DISPOSED
   *
   * @example
   * const heard = new Promise((resolve) => vm.ioeventfd({space: 'memory', address: 0x9000}, resolve))
   * const run = vcpu.runAsync()
   * console.log(await heard) // 1
   * vcpu.interrupt()
   * await run
   */
  ioeventfd(place: IoeventfdPlace, listener?: IoeventfdListener): Ioeventfd {
    this.#usable()
    return this.#ioeventfds.add(place, listener)
  }

  /**
   * Tells `listener` of each exit, in a line: its number, the vCPU, an address, and what the exit is about. The address is where the vCPU goes
   * on: at the instruction, or behind it if KVM has completed it. A read is told of when it has its answer; an exit that comes again,
   * once, and how often it came. The vCPU waits until the listener returns, and cannot be run by it; the run throws what it throws.
   * @param listener by default: writes the line to standard error
   * @returns the trace, which ends when it is disposed of
   * @throws HvError BAD_ARGUMENT, also when the VM is traced already; DISPOSED
   *
   * @example
   * const limits: TraceLimits = {maxLines: 1000}
   * using trace = vm.trace((line) => console.log(line), limits) // e.g. 1 vcpu0 0x1000 mmio write 0x9000 0x2a
   * vcpu.run()
   */
  trace(listener: TraceListener = (line) => console.error(line), limits: TraceLimits = {}): Disposable {
    this.#usable()
    return this.#vcpus.traces.begin(listener, limits)
  }

  /** Adds a vCPU. @throws HvError VCPU_FAILED if KVM gives no more, BAD_ARGUMENT, DISPOSED */
  createVcpu(options: VcpuOptions = {}): Vcpu {
    const checked = checkVcpuOptions(options)
    this.#usable()
    return this.#vcpus.make(checked)
  }

  /** Frees everything, vCPUs too: their runs end as `interrupted`, and views of the memory become empty. */
  [Symbol.dispose](): void {
    if (this.#isDisposed) return
    this.#isDisposed = true
    void this.stop()
    this.#devices.dispose()
    this.#ioeventfds.dispose()
    this.#eventfds.dispose()
    this.#native.endMissing()
    for (const vcpu of this.vcpus) vcpu[Symbol.dispose]()
    for (const slot of this.#slots.splice(0)) slot.leave(true)
    this.#native.dispose()
  }

  /** @internal */
  protected requireUsable(): void {
    this.#usable()
  }

  #usable(): NativeVm {
    if (this.#isDisposed) throw new HvError('DISPOSED', 'the VM is disposed')
    return this.#native
  }

  /** Tells listeners of vCPUs' stores that they were not told of yet. */
  #deliver(): void {
    this.#devices.deliver()
    this.#ioeventfds.deliver()
  }

  #newSlot(options: MemorySlotOptions): MemorySlot {
    const forget = (gone: MemorySlot): unknown => this.#slots.splice(this.#slots.indexOf(gone), 1)
    return new MemorySlot(this.#native, options, this.#isProtected, forget)
  }

  #fill(read: Read, description: Description, options: SaveOptions): void {
    const [native, slots, tags] = [this.#native, this.#slots, this.memoryTags]
    const addMemory = (slot: MemorySlotOptions) => this.addMemory(slot)
    const addVcpu = ({parts, ...numbered}: SavedVcpu) => this.#vcpus.makeNumbered(numbered)
    restoreVm(read, description, {native, slots, tags, addMemory, addVcpu}, options)
  }
}
