// Numbers, enumerations and flag words as strace writes them.

/** `0x7f00…`, from two 32-bit halves; `0` for zero (printf's %#x). */
export function hex(low: number, high: number): string {
  const lowText = (low >>> 0).toString(16)
  if (high === 0) return low === 0 ? '0' : `0x${lowText}`
  return `0x${(high >>> 0).toString(16)}${lowText.padStart(8, '0')}`
}

/** A non-negative number of at most 53 bits. */
export function hexOf(value: number): string {
  return value === 0 ? '0' : `0x${value.toString(16)}`
}

/** printf's %#03o: `000`, `022`, `0644`. */
export function octal(value: number): string {
  return value
    .toString(8)
    .padStart(value === 0 ? 3 : 2, '0')
    .replace(/^(?=[1-7])/, '0')
}

/** Names of numbers: `{SEEK_SET: 0, …}`. */
export type Names = Readonly<Record<string, number>>

/**
 * A function from a value to its name, or to `0x7 /* SEEK_??? *\/`.
 * @param unknown the text of the comment
 */
export function enumeration(names: Names, unknown: string): (value: number) => string {
  const byValue = new Map(Object.entries(names).map(([name, value]) => [value, name]))
  return (value) => byValue.get(value) ?? `${hexOf(value < 0 ? value >>> 0 : value)} /* ${unknown} */`
}

/**
 * A function from a 32-bit flag word to `A|B|0x40`. A name with several bits counts when all are set, so it comes before
 * its parts.
 * @param zero the text for no flags
 */
export function flagWord(names: Names, unknown: string, zero = '0'): (value: number) => string {
  const entries = Object.entries(names)
  return (value) => {
    if (value === 0) return zero
    let rest = value
    const parts: string[] = []
    for (const [name, bits] of entries) {
      if (bits === 0 || (rest & bits) !== (bits | 0)) continue
      parts.push(name)
      rest &= ~bits
    }
    if (parts.length === 0) return `${hex(rest, 0)} /* ${unknown} */`
    if (rest !== 0) parts.push(hex(rest, 0))
    return parts.join('|')
  }
}

type Constants = Readonly<Record<string, unknown>>

/** Names that count up from `first`. */
export function counted(prefix: string, names: string, first = 0): Names {
  return Object.fromEntries(names.split(' ').map((name, i) => [`${prefix}${name}`, first + i]))
}

/** Names of the bits from bit number `first` on. */
export function countedBits(prefix: string, names: string, first = 0): Names {
  return Object.fromEntries(names.split(' ').map((name, i) => [`${prefix}${name}`, 1 << (first + i)]))
}

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
