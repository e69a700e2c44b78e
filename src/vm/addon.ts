// The addon's part of the VM API: native/napi/vm.cc, vcpu.cc, vcpu_state.cc, vm_memory.cc, eventfd.cc, readable_watch.cc, tap.cc.

import type {DebugLimits} from './debug.ts'
import type {EventfdLimits} from './eventfd.ts'

export interface VmAddon {
  /** @param ipaBits arm64: the width of guest physical addresses; 0: the usual one */
  Vm: new (
    ipaBits: number,
  ) => NativeVm
  /** Address, bytes and file offset are multiples of the page size; file -1: anonymous memory. */
  MemorySlot: new (
    vm: NativeVm,
    address: number,
    bytes: number,
    readOnly: boolean,
    logsDirty: boolean,
    hugePages: boolean,
    file: number,
    fileOffset: number,
  ) => NativeMemorySlot
  Vcpu: new (vm: NativeVm, startsOff: boolean, hasEl2: boolean) => NativeVcpu
  /** @param fd somebody else's, which does not wait any more; -1: a new one */
  Eventfd: new (
    fd: number,
  ) => NativeEventfd
  /** Never waits. */
  anyReadable(fds: Int32Array): boolean
  /** `fd` does not wait. The listener is told while it is readable, by Node's event loop, and not by Bun's. It keeps no process alive. */
  ReadableWatch: new (
    fd: number,
    listener: () => void,
  ) => {dispose(): void}
  /** A descriptor that does not wait; hostClose closes it. @param name of an interface: 1 to 15 bytes. @throws Error with `errno` */
  openTap(name: string): number
  /** The host's. */
  readonly pageBytes: number
  vmLimits(): VmLimits
  /** Names of the parts of a vCPU's and of a VM's state; a part's index is its place here. */
  readonly vcpuParts: readonly string[]
  readonly vmParts: readonly string[]
  /** Empty: there is none here. These make the interrupt controller start, behind which no vCPU is made on arm64. */
  readVcpuPart(vcpu: NativeVcpu, part: number): Uint8Array
  writeVcpuPart(vcpu: NativeVcpu, part: number, bytes: Uint8Array): void
  readVmPart(vm: NativeVm, part: number): Uint8Array
  writeVmPart(vm: NativeVm, part: number, bytes: Uint8Array): void
  /** x86_64: XSAVE's area in standard format; arm64: struct user_fpsimd_state. */
  readVectors(vcpu: NativeVcpu): Uint8Array
  writeVectors(vcpu: NativeVcpu, bytes: Uint8Array): void
  /** As the part `cpuid` has them: struct kvm_cpuid_entry2. Empty on arm64. */
  supportedCpuid(): Uint8Array
  /** x86_64. */
  readMsr(vcpu: NativeVcpu, index: number): bigint
  writeMsr(vcpu: NativeVcpu, index: number, value: bigint): void
  msrIndexes(): Uint32Array
  debugLimits(): DebugLimits
  /** From the next run on. @param watchpoints address, length and kind (debug.ts) each */
  debugVcpu(
    vcpu: NativeVcpu,
    singleStep: boolean,
    softwareBreakpoints: boolean,
    breakpoints: BigUint64Array,
    watchpoints: BigUint64Array,
  ): void
  /** Opens /dev/kvm for VMs that are made when no path is opened any more. @returns 0 or an errno */
  holdKvm(): number
  /** Behind the last of them. */
  dropKvm(): void
  /** A register's index is its place here. */
  readonly registerNames: readonly string[]
}

/** What VMs of this host can be. */
export interface VmLimits {
  /** arm64: the widest guest physical address; 0: KVM gives no choice. */
  readonly ipaBits: number
  /** arm64: vCPUs may have EL2. */
  readonly hasEl2: boolean
}

export interface NativeVm {
  /** Before the first vCPU. @returns the GIC's version, 3 or 2, or 0: not a GIC */
  addInterruptController(): number
  setLine(gsi: number, high: boolean): void
  /** @returns whether the guest takes it */
  signalMsi(address: number, data: number): boolean
  eventfdLimits(): Omit<EventfdLimits, 'listeners'>
  /** @param length 0: any @param value others than this one are exits */
  setIoeventfd(
    eventfd: NativeEventfd,
    isOn: boolean,
    isPort: boolean,
    address: number,
    length: number,
    value: bigint | undefined,
  ): void
  /** @param resample signalled when the guest has taken the interrupt; without it, signals are edges */
  setIrqfd(eventfd: NativeEventfd, isOn: boolean, gsi: number, resample: NativeEventfd | undefined): void
  /** vCPUs may run, as with addPosted. @returns the row */
  addLatch(isPort: boolean, address: number, size: number): number
  setLatch(row: number, value: number): void
  /** @returns the row */
  addPosted(isPort: boolean, first: number, length: number): number
  /** Called when there is something to take. */
  onPosted(listener: () => void): void
  /** @param out room for POSTED_MAX times four words: row, offset, size, value @returns how many stores */
  takePosted(out: Uint32Array): number
  dispose(): void
}

export interface NativeEventfd {
  readonly fd: number
  signal(): void
  /** How often it was signalled since the last time; never waits. */
  take(): number
  /** The listener is told what `take` would give, by Node's event loop, and not by Bun's. It keeps no process alive. */
  listen(listener: (count: number) => void): void
  dispose(): void
}

export interface NativeMemorySlot {
  /** Detached once the slot is disposed. */
  readonly memory: ArrayBuffer
  /** What the host stored in the memory is seen by instruction fetches too. */
  publish(offset: number, length: number): void
  /** A bit for each page: of the first word the lowest is the first page's. */
  takeDirty(out: BigUint64Array): void
  release(offset: number, length: number): void
  /** @param withVm the VM goes, too: KVM need not be told */
  dispose(withVm: boolean): void
}

export interface NativeVcpu {
  /** KVM_RUN on this thread. @returns 0 or an errno */
  run(): number
  /** The same on the vCPU's own thread. Until it is settled, only `interrupt` and `dispose` may be called. */
  runAsync(): Promise<number>
  interrupt(): void
  /** The words of native/kvm/exit.h's Exit. */
  readExit(out: BigUint64Array): void
  /** An exit's items, `offset` bytes into kvm_run. */
  readData(offset: number, out: Uint8Array): void
  writeData(offset: number, data: Uint8Array): void
  /** Hands the result of a hypercall that came out to the guest. */
  answerHypercall(result: bigint): void
  /** KVM's number of it: that of vCPUs before it, disposed of or not. */
  readonly id: number
  /** So many of `registerNames`, from the first on, has this vCPU. */
  readonly registerCount: number
  readRegisters(indexes: Uint32Array, out: BigUint64Array): void
  /** All or none. */
  writeRegisters(indexes: Uint32Array, values: BigUint64Array): void
  dispose(): void
}
