// Kinds of results, by the word in a row's `result`. Without one a result is a plain number.

import {F_GET_SEALS, F_GETFD, F_GETFL} from '../../../abi/fcntl.ts'
import {signalName} from '../names/signals.ts'
import {hexOf, octal} from '../text/number.ts'
import type {TracedCall} from '../traced-call.ts'

type ShowResult = (result: number, call: TracedCall) => string

const flagged: ReadonlySet<number> = new Set([F_GETFD, F_GETFL, F_GET_SEALS])

const results: Readonly<Record<string, ShowResult>> = {
  ptr: hexOf,
  octal,
  sig: (result) => `${result} (${signalName(result)})`,
  /** Flags for some commands of fcntl(2), a number for the others. */
  fcntl: (result, call) => (flagged.has(call.int32(1)) ? hexOf(result) : String(result)),
}

/** undefined for a word that has no kind. */
export function resultKindOf(word: string): ShowResult | undefined {
  return Object.hasOwn(results, word) ? results[word] : undefined
}
