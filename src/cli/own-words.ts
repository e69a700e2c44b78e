// The words of hv's command line, as src/bin/hv.sh passes them to Node, or as somebody gave them to Node directly.

import {badArgument, printable} from '../errors.ts'

/** The first word, when each other one is behind a space. */
const BEHIND_SPACES = 'hv-words'
/** Wherever they are, Node reads the files that these name, and does what they say, before it starts hv: hv.sh. */
const FOR_NODE = /^--(env-file|.*config-file)/

/** @throws HvError BAD_ARGUMENT: Node has read a file that the guest's words name */
export function ownWords(given: readonly string[]): string[] {
  if (given[0] === BEHIND_SPACES) return given.slice(1).map((word) => word.slice(1))
  const taken = given.find((word) => FOR_NODE.test(word))
  if (taken === undefined || process.versions.bun !== undefined) return [...given]
  throw badArgument(
    `${printable(taken)} is among the words, and Node takes it for itself`,
    'start the command hv itself (dist/bin/hv.cjs), without `node`',
  )
}
