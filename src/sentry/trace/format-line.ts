// A CallRecord as strace's line: `name(args) = result <seconds>`.

import {errnoName} from '../../abi/errno.ts'
import type {CallRecord, Outcome} from './call-record.ts'
import {errorText} from './names/errors.ts'

/** strace's -a: the column of the equals sign, when the call is shorter. */
const RESULT_COLUMN = 40
const NS_PER_SECOND = 1e9
const TIME_DIGITS = 6

/** Without the line's end. */
export function formatCall(record: CallRecord): string {
  return `${formatBegin(record.name, record.args)})`.padEnd(RESULT_COLUMN - 1) + formatEnd(record)
}

/** `name(arg, arg`: what is known of a call that has only begun. */
export function formatBegin(name: string, args: readonly string[]): string {
  return `${name}(${args.join(', ')}`
}

/** ` = result <seconds>`. */
export function formatEnd({outcome, durationNs}: CallRecord): string {
  const time = durationNs === undefined ? '' : ` <${(durationNs / NS_PER_SECOND).toFixed(TIME_DIGITS)}>`
  return ` = ${formatOutcome(outcome)}${time}`
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
      return '?'
  }
}
