// The platform interface, in gVisor's terms. The sentry knows this file; a platform never imports the sentry.

import type {Protection} from '../abi/mman.ts'
import type {Fault} from '../arch/fault.ts'
import type {Costs} from './costs.ts'
import type {MemoryFile} from './memory-file.ts'

export {PROT_EXEC, PROT_NONE, PROT_READ, PROT_WRITE, type Protection} from '../abi/mman.ts'
export {ACCESS_UNKNOWN, type Fault} from '../arch/fault.ts'

export const PAGE_SIZE = 4096

/**
 * The page tables of one guest process, which several contexts may run in at a time. Addresses, offsets and lengths are bytes,
 * multiples of PAGE_SIZE; addresses lie in [0, platform.userTop).
 *
 * Edits come in two phases: `map` and `unmap` collect them, and `commit` applies what was collected, in order.
 */
export interface AddressSpace {
  /**
   * Maps [address, address+length) to the MemoryFile at `offset`, replacing what was there.
   * @param populate a hint: all of it is about to be touched
   */
  map(address: number, length: number, offset: number, protection: Protection, populate?: boolean): void
  /** Removes every mapping in the range; holes are fine. */
  unmap(address: number, length: number): void
  /**
   * Afterwards no processor uses a translation or a right that the edits took away: only now may the pages be freed. Edits
   * that only add stop no context.
   * @throws Errno ENOMEM when memory for page tables ran out: what lacked it is unmapped; all else is in force
   */
  commit(): void
  /**
   * A new space with the same mappings: fork(2). Precondition: all edits are committed.
   * @throws Errno ENOMEM, EAGAIN (the host gives no further process)
   */
  fork(): AddressSpace
  /**
   * Nothing is to run there again: what runs may die from now on, so that many spaces that are disposed of one after the other do not
   * wait for each in turn.
   */
  abandon(): void
  /** Precondition: nothing runs there. What is still mapped goes with it. */
  dispose(): void
}

/** The event that `Platform.wait` returned. A number, not an object: the trap path allocates nothing. */
export const EVENT_SYSCALL = 1
/** `Platform.trapped` took a fault: see `context.fault`. */
export const EVENT_FAULT = 2
/** `Platform.trapped` was stopped by `interrupt()`, between two instructions. */
export const EVENT_PREEMPTED = 3
/** A watched host descriptor is ready: see `Platform.ready`. */
export const EVENT_READY = 4
export const EVENT_DEADLINE = 5
/** What ran `Platform.trapped` is gone (triple fault, internal error): kill the task. */
export const EVENT_DEAD = 6
export type EventKind = number

/**
 * One guest thread's processor state, which one of the platform's Cpus runs. Belongs to one platform; the sentry gives each task one.
 * While it runs, nothing of it may be touched.
 */
export interface Context {
  /** The sentry's object for it, of which the platform knows nothing. */
  owner: object | undefined
  /** The last system call's number: signed 32-bit. Valid after EVENT_SYSCALL until `resume`. */
  readonly callNumber: number
  /**
   * The six argument words as pairs of 32-bit halves (little-endian): half 2*i is the low half of argument i. They and
   * `callNumber` are copies from the time of the trap, which no program can change.
   */
  readonly argumentWords: Int32Array
  /**
   * The address after the call instruction that trapped, as the program claims; 0: the call came through the gate, or the platform
   * has none. Valid after EVENT_SYSCALL until `resume`.
   */
  readonly callSite: number
  /** Valid after EVENT_FAULT until `resume`. The access of a page fault may be a guess; its error code is then unknown. */
  readonly fault: Fault
  /** The same without a guess, for a fault that cannot be resolved. */
  exactFault(): Fault
  /**
   * From now on, even while it runs, the program reads the results of these calls itself at patched sites (CallSites.isCached).
   * @param results pairs of call number and result; empty: all trap
   */
  cacheResults(results: Uint32Array): void
  /** Sets what the system call returns: a signed integer of at most 53 bits (an address, a length, or -errno). */
  setResult(result: number): void
  /**
   * The general registers in the order of the kernel's user_regs_struct (x86_64) or user_pt_regs (arm64):
   * see src/arch. Only while the context is stopped. After EVENT_SYSCALL the program counter is after the call
   * instruction, and the result register holds what `setResult` was given, if anything.
   * Changes take effect with `writeRegisters`.
   */
  readRegisters(): BigUint64Array
  writeRegisters(registers: BigUint64Array): void
  /**
   * x86_64: the XSAVE area in standard (non-compacted) format, with XCR0 in the 8 bytes from 464 on (as NT_X86_XSTATE has it);
   * arm64: user_fpsimd_state. A fresh copy.
   */
  readFpState(): Uint8Array
  /** @throws Errno EINVAL when the processor refuses the state */
  writeFpState(state: Uint8Array): void
  /** Takes a state that `readFpState` returned, from any context: no processor has to check it before this one runs. */
  takeFpState(state: Uint8Array): void
  dispose(): void
}

/** Counters for `--stats`; they only grow. */
export interface PlatformStats {
  /** Times the processor left guest mode for the host process (VM exits, tracee stops). */
  exits: number
  /** System calls answered while polling, without an exit. */
  polled: number
}

/** Pages of the platform itself that a program can reach, at and above `userTop`. Bytes; protection as of a mapping. */
export interface PlatformMapping {
  start: number
  end: number
  protection: Protection
}

/** Runs contexts. One JavaScript thread drives it; it blocks only in `wait`. */
export interface Platform {
  readonly name: string
  readonly memory: MemoryFile
  /** Guest addresses at and above this belong to the platform. A multiple of PAGE_SIZE. */
  readonly userTop: number
  readonly mappings: readonly PlatformMapping[]
  /** How many contexts can run at a time, at least 1. */
  readonly cpus: number
  /** How many are to run at a time now: fewer than `cpus` while contexts take turns. */
  readonly room: number
  /** Programs read the host's cycle counter, so a vDSO can tell the time with it. Known once there is a context. */
  readonly hasHostCycles: boolean
  readonly stats: PlatformStats
  /** The costs from which it decides how to wait. */
  readonly costs: Costs
  /** Until it is called, the platform does without costs: every trap is an exit or a stop. */
  useCosts(costs: Costs): void
  /** Those that were resumed and have not trapped since. */
  readonly running: readonly Context[]
  /** The context that the last SYSCALL, FAULT, PREEMPTED or DEAD event is about. */
  readonly trapped: Context
  /** After EVENT_DEAD: what the host reported. */
  readonly death: string
  /** After EVENT_DEAD: the signal that killed the program's process with all its threads; 0: the platform itself failed. */
  readonly deathSignal: number
  /** After EVENT_READY: the descriptors that are ready, as [fd, epoll events] pairs. */
  readonly ready: ReadonlyArray<readonly [fd: number, events: number]>

  /**
   * From now on programs have a way to make calls without a trap: their GS base, as long as they set none, points to words for them; on
   * arm64 the address does. Precondition: nothing has run yet.
   * @param isForced for tests: calls through it are polled for whenever possible
   * @returns the offset there, or the address, of what they jump to instead of making a call, as the trampolines of src/arch do. 0: calls
   * trap
   */
  openCallGate(isForced: boolean): number
  createSpace(): AddressSpace
  /** A context that is not running uses no host processor and no descriptor. */
  createContext(): Context
  /** Lets `context` run in `space`; returns at once. Precondition: fewer than `cpus` run. */
  resume(context: Context, space: AddressSpace): void
  /**
   * The next event: a trap of a resumed context, a ready watched descriptor, or the deadline.
   * With nothing resumed it sleeps until a descriptor or the deadline.
   * @param deadlineNs CLOCK_MONOTONIC nanoseconds; Infinity for none
   */
  wait(deadlineNs: number): EventKind
  /** Stops a context, if it runs: it gives EVENT_PREEMPTED (or an earlier trap). */
  interrupt(context: Context): void
  /** Stops a context, if it runs, for good, and returns when it has stopped: it gives no further events. Others are left alone. */
  stop(context: Context): void
  /** Watches a host descriptor, level-triggered, for epoll `events` (EPOLLIN 1, EPOLLOUT 4); 0 stops watching. */
  watch(fd: number, events: number): void
  [Symbol.dispose](): void
}
