// The addon's part of the VM API: native/napi/vm.cc.

export interface VmAddon {
  /** @param memoryBytes guest memory from guest physical address 0 on; a multiple of the page size */
  Vm: new (
    memoryBytes: number,
  ) => NativeVm
  Vcpu: new (vm: NativeVm) => NativeVcpu
  /** A register's index is its place here. */
  readonly registerNames: readonly string[]
}

export interface NativeVm {
  /** Guest memory; detached once the VM is disposed. */
  readonly memory: ArrayBuffer
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
  readRegisters(indexes: Uint32Array, out: BigUint64Array): void
  /** All or none. */
  writeRegisters(indexes: Uint32Array, values: BigUint64Array): void
  dispose(): void
}
