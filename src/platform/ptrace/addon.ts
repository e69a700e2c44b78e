// The addon's part of the ptrace platform: native/napi/ptrace.cc.

import type {NativeContext, NativeWatcher} from '../addon.ts'

export interface PtraceAddon {
  /** Pins the calling thread to a processor, until it is disposed. */
  Tracer: new (
    memoryBytes: number,
  ) => NativeTracer
  TracedSpace: new (tracer: NativeTracer) => NativeTracedSpace
  TracedContext: new (watcher: NativeWatcher, fpState: Uint8Array) => NativeTracedContext
  /** Guest user addresses end here. */
  tracedUserTop(): number
  /** What a space maps from there on, of its own: start, end and protection of each. */
  stubMappings(): number[]
}

export interface NativeTracer {
  /** The MemoryFile. Empty once the tracer is disposed. */
  readonly memory: ArrayBuffer
  release(offset: number, length: number): void
  dispose(): void
}

/** A process. All calls but `dispose` are for the thread that made it. */
export interface NativeTracedSpace {
  readonly pid: number
  /** Protection 0 unmaps. It counts when a context runs there next. `populate`: with page tables. */
  set(address: number, length: number, offset: number, protection: number, populate: boolean): void
  readFpState(): Uint8Array
  dispose(): void
}

export interface NativeTracedContext extends NativeContext {
  /** The trap frame (native/shim/abi.h), and at `recordOffset` bytes the TrapRecord (native/arch/trap_record.h). */
  readonly words: ArrayBuffer
  readonly recordOffset: number
  /** Afterwards the watcher has no target. */
  setSpace(space: NativeTracedSpace): void
  /** Completes the record of a fault by what the processor said. */
  explain(): void
}
