// The addon's part of the KVM platform: native/napi/user_vm.cc and watcher.cc.

export interface KvmAddon {
  UserVm: new (memoryBytes: number) => NativeUserVm
  Space: new (vm: NativeUserVm) => NativeSpace
  Context: new (vm: NativeUserVm, watcher: NativeWatcher) => NativeContext
  Watcher: new () => NativeWatcher
  /** The host's AT_HWCAP and AT_HWCAP2. */
  hwcap: bigint
  hwcap2: bigint
  /** Guest user addresses end here. */
  userTop: number
  /** An eventfd, to be closed by `closeBell`. */
  createBell(): number
  ringBell(fd: number): void
  silenceBell(fd: number): void
  closeBell(fd: number): void
  /** From now on these signals of the process are kept; the eventfd returned is readable while there are some. */
  catchSignals(signals: readonly number[]): number
  /** The kept ones, each once. */
  takeSignals(): number[]
}

export interface NativeUserVm {
  /** The MemoryFile. Empty once the VM is disposed. */
  readonly memory: ArrayBuffer
  /** Page tables, shim, frames, records. */
  readonly supervisor: ArrayBuffer
  release(offset: number, length: number): void
  dispose(): void
}

export interface NativeSpace {
  /** Protection 0 unmaps. */
  set(address: number, length: number, offset: number, protection: number): void
  dispose(): void
}

export interface NativeContext {
  /** Byte offsets in `supervisor`: the trap frame (native/shim/abi.h) and the TrapRecord (native/kvm/trap_record.h). */
  readonly frameOffset: number
  readonly recordOffset: number
  /** The program's cycle counter is the host's. */
  readonly hasHostCycles: boolean
  /** Runs it on this thread until it traps; the record then has the EVENT_*. */
  run(): void
  becomeTarget(): void
  startRunner(): void
  stopRunner(): void
  post(): void
  halt(): void
  setSpace(space: NativeSpace): void
  readRegisters(out: BigUint64Array): void
  writeRegisters(registers: BigUint64Array): void
  /** Changes the result in registers that were written and not yet run. */
  writeResult(result: number): void
  readFpState(): Uint8Array
  writeFpState(state: Uint8Array): void
  dispose(): void
}

export interface NativeWatcher {
  /** One word: nonzero when `poll` has something. */
  readonly attention: ArrayBuffer
  watch(fd: number, events: number): void
  setDeadline(deadlineNs: number): void
  /** Fills `out` with pairs of descriptor (-1: the deadline) and events. `unless`: does not sleep when its first word is nonzero. */
  poll(out: Int32Array, wait: boolean, unless?: Int32Array): number
  dispose(): void
}
