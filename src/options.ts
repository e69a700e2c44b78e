// The library's arguments as schemas: what each accepts, and the error that names a wrong one.
//
// A schema's message says what the argument takes: it completes "takes …".

import * as v from 'valibot'
import {badArgument, type HvError, printable} from './errors.ts'
import {nearest} from './similar.ts'
import type {StopSignal} from './stop-signal.ts'

const MAX_SHOWN = 60
const NOT_KNOWN = 'no other than '
const MISSING = 'all of '

/** @returns a copy of plain objects and lists. @throws HvError BAD_ARGUMENT, which names the argument by its path */
export function checked<const Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
  name: string,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, value, {abortEarly: true})
  if (result.success) return result.output
  const {input, message, path = []} = result.issues[0]
  const last = path.at(-1)
  const keys = path.map(({key}) => key)
  const ofParent = pathOf(name, keys.slice(0, -1))
  if (message.startsWith(NOT_KNOWN))
    throw unknownOption(ofParent, String(last?.key), message.slice(NOT_KNOWN.length))
  if (message.startsWith(MISSING)) throw badArgument(`${ofParent} has no ${last?.key}`, `give ${last?.key}`)
  // A wrong key is reported for the object that has it.
  if (last?.origin === 'key') throw badArgument(`${ofParent} takes ${message}, not ${shown(last.key)}`)
  throw badArgument(`${pathOf(name, keys)} takes ${message}, not ${shown(input)}`)
}

export const anyText: v.GenericSchema<string> = v.string('a string')
/** For the guest: C's strings end at a NUL. */
export const text = withoutNul('a string')
export const path = v.pipe(withoutNul('a path'), v.nonEmpty('a path'))
export const guestPath = v.pipe(withoutNul('an absolute path'), v.startsWith('/', 'an absolute path'))
export {optional} from 'valibot'
export const truth = v.boolean('true or false')
/** The code that uses it checks its value. */
export const anyNumber = v.custom<number>((value) => typeof value === 'number', 'a number')
/** The same for a value that goes through JSON. */
export const finiteNumber = v.custom<number>(Number.isFinite, 'a number')
export const callback = v.function('a function')
const duration = v.custom<number>(
  (value) => typeof value === 'number' && value >= 0 && Number.isFinite(value),
  'milliseconds, 0 or more',
)
/** 0 is none. */
export const timeLimit = v.pipe(
  duration,
  v.transform((ms): number | undefined => (ms === 0 ? undefined : ms)),
)
export const bytes = v.custom<Uint8Array>(isBytes, 'a Uint8Array')
export const pieces = v.custom<AsyncIterable<unknown> | Iterable<unknown>>(
  (value) => isObject(value) && (Symbol.asyncIterator in value || Symbol.iterator in value),
  'a stream',
)
/** A Readable, a ReadableStream, an async generator: their items are checked as they come. */
export const asyncIterable = v.custom<AsyncIterable<string | Uint8Array>>(
  (value) => hasMethod(value, Symbol.asyncIterator),
  'an async iterable',
)
export const abortSignal = v.custom<StopSignal>(
  (value) => hasMethod(value, 'addEventListener') && 'aborted' in value,
  'an AbortSignal',
)

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function hasMethod(value: unknown, name: PropertyKey): value is object {
  return isObject(value) && name in value && typeof value[name as keyof object] === 'function'
}

export function named(pattern: RegExp, takes: string) {
  return v.pipe(v.string(takes), v.regex(pattern, takes))
}

export function oneOf<const Names extends readonly string[]>(names: Names) {
  return v.picklist(names, names.map((name) => `"${name}"`).join(' or '))
}

export function integer(least: number, most: number) {
  const takes = `a whole number from ${least} to ${most}`
  return v.pipe(v.number(takes), v.integer(takes), v.minValue(least, takes), v.maxValue(most, takes))
}

export function list<const Item extends v.GenericSchema>(item: Item, takes: string) {
  return v.array(item, takes)
}

/** With any keys that `name` accepts. */
export function record<const Value extends v.GenericSchema>(
  name: v.GenericSchema<string>,
  value: Value,
  takes: string,
) {
  return v.pipe(plainObject(takes), v.record(name, value))
}

/** Every field that is not optional is required, and no others are allowed. */
export function options<const Fields extends v.ObjectEntries>(fields: Fields) {
  const names = Object.keys(fields)
  return v.pipe(
    plainObject('an object'),
    // Without a prototype: the prototype's keys are no options.
    v.strictObject(
      Object.assign(Object.create(null), fields) as Fields,
      ({expected}) => `${expected === 'never' ? NOT_KNOWN : MISSING}${names.join(', ')}`,
    ),
  )
}

export function either<const Options extends v.UnionOptions>(options: Options, takes: string) {
  return v.union(options, takes)
}

function withoutNul(takes: string) {
  return v.pipe(
    v.string(takes),
    v.check((value) => !value.includes('\0'), `${takes} without NUL characters`),
  )
}

/** Excludes a Map, a list or a promise, whose lack of fields a schema would not notice. */
export function plainObject(takes: string) {
  return v.custom<object>((value) => Object.prototype.toString.call(value) === '[object Object]', takes)
}

function unknownOption(path: string, typed: string, names: string): HvError {
  const [near] = nearest(typed, names.split(', '))
  const nextStep = near === undefined ? '' : `did you mean ${near}?`
  return badArgument(`${path} has no ${printable(cut(typed))}: it has ${names}`, nextStep)
}

/** For a constructor that only TypeScript keeps private. @throws HvError BAD_ARGUMENT */
export function requireMade(part: unknown, name: string): void {
  if (part === undefined) throw badArgument(`\`new ${name}\` makes no ${name}`, `call ${name}.create()`)
}

/** `volumes[0].guest`; or the whole argument, if that is wrong. */
function pathOf(name: string, keys: readonly unknown[]): string {
  const [first, ...rest] = keys
  if (first === undefined) return name
  // Fields of an options object are named without it.
  const start =
    typeof first === 'number' ? `${name}[${first}]` : name === 'options' ? String(first) : `${name}.${first}`
  return printable(
    rest.reduce<string>((path, key) => path + (typeof key === 'number' ? `[${key}]` : `.${key}`), start),
  )
}

/** Accepts those of other realms, too. */
export function isBytes(value: unknown): value is Uint8Array {
  return Object.prototype.toString.call(value) === '[object Uint8Array]'
}

/** Shows the value on one line, however odd it is. */
function shown(value: unknown): string {
  if (typeof value === 'string') return printable(cut(JSON.stringify(value)))
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'function') return 'a function'
  if (typeof value !== 'object' || value === null) return String(value)
  const {name} = value.constructor ?? {}
  return Array.isArray(value)
    ? 'an array'
    : `an object${name && name !== 'Object' ? ` (${printable(cut(name))})` : ''}`
}

const cut = (text: string): string => (text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text)
