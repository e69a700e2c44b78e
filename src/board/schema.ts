// The fields of a board file, as a schema; a wrong file is refused with the field's path. Every field is untrusted.

import * as v from 'valibot'
import {HvError, printable} from '../errors.ts'

const MAX_TEXT = 500
const MAX_LIST = 100
const MAX_SHOWN = 60
const MAX_PAGE_SIZE = 65536
const MAX_ADDRESS_BITS = 64
const MAX_CPUS = 512
const MAX_MEMORY_MIB = 1 << 20

// Every message says what was expected.
const anyText = (wanted = 'a text') =>
  v.pipe(
    v.string(wanted),
    v.maxLength(MAX_TEXT, `at most ${MAX_TEXT} characters`),
    v.check((text) => printable(text) === text, 'a text without control characters'),
  )
const text = v.pipe(anyText(), v.nonEmpty('a text'))
const matching = (pattern: RegExp, wanted: string) => v.pipe(anyText(wanted), v.regex(pattern, wanted))
const oneOf = <const T extends readonly string[]>(names: T) =>
  v.picklist(names, names.map((name) => `"${name}"`).join(' or '))
const integer = (least: number, most: number) =>
  v.pipe(
    v.number('a number'),
    v.integer('a number'),
    v.check((value) => value >= least && value <= most, `a number of ${least} to ${most}`),
  )
const list = <T extends v.GenericSchema>(item: T, least = 0) =>
  v.pipe(
    v.array(item, 'a list'),
    v.check(
      (items) => items.length >= least && items.length <= MAX_LIST,
      `a list of ${least} to ${MAX_LIST}`,
    ),
  )
/** Every key that is not optional is required, and no others are allowed. */
const object = <const T extends v.ObjectEntries>(entries: T) =>
  v.pipe(
    v.custom<object>(
      (value) => typeof value === 'object' && !Array.isArray(value) && value !== null,
      'an object',
    ),
    // Without a prototype: the prototype's keys are no fields.
    v.strictObject(Object.assign(Object.create(null), entries) as T, ({expected}) =>
      expected === 'never' ? 'no such field' : 'a value',
    ),
  )

const name = matching(/^[a-z0-9][a-z0-9_-]*$/, 'a name of small letters, digits, - and _')
const mode = matching(/^[a-z0-9][a-z0-9_-]*$/, 'a mode such as "vhe"')
const hex = (example: string) => matching(/^0x[0-9a-f]{1,3}$/, `a number such as "${example}"`)
const gic = oneOf(['v2', 'v3'])

/** Where the fields come from: one text for each of them, those of `expect` included. */
const sources = object({
  cores: text,
  vhe: text,
  gic: text,
  pageSizes: text,
  kvm: text,
  modes: text,
  ipaBits: text,
  vgic: text,
  recognise: text,
  emulation: text,
})

const board = object({
  name,
  title: text,
  architecture: oneOf(['x86_64', 'arm64']),
  cores: list(object({name: text, implementer: hex('0x41'), part: hex('0xd08')})),
  vhe: v.nullable(v.boolean('true or false')),
  gic: v.nullable(gic),
  pageSizes: v.nullable(list(integer(1024, MAX_PAGE_SIZE), 1)),
  kvm: text,
  expect: object({
    modes: list(mode, 1),
    ipaBits: v.nullable(integer(1, MAX_ADDRESS_BITS)),
    vgic: v.nullable(list(gic)),
  }),
  recognise: list(
    object({
      model: v.optional(text),
      compatible: v.optional(text),
      vendor: v.optional(text),
      product: v.optional(text),
      module: v.optional(text),
    }),
    1,
  ),
  emulation: v.nullable(
    object({
      machine: text,
      cpu: text,
      kernelArguments: anyText(),
      cpus: integer(1, MAX_CPUS),
      memoryMib: integer(1, MAX_MEMORY_MIB),
      note: v.optional(text),
    }),
  ),
  sources,
})

/** What a file of boards/ says about a machine. README.md in this folder documents the fields. */
export type Board = v.InferOutput<typeof board>
/** All given fields have to match; a `*` at the end of a text matches any rest. */
export type Rule = Board['recognise'][number]

/**
 * @param file how errors name the file, such as `boards/rpi4.json`
 * @param called the file's name, which the field `name` has to repeat
 * @throws HvError BOARD_INVALID
 */
export function parseBoard(json: string, file: string, called: string): Board {
  const {success, output, issues} = v.safeParse(board, parseJson(json, file), {abortEarly: true})
  if (!success) throw refusal(file, issues[0].path ?? [], issues[0].message, issues[0].input)
  if (output.name !== called)
    throw refusal(
      file,
      [{key: 'name', value: output.name}],
      `"${called}", as the file is called`,
      output.name,
    )
  return output
}

function parseJson(json: string, file: string): unknown {
  try {
    return JSON.parse(json)
  } catch (error) {
    throw new HvError('BOARD_INVALID', `${file}: not JSON: ${(error as Error).message}`, 'correct the file', {
      cause: error,
    })
  }
}

type Path = readonly {key: unknown; value: unknown}[]

function refusal(file: string, path: Path, wanted: string, input: unknown): HvError {
  // `cores[0].part`
  const keys = path.map(({key}) => (typeof key === 'number' ? `[${key}]` : `.${shorten(String(key))}`))
  const field = keys.join('').replace(/^\./, '') || 'the file'
  const got = path.length > 0 ? path[path.length - 1].value : input
  const shown = got === undefined ? 'nothing' : shorten(JSON.stringify(got))
  return new HvError(
    'BOARD_INVALID',
    `${file}: ${field}: expected ${wanted}, got ${shown}`,
    'correct the file',
  )
}

function shorten(text: string): string {
  return printable(text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text)
}
