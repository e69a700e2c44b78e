// What is said about a hooked call: the question, how the call ended, the verdict.

import type {SyscallArgument} from '../../trace/argument-value.ts'

export interface CallDescription {
  readonly name: string
  readonly pid: number
  /** The pid of its run's first process. */
  readonly programPid: number
  readonly tid: number
  /** As many words as the call has arguments. */
  readonly args: readonly bigint[]
  /** Its path arguments in order; undefined where the guest's pointer leads nowhere. */
  readonly paths: readonly (string | undefined)[]
  /** One for each of `args`. */
  readonly decoded: readonly SyscallArgument[]
}

/** Exactly one of `result` and `errno` is there. */
export interface CallEnd {
  readonly result?: number
  readonly errno?: number
  /** A signal's handler runs: after EINTR the call may be made anew. */
  readonly interrupted?: boolean
}

export interface HookedCall {
  readonly name: string
  /** The owner is asked before the call. */
  readonly before: boolean
  /** The owner is told how it ended. */
  readonly after: boolean
}

/** The answer has the same `id`. */
export interface Question extends CallDescription {
  readonly id: number
  /** How the call ended. Absent: it has not been made yet. */
  readonly end?: CallEnd
}

/** 'go': make the call, or (after it) go on. */
export type Verdict = 'go' | {readonly errno: number} | {readonly result: number}

/** Unanswered questions, also of tasks that are gone: beyond this, calls wait before they are looked at. */
export const MOST_QUESTIONS = 1024
