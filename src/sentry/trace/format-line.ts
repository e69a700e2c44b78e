// A CallRecord as strace's line: `name(args) = result <seconds>`.

import {errnoName} from '../../abi/errno.ts'
import type {CallRecord, Outcome} from './call-record.ts'
import {HIDDEN} from './kind.ts'
import {errorText} from './names/errors.ts'

/** strace's -a: the column of the equals sign, when the call is shorter. */
const RESULT_COLUMN = 40
const NS_PER_SECOND = 1e9
const TIME_DIGITS = 6

/**
 * Without the line's end.
 * @param lead what precedes the call, in the line or in its opening
 * @param opening how the call began, if that is already written
 * @returns `lead`, and what is not yet written
 */
export function formatCall(record: CallRecord, lead = '', opening = ''): string {
  const {name, args, outcome, durationNs} = record
  // The arguments were known in order, so the call begins as it was written.
  const rest =
    outcome.kind === 'unfinished' && opening !== ''
      ? ' <unfinished ...>)'
      : `${name}(${args.join(', ')})`.slice(opening.length)
  const call = lead + rest
  const time = durationNs === undefined ? '' : ` <${(durationNs / NS_PER_SECOND).toFixed(TIME_DIGITS)}>`
  return `${call.padEnd(RESULT_COLUMN - 1)} = ${formatOutcome(outcome)}${time}`
}

/**
 * The start of the line of a call that has only begun: its arguments up to the first that the kernel fills in.
 * @param args undefined for those filled in
 */
export function formatOpening(name: string, args: readonly (string | undefined)[]): string {
  const unknown = args.indexOf(undefined)
  const known = (unknown < 0 ? args : args.slice(0, unknown)).filter((text) => text !== HIDDEN)
  return `${name}(${known.join(', ')}${unknown > 0 ? ', ' : ''}`
}

function formatOutcome(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'result':
      return outcome.note === undefined ? outcome.text : `${outcome.text} (${outcome.note})`
    case 'error':
      return `-1 ${errnoName(outcome.code)} (${errorText(outcome.code)})`
    case 'interrupted':
      return `? ${outcome.name} (${outcome.text})`
    case 'unfinished':
    case 'detached':
      return '?'
  }
}
