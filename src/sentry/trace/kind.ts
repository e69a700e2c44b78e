// Kind: how one argument of a system call is shown. A row of the system call table names a kind for each argument.

import {type ArgumentValue, flagNames, plainName} from './argument-value.ts'
import type {TracedCall} from './traced-call.ts'

export interface Kind {
  /**
   * The argument's text at the call's start, when the kernel reads it: the guest may change memory later.
   * `HIDDEN` leaves the argument out. Absent or undefined: the kernel fills the argument in, and the pointer is shown
   * unless one of the other functions says more.
   */
  readonly enter?: (call: TracedCall, index: number) => string | undefined
  /** For a successful call: the text, or what follows the text of `enter`. */
  readonly leave?: (call: TracedCall, index: number, result: number) => string
  /** Like `leave`, for a failed call. */
  readonly failed?: (call: TracedCall, index: number) => string
  /** Like `leave`, when a signal ended the wait; absent: as `failed`. */
  readonly interrupted?: (call: TracedCall, index: number) => string
  /**
   * Its value at the call's start, for code that decides on it. Absent: only its text is known.
   * @throws Errno the guest's pointer leads nowhere: then `value` is undefined
   */
  readonly value?: (call: TracedCall, index: number) => ArgumentValue
  /** What follows the result of a successful call in parentheses; undefined for nothing. */
  readonly note?: (call: TracedCall, index: number, result: number) => string | undefined
}

/** For arguments that a call takes only with certain others. */
export const HIDDEN = ''

export type Kinds = Readonly<Record<string, Kind>>

/** A 32-bit word by name. */
export function named(show: (value: number) => string): Kind {
  return {
    enter: (call, index) => show(call.int32(index)),
    value: (call, index) => ({kind: 'name', value: plainName(show(call.int32(index)))}),
  }
}

/** A 32-bit word by the names of its bits. */
export function flagged(show: (value: number, call: TracedCall) => string): Kind {
  return {
    enter: (call, index) => show(call.int32(index), call),
    value: (call, index) => ({kind: 'flags', value: flagNames(show(call.int32(index), call))}),
  }
}

/** A structure of `bytes` bytes that the call reads. */
export function structIn(bytes: number, show: (view: DataView, call: TracedCall) => string): Kind {
  return {enter: (call, index) => call.struct(index, bytes, (view) => show(view, call))}
}

/** A structure that the call fills. */
export function structOut(bytes: number, show: (view: DataView, call: TracedCall) => string): Kind {
  return {leave: (call, index) => call.struct(index, bytes, (view) => show(view, call))}
}
