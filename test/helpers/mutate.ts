// A seeded mutator of ELF files: the same seed gives the same mutants, so that a failure's index reproduces it.

import {E_PHNUM, EHDR_SIZE, PHDR_SIZE} from '../../src/abi/elf.ts'

export interface Mutant {
  /** Its place in the sequence: `mutants(bytes, seed, index + 1)` ends with it. */
  readonly index: number
  /** The mutations, for a failure's message: `field 0x36=0xffff, cut 120`. */
  readonly description: string
  readonly bytes: Uint8Array
}

/** A number in [0, limit). */
export type Random = (limit: number) => number

/** Yields `count` mutants of the ELF64 file `original`, each with one to four mutations. */
export function* mutants(original: Uint8Array, seed: number, count: number): Generator<Mutant> {
  for (let index = 0; index < count; index++) {
    const random = seededRandom(seed * 0x10001 + index)
    const mutations = 1 + random(4)
    const descriptions: string[] = []
    // Not slice(): a Buffer's slice shares its memory.
    let bytes: Uint8Array = new Uint8Array(original)
    for (let i = 0; i < mutations; i++) {
      const mutation = MUTATIONS[random(MUTATIONS.length)]
      const [mutated, description] = mutation(bytes, random)
      bytes = mutated
      descriptions.push(description)
    }
    yield {index, description: descriptions.join(', '), bytes}
  }
}

/** xorshift32, seeded through a multiplicative hash so that neighbouring seeds differ from the first number on. */
export function seededRandom(seed: number): Random {
  let state = (Math.imul(seed + 1, 0x9e3779b1) ^ 0x5bd1e995) | 1
  return (limit) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % limit
  }
}

type Mutation = (bytes: Uint8Array, random: Random) => [Uint8Array, string]

/** A header's fields: [offset, bytes]. */
const EHDR_FIELDS = [
  [0, 4],
  [4, 1],
  [5, 1],
  [7, 1],
  [16, 2],
  [18, 2],
  [20, 4],
  [24, 8],
  [32, 8],
  [40, 8],
  [52, 2],
  [54, 2],
  [56, 2],
] as const
const PHDR_FIELDS = [
  [0, 4],
  [4, 4],
  [8, 8],
  [16, 8],
  [32, 8],
  [40, 8],
  [48, 8],
] as const

const bitFlip: Mutation = (bytes, random) => {
  if (bytes.length === 0) return [bytes, 'nothing']
  // Three in four hit the headers, which drive the decisions.
  const limit = random(4) === 0 ? bytes.length : Math.min(bytes.length, headersEnd(bytes))
  const at = random(limit)
  const bit = random(8)
  bytes[at] ^= 1 << bit
  return [bytes, `flip ${hex(at)}.${bit}`]
}

const substitute: Mutation = (bytes, random) => {
  const inEhdr = random(3) === 0
  const base = inEhdr ? 0 : phdrAt(random(phdrCount(bytes)))
  const fields = inEhdr ? EHDR_FIELDS : PHDR_FIELDS
  const [offset, width] = fields[random(fields.length)]
  const value = interestingValue(bytes.length, random)
  writeLittleEndian(bytes, base + offset, width, value)
  return [bytes, `field ${hex(base + offset)}=0x${BigInt.asUintN(width * 8, value).toString(16)}`]
}

/** Adds a small number to a field: off by one, by a page, by a word. */
const nudge: Mutation = (bytes, random) => {
  const [offset, width] = PHDR_FIELDS[random(PHDR_FIELDS.length)]
  const at = phdrAt(random(phdrCount(bytes))) + offset
  const delta = [1n, -1n, 8n, -8n, 4096n, -4096n, 1n << 20n][random(7)]
  writeLittleEndian(bytes, at, width, readLittleEndian(bytes, at, width) + delta)
  return [bytes, `nudge ${hex(at)} by ${delta}`]
}

const truncate: Mutation = (bytes, random) => {
  const limit = random(2) === 0 ? headersEnd(bytes) + 1 : bytes.length + 1
  const length = Math.min(bytes.length, random(limit))
  return [bytes.subarray(0, length), `cut ${length}`]
}

const swapHeaders: Mutation = (bytes, random) => {
  const [from, to] = [phdrAt(random(phdrCount(bytes))), phdrAt(random(phdrCount(bytes)))]
  const saved = bytes.slice(to, to + PHDR_SIZE)
  bytes.copyWithin(to, from, from + PHDR_SIZE)
  writeWithin(bytes, from, saved)
  return [bytes, `swap ${hex(from)} ${hex(to)}`]
}

const duplicateHeader: Mutation = (bytes, random) => {
  const [from, to] = [phdrAt(random(phdrCount(bytes))), phdrAt(random(phdrCount(bytes)))]
  bytes.copyWithin(to, from, from + PHDR_SIZE)
  return [bytes, `copy ${hex(from)} to ${hex(to)}`]
}

const splice: Mutation = (bytes, random) => {
  if (bytes.length === 0) return [bytes, 'nothing']
  const [from, to] = [random(bytes.length), random(random(2) === 0 ? bytes.length : headersEnd(bytes))]
  const length = 1 + random(64)
  bytes.copyWithin(to, from, from + length)
  return [bytes, `splice ${length} from ${hex(from)} to ${hex(to)}`]
}

// Substitutions and nudges appear twice: they reach deepest.
const MUTATIONS = [
  bitFlip,
  substitute,
  substitute,
  nudge,
  nudge,
  truncate,
  swapHeaders,
  duplicateHeader,
  splice,
]

function interestingValue(fileSize: number, random: Random): bigint {
  const size = BigInt(fileSize)
  const powers = [31n, 32n, 47n, 53n, 63n, 64n].flatMap((bit) => [
    (1n << bit) - 1n,
    1n << bit,
    (1n << bit) + 1n,
  ])
  const values = [0n, 1n, -1n, 2n, 3n, 0x1000n, 0xffffn, size - 1n, size, size + 1n, ...powers]
  return values[random(values.length)]
}

const phdrAt = (index: number): number => EHDR_SIZE + index * PHDR_SIZE
const headersEnd = (bytes: Uint8Array): number => phdrAt(phdrCount(bytes))

// Assumes that the table follows the header, as all linkers put it; the count may already be mutated.
function phdrCount(bytes: Uint8Array): number {
  return Math.min(Math.max(Number(readLittleEndian(bytes, E_PHNUM, 2)), 1), 32)
}

// Reads nothing outside the file, and writes nothing there: even a truncated mutant is mutated further.
function readLittleEndian(bytes: Uint8Array, at: number, width: number): bigint {
  let value = 0n
  for (let i = width - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[at + i] ?? 0)
  return value
}

function writeLittleEndian(bytes: Uint8Array, at: number, width: number, value: bigint): void {
  for (let i = 0; i < width; i++) {
    if (at + i < bytes.length) bytes[at + i] = Number((value >> BigInt(8 * i)) & 0xffn)
  }
}

function writeWithin(bytes: Uint8Array, at: number, source: Uint8Array): void {
  if (at < bytes.length) bytes.set(source.subarray(0, bytes.length - at), at)
}

const hex = (value: number): string => `0x${value.toString(16)}`
