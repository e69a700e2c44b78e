// Turns constants of src/abi into names: the numbers are written there and nowhere else.

import type {Names} from '../text/number.ts'

type Constants = Readonly<Record<string, unknown>>

/** The constants of these names (separated by blanks), in this order. */
export function pick(constants: Constants, names: string): Names {
  return Object.fromEntries(names.split(' ').map((name) => [name, constants[name] as number]))
}

/** All numbers whose name starts with `prefix`, by value. */
export function startingWith(
  constants: Constants,
  prefix: string,
  without: readonly string[] = [],
  withoutPrefix?: string,
): Names {
  const wanted = Object.entries(constants).filter(
    (entry): entry is [string, number] =>
      typeof entry[1] === 'number' &&
      entry[0].startsWith(prefix) &&
      !without.includes(entry[0]) &&
      !(withoutPrefix !== undefined && entry[0].startsWith(withoutPrefix)),
  )
  return Object.fromEntries(wanted.sort((a, b) => a[1] - b[1]))
}
