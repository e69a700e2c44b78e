// Target: what a session debugs, and its interface: threads with registers and one memory. It knows nothing of packets.

import type {StatFields} from '../abi/stat.ts'
import type {Programs} from './programs.ts'
import type {RegisterLayout} from './register-layout.ts'

/** Signal numbers are Linux's, on both architectures. */
export type Stop =
  /** `signal` is about to be delivered, or is SIGTRAP when a step is done; 0: it was asked to stop. */
  | {readonly what: 'signal'; readonly thread: number; readonly signal: number}
  /** The program counter is where the breakpoint is. */
  | {readonly what: 'breakpoint'; readonly thread: number}
  /** The memory at `address` was accessed; `kind` says which accesses the watchpoint is for. */
  | {
      readonly what: 'watchpoint'
      readonly thread: number
      readonly address: bigint
      readonly kind?: 'write' | 'read' | 'access'
    }
  /** The thread has made a process, which stands still: another target's thread from now on, and its main one. */
  | {readonly what: 'fork' | 'vfork'; readonly thread: number; readonly child: number}
  /** The child that the thread made with vfork(2) does not use its memory any longer. */
  | {readonly what: 'vforkdone'; readonly thread: number}
  /** A system call is about to be made, or was. */
  | {readonly what: 'syscall_entry' | 'syscall_return'; readonly thread: number; readonly call: number}
  /** The thread is new, and has not run. */
  | {readonly what: 'thread-created'; readonly thread: number}
  /** A thread is gone, and its process has others. */
  | {readonly what: 'thread-exited'; readonly gone: number; readonly process: number; readonly code: number}
  /** It now runs another program: its path, a byte string. */
  | {readonly what: 'executed'; readonly thread: number; readonly path: string}
  /** A process has ended, or the whole machine. */
  | {readonly what: 'exited'; readonly code: number; readonly process?: number}
  | {readonly what: 'killed'; readonly signal: number; readonly process?: number}
  /** No resumed thread is left; others are. */
  | {readonly what: 'nothing-left'}

/** Stepping goes on while the program counter is in [address, end). */
export interface StepRange {
  readonly address: bigint
  readonly end: bigint
}

export interface Resumption {
  /** Undefined: all threads that no earlier resumption names. */
  readonly thread: number | undefined
  /** Whose threads, if `thread` is undefined; absent: those of all processes. */
  readonly process?: number
  readonly kind: 'go' | 'step'
  /** Delivered in place of the signal that it stopped for; 0: none. */
  readonly signal: number
  readonly range?: StepRange
}

/** Stops that a debugger must know of to be told of them. */
export type ForkKind = 'fork' | 'vfork'

/** System calls by their numbers. */
export type CaughtCalls = ReadonlySet<number> | 'all' | 'none'

/** `software` and `hardware`: at an instruction; `write`, `read` and `access`: for watched memory. */
export type PointKind = 'software' | 'hardware' | 'write' | 'read' | 'access'

/** Whether the point is at an instruction. */
export const isBreakpoint = (kind: PointKind): boolean => kind === 'software' || kind === 'hardware'

/** A file of the target's tree, open for reading. Each operation throws Errno. */
export interface TargetFile {
  /** @returns fewer bytes than `length` at the end, or for other reasons; none at the end */
  read(offset: number, length: number): Uint8Array
  attributes(): StatFields
  close(): void
}

/** The files that the target sees, by their paths there, byte strings. Each operation throws Errno. */
export interface TargetFiles {
  open(path: string): TargetFile
  attributes(path: string): StatFields
  readlink(path: string): string
}

export interface Target {
  /** The layout of `readRegisters`. */
  readonly layout: RegisterLayout
  /** It ran before the session began: a debugger that leaves lets it go on. */
  readonly wasRunning: boolean
  /** The processes, by their numbers in the tree of `files`. Absent: it has none. */
  processes?(): readonly number[]
  /** The process that one of `threads` belongs to. Present if `processes` is. */
  processOf?(thread: number): number
  /** Absent: it has none. */
  readonly files?: TargetFiles
  /** Absent: gdb can start none. */
  readonly programs?: Programs
  /** Of all processes. Each is 1 or more; the first one is the main thread's. Empty once the program has ended. */
  threads(): readonly number[]
  /** The thread's name, a byte string. */
  nameOf(thread: number): string
  /** The layout's bytes. Precondition: it is one of `threads`, and stopped, as for all that follows. */
  readRegisters(thread: number): Uint8Array
  /** @returns whether the processor took all of them */
  writeRegisters(thread: number, bytes: Uint8Array): boolean
  /**
   * Reads as much as it can, from the beginning, at most `length` bytes; empty when nothing can be read.
   * @param thread whose memory to read: threads of a machine may see different memory
   */
  readMemory(address: bigint, length: number, thread: number): Uint8Array
  /** @returns whether all of it was written */
  writeMemory(address: bigint, bytes: Uint8Array, thread: number): boolean
  /** For all threads. @returns false when it cannot be set or there are too many; undefined when it has no such points. */
  addPoint(kind: PointKind, address: bigint, length: number, thread: number): boolean | undefined
  /** @returns false: its memory is there no longer */
  removePoint(kind: PointKind, address: bigint, length: number, thread: number): boolean
  /** Lets threads run, until `onStop` is called. Threads that are not named stay stopped. */
  resume(resumptions: readonly Resumption[]): void
  /**
   * Stops all threads; `onStop` reports the first reason. If they are stopped already, it reports the last stop again, at once.
   * @param signal the signal to report: SIGINT, or 0
   */
  interrupt(signal: number): void
  /** A stop that was not told yet: the next resumption tells it. */
  readonly hasUntold?: boolean
  /** From now on it stops at these forks, and their children are its own; other children run on by themselves. */
  catchForks?(kinds: ReadonlySet<ForkKind>): void
  /** From now on the thread's process stops at these calls. */
  catchCalls?(calls: CaughtCalls, thread: number): void
  /** From now on it stops for threads that begin and end, or no longer does. */
  tellThreads?(isTold: boolean): void
  /** Signals that are delivered without a stop. Absent: it has none. */
  passSignals?(signals: ReadonlySet<number>): void
  /** Ends the process, or all: `onStop` reports the end of the last one. */
  kill(process?: number): void
  /** Removes all points and lets all threads run on: of the process, or of all. */
  detach(process?: number): void
  /** The auxiliary vector of a Linux program. */
  auxv?(thread: number): Uint8Array | undefined
  /** siginfo_t of the signal that the thread stopped for. */
  signalInfo?(thread: number): Uint8Array | undefined
  /** The path of the file that runs, in `files` or else where gdb runs; undefined when it is not known. A byte string. */
  executable(process?: number): string | undefined
  /** Called when all threads stand still. Set by the session. */
  onStop: ((stop: Stop) => void) | undefined
}
