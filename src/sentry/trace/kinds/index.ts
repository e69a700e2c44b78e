// All kinds by the word that rows of the system call table use.

import type {Kind, Kinds} from '../kind.ts'
import {files} from './files.ts'
import {numbers} from './numbers.ts'
import {text} from './text.ts'

const kinds: Kinds = {...numbers, ...text, ...files}

/** The kind of an argument; undefined for a word that has none. */
export function kindOf(word: string): Kind | undefined {
  return Object.hasOwn(kinds, word) ? kinds[word] : undefined
}
