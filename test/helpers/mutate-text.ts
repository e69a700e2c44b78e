// A seeded mutator of messages that are text: JSON that is cut, spliced, or has other values.

import type {Random} from './mutate.ts'

export const NUMBERS = [0, 1, -1, 0.5, 2 ** 31, 2 ** 32, 2 ** 53, 2 ** 53 + 2, 1e300, -0] as const
const VALUES = ['null', 'true', '{}', '[]', '""', '"x"', '1e999', '-', '\\u0000', ...NUMBERS.map(String)]

export const pick = <Value>(values: readonly Value[], random: Random): Value => values[random(values.length)]

type Mutation = (text: string, random: Random) => string

const MUTATIONS: readonly Mutation[] = [
  (text, random) => text.slice(0, random(text.length + 1)),
  (text, random) => text.slice(random(text.length + 1)),
  (text, random) => {
    const at = random(text.length + 1)
    return text.slice(0, at) + String.fromCharCode(random(256)) + text.slice(at + random(2))
  },
  // A value for another.
  (text, random) => {
    const all = [...text.matchAll(/"[^"]*"|-?\d+|true|false/g)]
    if (all.length === 0) return text
    const {index, 0: old} = pick(all, random)
    return text.slice(0, index) + pick(VALUES, random) + text.slice(index + old.length)
  },
  (text, random) => text + text.slice(random(text.length + 1)),
  (text, random) => `${'['.repeat(random(2000))}${text}`,
  (text, random) => `${text.slice(0, -1)},"x":"${'x'.repeat(random(5000))}"}`,
]

/** With one to three mutations. Each character is a byte. */
export function mutatedText(text: string, random: Random): string {
  let mutated = text
  for (let i = random(3); i >= 0; i--) mutated = pick(MUTATIONS, random)(mutated, random)
  return mutated
}
