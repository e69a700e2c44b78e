// Kind: how one argument of a system call is shown. A row of the system call table names a kind for each argument.

import type {TracedCall} from './traced-call.ts'

export interface Kind {
  /**
   * The argument's text at the call's begin, when the kernel reads it: the guest may change memory later.
   * `HIDDEN` leaves the argument out. Absent: the kernel fills the argument in.
   */
  readonly enter?: (call: TracedCall, index: number) => string
  /** The text at the call's end; called when the call succeeded and there is no `enter`. Else the pointer is shown. */
  readonly leave?: (call: TracedCall, index: number, result: number) => string
  /** What stands in parentheses behind the result of a call that succeeded; undefined for nothing. */
  readonly note?: (call: TracedCall, index: number, result: number) => string | undefined
}

/** For arguments that a call takes only with certain others. */
export const HIDDEN = ''

export type Kinds = Readonly<Record<string, Kind>>

/** Results have kinds too. `undefined` text: as a plain number. */
export interface ResultKind {
  readonly text: (result: number, call: TracedCall) => string
}
