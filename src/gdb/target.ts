// Target: what a session debugs, and how it is asked: threads with registers and one memory. It knows nothing of packets.

import type {RegisterLayout} from './register-layout.ts'

/** Numbers of signals are Linux's, on both architectures. */
export type Stop =
  /** `signal` is about to be delivered, or SIGTRAP: a step is done; 0: it was asked to stop. */
  | {readonly what: 'signal'; readonly thread: number; readonly signal: number}
  /** The program counter is where the breakpoint is. */
  | {readonly what: 'breakpoint'; readonly thread: number}
  /** What is at `address` has changed; `kind`: it was looked at, where that is what was asked for. */
  | {
      readonly what: 'watchpoint'
      readonly thread: number
      readonly address: bigint
      readonly kind?: 'write' | 'read' | 'access'
    }
  /** It is another program from now on: its path, a byte string. */
  | {readonly what: 'executed'; readonly thread: number; readonly path: string}
  /** It is gone. */
  | {readonly what: 'exited'; readonly code: number}
  | {readonly what: 'killed'; readonly signal: number}
  /** No thread that was resumed is left; others are. */
  | {readonly what: 'nothing-left'}

/** `address` and `end`: goes on stepping while the program counter is in [address, end). */
export interface StepRange {
  readonly address: bigint
  readonly end: bigint
}

export interface Resumption {
  /** Undefined: all that no earlier one names. */
  readonly thread: number | undefined
  readonly kind: 'go' | 'step'
  /** Delivered in place of the one that it stopped for; 0: none. */
  readonly signal: number
  readonly range?: StepRange
}

/** `software` and `hardware`: at an instruction; `write`, `read` and `access`: of a watched place. */
export type PointKind = 'software' | 'hardware' | 'write' | 'read' | 'access'

/** At an instruction. */
export const isBreakpoint = (kind: PointKind): boolean => kind === 'software' || kind === 'hardware'

export interface Target {
  /** What `readRegisters` gives. */
  readonly layout: RegisterLayout
  /** It ran before the session began: who leaves lets it go on. */
  readonly wasRunning: boolean
  /** Each is 1 or more; the first one is the main thread's. Empty: it is gone. */
  threads(): readonly number[]
  /** What it is called, a byte string. */
  nameOf(thread: number): string
  /** The layout's bytes. Precondition: it is one of `threads`, and stopped, as for all that follows. */
  readRegisters(thread: number): Uint8Array
  /** @returns whether the processor took all of them */
  writeRegisters(thread: number, bytes: Uint8Array): boolean
  /**
   * As much of it as can be read, from its beginning; empty: nothing. At most `length` bytes.
   * @param thread whose memory it is: threads of a machine may see others
   */
  readMemory(address: bigint, length: number, thread: number): Uint8Array
  /** @returns whether all of it was written */
  writeMemory(address: bigint, bytes: Uint8Array, thread: number): boolean
  /** For all threads. @returns false: not there, or too many; undefined: it has no such points. */
  addPoint(kind: PointKind, address: bigint, length: number, thread: number): boolean | undefined
  removePoint(kind: PointKind, address: bigint, length: number): void
  /** Lets threads run, until `onStop` is called. Threads that nothing is said of stay stopped. */
  resume(resumptions: readonly Resumption[]): void
  /**
   * Stops all threads; `onStop` tells, of what stopped it first. Of one that stands still, at once, what it was told last.
   * @param signal what the stop is to look like: SIGINT, or 0
   */
  interrupt(signal: number): void
  /** Signals that are delivered without a stop. */
  passSignals(signals: ReadonlySet<number>): void
  /** Ends it. `onStop` tells. */
  kill(): void
  /** Takes all points away and lets all threads run on. */
  detach(): void
  /** The auxiliary vector of a Linux program; undefined: it has none. */
  auxv(): Uint8Array | undefined
  /** siginfo_t of the signal that the thread stopped for. */
  signalInfo(thread: number): Uint8Array | undefined
  /** The path of the file that runs, where gdb is; undefined: nobody knows. A byte string. */
  executable(): string | undefined
  /** All threads stand still. Set by the session. */
  onStop: ((stop: Stop) => void) | undefined
}
