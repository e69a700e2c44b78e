// Kinds of results, by the word in a row's `result`. Without one a result is a plain number.

import {signalName} from '../../../abi/signal.ts'
import {hexOf, octal} from '../text/number.ts'

type ShowResult = (result: number) => string

const results: Readonly<Record<string, ShowResult>> = {
  ptr: hexOf,
  hex: hexOf,
  octal,
  sig: (result) => `${result} (${signalName(result)})`,
}

/** undefined for a word that has no kind. */
export function resultKindOf(word: string): ShowResult | undefined {
  return Object.hasOwn(results, word) ? results[word] : undefined
}
