// The ptrace platform's part of the addon: native/napi/ptrace.cc.

import type {NativeContext, NativeWatcher} from '../addon.ts'

export interface PtraceAddon {
  /** Pins the calling thread to a processor, until it is disposed of. `cpus`: how many contexts run at a time. */
  Tracer: new (
    memoryBytes: number,
    cpus?: number,
  ) => NativeTracer
  /** Node collects its objects in a turn of the event loop, which a running program gives none: use them again. */
  TracedSpace: new () => NativeTracedSpace
  /** The same holds for these. */
  TracedContext: new () => NativeTracedContext
  /** Guest user addresses end here. */
  tracedUserTop(): number
  /** What each space maps itself from there on: start, end and protection of each mapping. */
  stubMappings(): number[]
}

export interface NativeTracer {
  /** The first `bytes` of the MemoryFile. Empty once the tracer is disposed of. */
  showMemory(bytes: number): ArrayBuffer
  /** More contexts run on this thread's own processor than its share. */
  readonly isCrowded: boolean
  /** From now on the watcher stops a running context. */
  becomeTarget(watcher: NativeWatcher): void
  /** Waits until a context that was started has stopped: its record says why. */
  waitAny(): void
  /** See Platform.openCallGate. */
  openGate(): number
  /** A context that traps sooner than this is better off on this thread's processor. */
  setBriefNs(ns: number): void
  /**
   * Moves a context that computes to another processor; called now and then while it is crowded, or a context has no place.
   * @param manyStops on this processor since the last time: above it, taking turns costs less than waking processors
   */
  spread(manyStops: number): void
  release(offset: number, length: number): void
  dispose(): void
}

/** A process, with a thread for each context that runs there at a time. Only the thread that made it may make calls, except `dispose`. */
export interface NativeTracedSpace {
  /** Before anything else, and again after `dispose`. Of a tracer: an empty one. Of a space and `true`: a fork of it. */
  open(from: NativeTracer | NativeTracedSpace, isFork?: boolean): void
  readonly pid: number
  /** Protection 0 unmaps. It takes effect when a context next runs there, or after `commit`. `populate`: also fills page tables. */
  set(address: number, length: number, offset: number, protection: number, populate: boolean): void
  /** Afterwards no running context can use what the edits took away. */
  commit(): void
  readFpState(): Uint8Array
  /** It dies while the caller goes on; `dispose` is still to come. */
  kill(): void
  dispose(): void
}

export interface NativeTracedContext extends NativeContext {
  /** Before anything else, and again after `dispose`. */
  open(watcher: NativeWatcher, fpState: Uint8Array, tracer: NativeTracer): void
  /** Of this opening: the trap frame (native/shim/abi.h), and at `recordOffset` bytes the TrapRecord (native/arch/trap_record.h). */
  readonly words: ArrayBuffer
  readonly recordOffset: number
  setSpace(space: NativeTracedSpace): void
  /**
   * From now on, while it runs alone, it runs on another processor and is polled.
   * @param spin looks for the next call; 0: none @param answer the program's looks for an answer @param perStop looks before a stop
   */
  poll(spin: number, answer: number, perStop: number): void
  /** See Context.cacheResults. */
  cacheResults(results: Uint32Array): void
  /** Makes it stand still, even after a call that polling found. */
  halt(): void
  /** Lets it stop after a call that polling found: if it waits for the answer, as it says, it does so soon. */
  deafen(): void
  /** The same, and returns when it has stopped. */
  rest(): void
  /** It is on another processor than this thread. */
  readonly isAway: boolean
  /** Whether few enough run on the processor where it would. @param running how many are to run @param isOneProgram all are in one space */
  hasPlace(running: number, isOneProgram: boolean): boolean
  /** Lets it run and returns at once; the record says 0, or why it does not run. */
  start(): void
  /** Stops it, if it runs; the record then holds the EVENT_*. */
  preempt(): void
  /** Completes a fault's record with what the processor reported. */
  explain(): void
}
