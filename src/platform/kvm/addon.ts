// The KVM platform's part of the addon: native/napi/user_vm.cc.

import type {NativeContext, NativeWatcher} from '../addon.ts'

export interface KvmAddon {
  /** `cpus`: the wanted number. */
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
  /** The first `bytes` of the MemoryFile. Empty once the VM is disposed of. */
  showMemory(bytes: number): ArrayBuffer
  /** The memory with page tables, shim, frames and records. */
  showSupervisor(bytes: number): ArrayBuffer
  readonly supervisorBytes: number
  /** The wanted number, if KVM allows that. */
  readonly cpus: number
  /** A Cpu can be made after another has run. */
  readonly takesLateCpus: boolean
  /** Byte offset in the supervisor's memory: a word that is set when any Cpu's thread stops. */
  readonly stopsOffset: number
  /** See Platform.openCallGate. */
  openGate(): number
  release(offset: number, length: number): void
  dispose(): void
}

export interface NativeSpace {
  /**
   * Applies `count` edits: four numbers each, address, length, offset and protection; 0 unmaps.
   * @returns false when memory for page tables ran out: what lacked it is unmapped
   */
  commit(edits: Float64Array, count: number): boolean
  /** Makes the same mappings as `from` has. Precondition: nothing is mapped. @throws Error with errno ENOMEM; then nothing is mapped */
  copyFrom(from: NativeSpace): void
  /** Unmaps all. Precondition: nothing runs there. */
  clear(): void
  dispose(): void
}

export interface NativeCpu extends NativeContext {
  /** Byte offset in the supervisor's memory of the trap frame (native/shim/abi.h). It may change with the space. */
  readonly frameOffset: number
  /** Byte offset of the TrapRecord (native/arch/trap_record.h). */
  readonly recordOffset: number
  /** The program's cycle counter is the host's. */
  readonly hasHostCycles: boolean
  /** Gives it a thread. `looks`: how often the thread looks for its next command before it sleeps. */
  startRunner(looks: number): void
  post(): void
  halt(): void
  setSpace(space: NativeSpace): void
}
