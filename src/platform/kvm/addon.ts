// The addon's part of the KVM platform: native/napi/user_vm.cc.

import type {NativeContext, NativeWatcher} from '../addon.ts'

export interface KvmAddon {
  UserVm: new (memoryBytes: number) => NativeUserVm
  Space: new (vm: NativeUserVm) => NativeSpace
  Context: new (vm: NativeUserVm, watcher: NativeWatcher) => NativeVcpuContext
  /** Guest user addresses end here. */
  userTop: number
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

export interface NativeVcpuContext extends NativeContext {
  /** Byte offsets in `supervisor`: the trap frame (native/shim/abi.h) and the TrapRecord (native/arch/trap_record.h). */
  readonly frameOffset: number
  readonly recordOffset: number
  /** The program's cycle counter is the host's. */
  readonly hasHostCycles: boolean
  startRunner(): void
  stopRunner(): void
  post(): void
  halt(): void
  setSpace(space: NativeSpace): void
}
