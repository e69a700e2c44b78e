// What a system call handler is, and what its row in the table says.

import type {Task} from './task.ts'

/**
 * Answers one call. Returns the result (an address, length or count of at most 53 bits) or `BLOCKED` after
 * `task.block…`; fails by throwing Errno. Decodes, delegates, and undoes what it did when a later step fails.
 */
export type Syscall = (task: Task, args: Arguments) => number

/** The task sleeps; its waker calls its continuation. Not a possible result of any call. */
export const BLOCKED = Number.NEGATIVE_INFINITY
/** The handler changed the registers itself (rt_sigreturn, execve): no result is stored. */
export const REGISTERS_SET = Number.POSITIVE_INFINITY

/** The six argument words, in the four readings that handlers need. Valid until the handler returns: a sleeping call copies them. */
export interface Arguments {
  /** Unsigned: addresses and size_t, by the rule of abi/word.ts. */
  address(index: number): number
  int32(index: number): number
  uint32(index: number): number
  /** off_t, long, ssize_t, by the same rule. */
  int64(index: number): number
  raw(index: number): bigint
}

/** How complete a call is, as README.md in this folder reports. */
export type Support =
  | 'full'
  | {partial: string}
  /** Fails on purpose; the text says with which error and why. */
  | {refused: string}

export interface Row {
  name: string
  x86_64?: number
  arm64?: number
  run: Syscall
  /** Argument kinds in order, for the trace: see trace/kinds. Their number is the call's arity. */
  args: string
  /** What a pledged process must have promised to make it: see pledge/requirements.ts. */
  promises: string
  /** Kind of the result; default: a plain number. */
  result?: string
  support?: Support
}
