// The addon's part of the ptrace platform: native/napi/ptrace.cc.

import type {NativeContext, NativeWatcher} from '../addon.ts'

export interface PtraceAddon {
  /** Pins the calling thread to a processor, until it is disposed. `cpus`: as many contexts run at a time. */
  Tracer: new (
    memoryBytes: number,
    cpus?: number,
  ) => NativeTracer
  /** Of a tracer: an empty one. Of a space and `true`: a fork of it. */
  TracedSpace: new (
    from: NativeTracer | NativeTracedSpace,
    isFork?: boolean,
  ) => NativeTracedSpace
  TracedContext: new (
    watcher: NativeWatcher,
    fpState: Uint8Array,
    tracer: NativeTracer,
  ) => NativeTracedContext
  /** Guest user addresses end here. */
  tracedUserTop(): number
  /** What a space maps from there on, of its own: start, end and protection of each. */
  stubMappings(): number[]
}

export interface NativeTracer {
  /** Of the MemoryFile, the first `bytes`. Empty once the tracer is disposed. */
  showMemory(bytes: number): ArrayBuffer
  /** More contexts run on this thread's own processor than their share is. */
  readonly isCrowded: boolean
  /** From now on the watcher stops a context that runs. */
  becomeTarget(watcher: NativeWatcher): void
  /** Waits until a context that was started has stopped: its record says why. */
  waitAny(): void
  /** See Platform.openCallGate. */
  openGate(): number
  /** A context that traps sooner than this is better off on this thread's processor. */
  setBriefNs(ns: number): void
  /**
   * Moves a context that computes to another processor: now and then, while it is crowded, or a context has no place.
   * @param manyStops on this processor since the last time: then to take turns costs less than to wake processors
   */
  spread(manyStops: number): void
  release(offset: number, length: number): void
  dispose(): void
}

/** A process, with a thread for each context that runs there at a time. All calls but `dispose` are for the thread that made it. */
export interface NativeTracedSpace {
  readonly pid: number
  /** Protection 0 unmaps. It counts when a context runs there next, or after `commit`. `populate`: with page tables. */
  set(address: number, length: number, offset: number, protection: number, populate: boolean): void
  /** Afterwards no context that runs has what edits took away. */
  commit(): void
  readFpState(): Uint8Array
  dispose(): void
}

export interface NativeTracedContext extends NativeContext {
  /** The trap frame (native/shim/abi.h), and at `recordOffset` bytes the TrapRecord (native/arch/trap_record.h). */
  readonly words: ArrayBuffer
  readonly recordOffset: number
  setSpace(space: NativeTracedSpace): void
  /**
   * From now on: while it runs alone, it is on another processor and listened to.
   * @param patience looks for the next call; 0: it is not @param answer the program's, for an answer @param perStop between two for a stop
   */
  listen(patience: number, answer: number, perStop: number): void
  /** See Context.know. */
  know(results: Uint32Array): void
  /** It stands still, even if it has a call that was heard. */
  halt(): void
  /** On another processor than this thread. */
  readonly isAway: boolean
  /** Whether few enough run where it would. @param running how many are to run; @param isOneProgram all of them in one space */
  hasPlace(running: number, isOneProgram: boolean): boolean
  /** Lets it run and returns at once; the record says 0, or why it does not. */
  start(): void
  /** Stops it, if it runs; the record then has the EVENT_*. */
  preempt(): void
  /** Completes the record of a fault by what the processor said. */
  explain(): void
}
