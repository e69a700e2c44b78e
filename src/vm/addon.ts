// The addon's part of the VM API: native/napi/vm.cc.

export interface VmAddon {
  /**
   * @param memoryBase where guest memory begins in guest physical addresses; a multiple of the page size
   * @param memoryBytes a multiple of the page size
   * @param ipaBits arm64: the width of guest physical addresses; 0: the usual one
   */
  Vm: new (
    memoryBase: number,
    memoryBytes: number,
    ipaBits: number,
  ) => NativeVm
  Vcpu: new (vm: NativeVm, startsOff: boolean, hasEl2: boolean) => NativeVcpu
  /** The host's. */
  readonly pageBytes: number
  vmLimits(): VmLimits
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
  /** Guest memory; detached once the VM is disposed. */
  readonly memory: ArrayBuffer
  /** Before the first vCPU. @returns the GIC's version: 3 or 2 */
  addInterruptController(): number
  /** What the host stored in the memory is seen by instruction fetches too. */
  publish(offset: number, length: number): void
  dispose(): void
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
  /** So many of `registerNames`, from the first on, has this vCPU. */
  readonly registerCount: number
  readRegisters(indexes: Uint32Array, out: BigUint64Array): void
  /** All or none. */
  writeRegisters(indexes: Uint32Array, values: BigUint64Array): void
  dispose(): void
}
