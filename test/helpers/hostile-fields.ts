// What hostile machines send to file servers of any protocol: values that make sense, values that make none, and broken requests.

import {type Field, u32, u64} from './fields.ts'
import type {Random} from './mutate.ts'

/** The first five are names of files; the others have a meaning of their own. */
export const NAMES = [
  'a',
  'b',
  'c',
  'd',
  'link',
  '..',
  '.',
  '',
  '/',
  'a/b',
  '../outside',
  '\0',
  'x'.repeat(255),
  'x'.repeat(256),
]
const TARGETS = ['../outside', '/etc', '..', 'a', '', '/proc/self/root', 'y'.repeat(5000)]
export const NUMBERS = [0, 1, 2, 7, 0x200, 4096, 65536, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]
const OFFSETS = [0, 0, 1, 5, 4096, 2 ** 31, 2 ** 32 + 1, 2 ** 52 - 1, 2 ** 52, -1, -(2 ** 62), 2 ** 62]
const MODES = [0o644, 0o755, 0o100600, 0o010600, 0o020666, 0o140755, 0o040755, 0o7777, 0xffff_ffff]
export const FLAGS = [0, 1, 2, 3, 0o100, 0o302, 0o1002, 0o2001, 0o200000, 0o20200002, 0xffff_ffff]

export function pick<T>(random: Random, from: readonly T[]): T {
  return from[random(from.length)]
}

/** Mostly one that may exist. */
function anyName(random: Random): string {
  return pick(random, random(3) === 0 ? NAMES : NAMES.slice(0, 5))
}

function anyNumber(random: Random): number {
  return random(2) === 0 ? pick(random, NUMBERS) : random(512)
}

/** Fields that have the same form in all protocols. */
export type CommonKind = 'name' | 'target' | 'u32' | 'offset' | 'mode' | 'flags'

export function commonField(kind: CommonKind, random: Random): Field {
  switch (kind) {
    case 'name':
      return anyName(random)
    case 'target':
      return pick(random, TARGETS)
    case 'u32':
      return u32(anyNumber(random))
    case 'offset':
      return u64(pick(random, OFFSETS))
    case 'mode':
      return u32(pick(random, MODES))
    case 'flags':
      return u32(pick(random, FLAGS))
  }
}

/** Breaks one in ten: cut, grown, or with a byte changed. @param bytes of a request that begins with its size */
export function seldomBroken(random: Random, bytes: Uint8Array): Uint8Array {
  if (random(10) > 0) return bytes
  const broken = Buffer.from(bytes)
  const how = random(3)
  if (how === 0) return broken.subarray(0, random(broken.length + 1))
  if (how === 1) broken.writeUInt32LE(pick(random, NUMBERS), 0)
  else broken[random(broken.length)] = random(256)
  return broken
}
