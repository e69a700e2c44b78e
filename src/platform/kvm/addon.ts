// The addon's part of the KVM platform: native/napi/user_vm.cc.

import type {NativeContext, NativeWatcher} from '../addon.ts'

export interface KvmAddon {
  /** `cpus`: how many are wanted. */
  UserVm: new (
    memoryBytes: number,
    cpus: number,
  ) => NativeUserVm
  /** @throws Error with errno ENOMEM */
  Space: new (
    vm: NativeUserVm,
  ) => NativeSpace
  Cpu: new (vm: NativeUserVm, watcher: NativeWatcher) => NativeCpu
  /** Guest user addresses end here. */
  userTop: number
}

export interface NativeUserVm {
  /** Of the MemoryFile, the first `bytes`. Empty once the VM is disposed. */
  showMemory(bytes: number): ArrayBuffer
  /** Of page tables, shim, frames and records. */
  showSupervisor(bytes: number): ArrayBuffer
  readonly supervisorBytes: number
  /** As many as are wanted, if KVM allows that. */
  readonly cpus: number
  /** Byte offset in the supervisor's memory: a word that is set when any Cpu's thread stops. */
  readonly stopsOffset: number
  /** See Platform.openCallGate. */
  openGate(): number
  release(offset: number, length: number): void
  dispose(): void
}

export interface NativeSpace {
  /**
   * Brings `count` edits into force: four numbers each, address, length, offset and protection; 0 unmaps.
   * @returns false: what found no memory for page tables is unmapped
   */
  commit(edits: Float64Array, count: number): boolean
  /** The same mappings as `from` has. Precondition: nothing is mapped. @throws Error with errno ENOMEM: nothing is */
  copyFrom(from: NativeSpace): void
  /** Unmaps all. Precondition: nothing runs there. */
  clear(): void
  dispose(): void
}

export interface NativeCpu extends NativeContext {
  /** Byte offset in the supervisor's memory: the trap frame (native/shim/abi.h). It may change with the space. */
  readonly frameOffset: number
  /** Of the TrapRecord (native/arch/trap_record.h). */
  readonly recordOffset: number
  /** The program's cycle counter is the host's. */
  readonly hasHostCycles: boolean
  /** Gives it a thread. `looks`: how often that looks for its next command before it sleeps. */
  startRunner(looks: number): void
  post(): void
  halt(): void
  setSpace(space: NativeSpace): void
}
