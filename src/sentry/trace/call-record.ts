// CallRecord: a decoded system call, before it becomes a line of text, JSON or a count.

export interface CallRecord {
  readonly tid: number
  readonly name: string
  /** The arguments as strace writes them, in order. */
  readonly args: readonly string[]
  readonly outcome: Outcome
  /** How long the call took, nanoseconds; undefined for one that never returned. */
  readonly durationNs: number | undefined
}

export type Outcome =
  /** `note`: what strace puts in parentheses behind the value. */
  | {readonly kind: 'result'; readonly value: number; readonly text: string; readonly note?: string}
  | {readonly kind: 'error'; readonly code: number}
  /** A signal ended the wait; the name is the kernel's (ERESTARTSYS …). */
  | {readonly kind: 'interrupted'; readonly name: string; readonly text: string}
  | {readonly kind: 'unfinished'}
