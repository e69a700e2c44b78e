// What a trace records, decoded, before it becomes a line of text, JSON or a count: calls, signals, ends.

export interface CallRecord {
  readonly tid: number
  readonly name: string
  /** The arguments as strace writes them, in order. */
  readonly args: readonly string[]
  readonly outcome: Outcome
  /** The host's CLOCK_MONOTONIC. */
  readonly startedNs: number
  /** How long the call took, nanoseconds; undefined for one that never returned. */
  readonly durationNs: number | undefined
}

export type Outcome =
  /** `note`: what strace puts in parentheses after the value. */
  | {readonly kind: 'result'; readonly value: number; readonly text: string; readonly note?: string}
  /** `note`: that hv refused it, and what would have allowed it. */
  | {readonly kind: 'error'; readonly code: number; readonly note?: string}
  /** A signal ended the wait; the name is the kernel's (ERESTARTSYS …). */
  | {readonly kind: 'interrupted'; readonly name: string; readonly text: string}
  /** It never returns: its process ended. */
  | {readonly kind: 'unfinished'}
  /** Nobody watches any longer. */
  | {readonly kind: 'detached'}

/** A handler runs, or the process dies of it. */
export interface SignalRecord {
  readonly tid: number
  readonly name: string
  /** siginfo_t as strace writes it. */
  readonly info: string
  readonly atNs: number
}

/** A process ended. Exactly one of `code` and `signal` is there. */
export interface ExitRecord {
  readonly pid: number
  readonly code?: number
  /** Its name. */
  readonly signal?: string
  readonly atNs: number
}
