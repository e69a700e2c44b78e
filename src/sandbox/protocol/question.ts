// The question of a sentry's process about a call, checked: part of replies.ts.

import * as v from 'valibot'
import {MAX_TEXT, MAX_VALUE_BYTES, type SyscallArgument} from '../../sentry/trace/argument-value.ts'

/** Argument words of a call. */
const WORDS = 6
const MAX_NAME = 128

const id = v.pipe(v.number(), v.safeInteger())
const number = v.pipe(v.number(), v.finite())
const word = v.pipe(
  v.string(),
  v.regex(/^\d{1,20}$/),
  v.transform((digits) => BigInt(digits)),
)
const name = v.pipe(v.string(), v.maxLength(MAX_NAME))
/** At most one character for each of a guest's bytes. */
const value = v.pipe(v.string(), v.maxLength(MAX_VALUE_BYTES))
const text = v.pipe(v.string(), v.maxLength(MAX_TEXT))
const flags = v.pipe(v.array(name), v.maxLength(MAX_NAME))
const path = v.pipe(
  v.nullable(value),
  v.transform((given) => given ?? undefined),
)
const base64 = v.pipe(
  v.string(),
  v.maxLength(Math.ceil(MAX_VALUE_BYTES / 3) * 4),
  v.transform((given) => new Uint8Array(Buffer.from(given, 'base64'))),
)
const strings = v.pipe(
  v.array(value),
  v.maxLength(256),
  v.check((list) => list.join('').length <= MAX_VALUE_BYTES),
)
const address = v.object({
  family: name,
  path: v.optional(value),
  abstract: v.optional(value),
  address: v.optional(name),
  port: v.optional(id),
})

const of = <const Kind extends string, const Value extends v.GenericSchema>(kind: Kind, each: Value) =>
  v.object({kind: v.literal(kind), value: each, text})

const decoded = v.variant('kind', [
  of('number', number),
  of('descriptor', id),
  of('flags', flags),
  of('name', name),
  v.object({kind: v.literal('path'), value: v.optional(value), resolved: v.optional(value), text}),
  of('string', v.optional(value)),
  of('strings', v.optional(strings)),
  v.object({kind: v.literal('bytes'), value: v.optional(base64), length: number, text}),
  of('address', v.optional(address)),
  of('open_how', v.optional(v.object({flags, mode: number, resolve: flags}))),
  v.object({kind: v.literal('other'), text}),
])

/** Restores what JSON cannot express, so that it is as from a thread. */
export const question = v.object({
  id,
  name,
  pid: id,
  programPid: id,
  tid: id,
  args: v.pipe(v.array(word), v.maxLength(WORDS)),
  paths: v.pipe(v.array(path), v.maxLength(WORDS)),
  decoded: v.pipe(
    v.array(
      v.pipe(
        decoded,
        v.transform((each) => ({value: undefined, ...each}) as SyscallArgument),
      ),
    ),
    v.maxLength(WORDS),
    // No call takes more than two paths.
    v.check((all) => all.reduce((sum, each) => sum + each.text.length, 0) <= 3 * MAX_TEXT),
  ),
  end: v.optional(
    v.union([
      v.strictObject({result: number}),
      v.strictObject({
        errno: v.pipe(id, v.minValue(1), v.maxValue(4095)),
        interrupted: v.optional(v.boolean()),
      }),
    ]),
  ),
})
