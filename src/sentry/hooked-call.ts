// What is said about a hooked call: the question, how the call ended, the verdict.

import type {SyscallArgument} from './trace/argument-value.ts'

export interface CallDescription {
  readonly name: string
  readonly pid: number
  /** Of the first process of its run. */
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
  /** By a signal's handler: EINTR may become a call anew. */
  readonly interrupted?: boolean
}

export interface HookedCall {
  readonly name: string
  /** Somebody is asked. */
  readonly before: boolean
  /** Somebody is told how it ended. */
  readonly after: boolean
}

/** `id` is the answer's, too. */
export interface Question extends CallDescription {
  readonly id: number
  /** How the call ended. Absent: it has not been made yet. */
  readonly end?: CallEnd
}

/** 'go': the call is made, or was heard of. */
export type Verdict = 'go' | {readonly errno: number} | {readonly result: number}

/** Questions that are not answered, of tasks that are gone, too: beyond it, calls wait before they are looked at. */
export const MOST_QUESTIONS = 1024
