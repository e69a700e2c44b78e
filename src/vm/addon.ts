// The addon's part of the VM API: native/napi/vm.cc, vcpu.cc, vcpu_state.cc, vm_memory.cc, page_server.cc, eventfd.cc.

import type {DebugLimits} from './debug.ts'
import type {EventfdLimits} from './eventfd.ts'

export interface VmAddon {
  /**
   * @param ipaBits arm64: the width of guest physical addresses; 0: the default one
   * @param dirtyRing entries of each vCPU's ring, a power of two that KVM takes; 0: none
   * @param isProtected x86_64: a software-protected VM
   */
  Vm: new (
    ipaBits: number,
    features: {
      sve?: boolean | number
      pauth?: boolean
      pmu?: boolean
      mte?: boolean
      el1Is32Bit?: boolean
      amx?: boolean
    },
    dirtyRing: number,
    isProtected: boolean,
  ) => NativeVm
  /** Address, bytes and file offset are multiples of the page size; file -1: none. hugePageBytes: 1: transparent ones; 0: none. */
  MemorySlot: new (
    vm: NativeVm,
    options: {
      address: number
      bytes: number
      readOnly: boolean
      logsDirty: boolean
      hugePageBytes: number
      file: number
      fileOffset: number
      lazy: boolean
      guestMemfd: boolean
    },
  ) => NativeMemorySlot
  /** Of a lazy slot: its `missingFd`, `hostAddress` and bytes, on any thread. @throws Error with `errno` */
  PageServer: new (
    missingFd: number,
    hostAddress: number,
    bytes: number,
  ) => NativePageServer
  Vcpu: new (vm: NativeVm, startsOff: boolean, hasEl2: boolean) => NativeVcpu
  /** @param fd an eventfd that stays its owner's, made non-blocking; -1: a new one */
  Eventfd: new (
    fd: number,
  ) => NativeEventfd
  /** Never waits. */
  anyReadable(fds: Int32Array): boolean
  /** `fd` must be non-blocking. While it is readable, Node's event loop calls the listener; Bun's does not. It keeps no process alive. */
  ReadableWatch: new (
    fd: number,
    listener: () => void,
  ) => {dispose(): void}
  /** A non-blocking descriptor; hostClose closes it. @param name of an interface: 1 to 15 bytes. @throws Error with `errno` */
  openTap(name: string): number
  setTapOffloads(fd: number, flags: number): void
  /** `10.0.1.1/24`. @throws Error with `errno` where the interface of this host has no IPv4 address */
  interfaceAddress(name: string): string
  /** The host's page size. */
  readonly pageBytes: number
  /** x86_64: from now on VMs may have AMX. @returns an errno: EBUSY: the process has had a vCPU. @throws Error with `errno` */
  allowTiles(): number
  vmLimits(): VmLimits
  /** KVM_CHECK_EXTENSION. */
  checkExtension(capability: number): number
  /** Names of the parts of a vCPU's and of a VM's state; the index here is the part's number. */
  readonly vcpuParts: readonly string[]
  readonly vmParts: readonly string[]
  /** Empty when this vCPU lacks the part. These make the interrupt controller start, after which arm64 makes no more vCPUs. */
  readVcpuPart(vcpu: NativeVcpu, part: number): Uint8Array
  writeVcpuPart(vcpu: NativeVcpu, part: number, bytes: Uint8Array): void
  readVmPart(vm: NativeVm, part: number): Uint8Array
  writeVmPart(vm: NativeVm, part: number, bytes: Uint8Array): void
  /** x86_64: XSAVE's area in standard format; arm64: struct user_fpsimd_state. */
  readVectors(vcpu: NativeVcpu): Uint8Array
  writeVectors(vcpu: NativeVcpu, bytes: Uint8Array): void
  /** x86_64: where each component of XSAVE lies in that area, by its number; 0: the host has none. */
  vectorOffsets(): Uint32Array
  /** In the form of the part `cpuid`: struct kvm_cpuid_entry2. Empty on arm64. */
  supportedCpuid(): Uint8Array
  /** x86_64 only. */
  readMsr(vcpu: NativeVcpu, index: number): bigint
  writeMsr(vcpu: NativeVcpu, index: number, value: bigint): void
  msrIndexes(): Uint32Array
  debugLimits(): DebugLimits
  /** Takes effect at the next run. @param watchpoints address, length and kind (debug.ts) of each */
  debugVcpu(
    vcpu: NativeVcpu,
    singleStep: boolean,
    softwareBreakpoints: boolean,
    breakpoints: BigUint64Array,
    watchpoints: BigUint64Array,
  ): void
  /** Opens /dev/kvm for VMs that are made after paths can no longer be opened. @returns 0 or an errno */
  holdKvm(): number
  /** Called after the last of those VMs is made. */
  dropKvm(): void
  /**
   * Writes into `argument` and `pieces` what the kernel wrote; `offsets`: where the argument has the address of each piece.
   * @returns a negative errno for a failure
   */
  rawIoctl(
    fd: number,
    request: number,
    argument: number | Uint8Array,
    offsets: readonly number[],
    pieces: readonly Uint8Array[],
  ): number
  /** A register's number is its index here. */
  readonly registerNames: readonly string[]
}

/** What VMs on this host can be. */
export interface VmLimits {
  /** arm64: the widest guest physical address; 0: KVM gives no choice. */
  readonly ipaBits: number
  /** arm64: vCPUs may have EL2. */
  readonly hasEl2: boolean
}

export interface NativeVm {
  readonly fd: number
  /** Of /dev/kvm. */
  readonly systemFd: number
  /** Nobody waits for missing pages any more: they are zero. */
  endMissing(): void
  /** Call it before the first vCPU. @param isSplit x86_64: local APICs alone @returns the GIC's version, 3 or 2; 0: not a GIC */
  addInterruptController(isSplit: boolean): number
  setLine(gsi: number, high: boolean): void
  /** @returns whether the guest accepts it */
  signalMsi(address: number, data: number, deviceId: number | undefined): boolean
  /** @returns its number, for setIrqfd */
  addMessage(address: number, data: number, deviceId: number | undefined): number
  removeMessage(gsi: number): void
  /** What an input of a split controller sends, until removeMessage. */
  setInputMessage(gsi: number, address: number, data: number): void
  eventfdLimits(): Omit<EventfdLimits, 'listeners'>
  /** @param length 0: any @param value stores of other values are exits */
  setIoeventfd(
    eventfd: NativeEventfd,
    isOn: boolean,
    isPort: boolean,
    address: number,
    length: number,
    value: bigint | undefined,
  ): void
  /** @param resample signalled when the guest has accepted the interrupt; without it, signals are edges */
  setIrqfd(eventfd: NativeEventfd, isOn: boolean, gsi: number, resample: NativeEventfd | undefined): void
  /** vCPUs may be running, as with addPosted. @returns the row */
  addLatch(isPort: boolean, address: number, size: number): number
  setLatch(row: number, value: number): void
  /** Two rows, of 4 bytes each. @param gsi an input that the VM's interrupt controller has @returns the first one */
  addStatus(isPort: boolean, status: number, acknowledge: number, gsi: number): number
  changeStatus(row: number, set: number, clear: number): void
  status(row: number): number
  /** @returns the row */
  addPosted(isPort: boolean, first: number, length: number): number
  /** The listener is called when there is something to take. */
  onPosted(listener: () => void): void
  /** @param out room for POSTED_MAX times four words: row, offset, size, value @returns how many stores were taken */
  takePosted(out: Uint32Array): number
  dispose(): void
}

export interface NativeEventfd {
  readonly fd: number
  signal(): void
  /** How often it was signalled since the last call; never waits. */
  take(): number
  /** Node's event loop calls the listener with what `take` would return; Bun's does not. It keeps no process alive. */
  listen(listener: (count: number) => void): void
  dispose(): void
}

export interface NativeMemorySlot {
  /** Detached once the slot is disposed. */
  readonly memory: ArrayBuffer
  /** The userfaultfd of lazy memory; -1: it is not. */
  readonly missingFd: number
  readonly hostAddress: number
  /** Makes what the host stored in the memory visible to instruction fetches, too. */
  publish(offset: number, length: number): void
  /** In pages. One bit per page: the lowest bit of the first word is that of page `first` rounded down to a multiple of 64. */
  takeDirty(first: number, count: number, out: BigUint64Array): void
  /** It reads as zeros then. */
  release(offset: number, length: number): void
  /** The same, but memory of `mapCopyOf` reads as the file again. */
  discard(offset: number, length: number): void
  /** Bytes that the host backs at the moment. */
  resident(): number
  /** Anonymous memory becomes a private mapping of the file. */
  mapCopyOf(file: number, fileOffset: number): void
  /** MADV_POPULATE_WRITE, or _READ where the guest only reads. @throws Error with `errno` */
  populate(offset: number, length: number): void
  /** Whole pages, of a slot with a guest_memfd in a software-protected VM. @throws Error with `errno`; nothing has changed then */
  setPrivate(offset: number, length: number, isPrivate: boolean): void
  /** Of such a slot: `discard` of what the guest_memfd has. */
  discardPrivate(offset: number, length: number): void
  /** @param withVm the VM goes, too: KVM need not be told of the slot */
  dispose(withVm: boolean): void
}

export interface NativePageServer {
  readonly fd: number
  /** Offsets of pages that somebody waits for; never waits. */
  take(): BigUint64Array
  /** Whole pages; those that are not missing stay. */
  fill(offset: number, bytes: Uint8Array): void
  fillZeros(offset: number, length: number): void
  dispose(): void
}

export interface NativeVcpu {
  /** KVM_RUN on this thread. @returns 0 or an errno */
  run(): number
  /** The same on the vCPU's own thread. A number: it ended soon. Until a promise is settled, only `interrupt`, `cpuNs` and `dispose` may be called. */
  runAsync(): Promise<number> | number
  interrupt(): void
  /** CPU time of its own thread; 0 while it has none. It may run. */
  cpuNs(): number
  /** @param isEnabled whether the guest lets interrupts in @returns false: an exit will say when it takes one @throws Error with `errno` */
  inject(vector: number, isEnabled: boolean): boolean
  nmi(): void
  smi(): void
  /** IRQ, or FIQ, of arm64; the vCPU may run. @throws Error with `errno` */
  setLine(isFast: boolean, isHigh: boolean): void
  /** The words of native/kvm/exit.h's Exit. */
  readExit(out: BigUint64Array): void
  /** An exit's items, `offset` bytes into kvm_run. */
  readData(offset: number, out: Uint8Array): void
  writeData(offset: number, data: Uint8Array): void
  /** Hands the guest the result of a hypercall that was an exit. */
  answerHypercall(result: bigint): void
  /** The same of RDMSR, and of WRMSR, which may be a fault. */
  answerMsr(value: bigint, isFault: boolean): void
  /** KVM's number for it: how many vCPUs were made before it, including those disposed of. */
  readonly id: number
  readonly fd: number
  /** This vCPU has that many of `registerNames`, from the first on. */
  readonly registerCount: number
  readRegisters(indexes: Uint32Array, out: BigUint64Array): void
  /** Writes all or none. */
  writeRegisters(indexes: Uint32Array, values: BigUint64Array): void
  dispose(): void
}
