// Row: what the table says of one option: its flag, its schema, its setting, and which kinds of guest refuse it.

import type * as v from 'valibot'
import type * as takes from '../../options.ts'
import {parseCount, parseSize, type SizeFlag} from './parse-values.ts'

/** Guests with options that mean nothing to them. A program under the sentry refuses none. */
export type UnfitKind = 'bare' | 'kernel' | 'kernel-program'

/** Why a guest has no use for an option. */
export interface Unfit {
  message: string
  nextStep: string
  /** The only value that it has no use for. */
  value?: unknown
}

export type Command = 'run' | 'trace' | 'pledge'

/** A flag of a command, and what becomes of its text. */
export interface FlagRow {
  /** As in the help: `-v, --volume HOST:GUEST`, `--read-only`, `--trace[=FILE]`, which takes a value only behind `=`. */
  flag: string
  summary: string
  /** May be given more than once. */
  repeat?: boolean
  /** The only values allowed. */
  choices?: readonly string[]
  default?: string
  /** Values for completion, which are not all that is allowed. */
  words?: readonly string[]
  /** The commands that have it; default: all. */
  commands?: readonly Command[]
  /** It is for a kernel's machine: what its absence is answered by. */
  needsKernel?: {message: string; nextStep: string}
  /** The option that it stands for where there is a kernel. */
  withKernel?: {option: string} & Required<Parsing<unknown>>
}

/** An optional value that was left out: `--trace` to standard error, plain `--stats`. */
export const LEFT_OUT = '-'

// Methods, so that rows of all types fit one table.

export interface Parsing<Setting> {
  /** Default: the text itself, and true for a switch. @param before what the flag has set so far @throws HvError BAD_ARGUMENT */
  parse?(text: string, before: Setting | undefined): Setting | undefined
}

/** Without a flag, no command has it; without a schema, the library does not have it. */
export interface Row<Given, Setting = Given> extends Partial<FlagRow>, Parsing<Setting> {
  /** Another flag for the same option. */
  otherFlag?: FlagRow & Parsing<Setting>
  /** What the library takes. A function, because the commands do without valibot. */
  schema?(check: typeof takes): v.GenericSchema<unknown, Given | undefined>
  /** From what the library was given to what the sentry gets; default: the same. */
  settle?(given: Given): Setting
  /** true: as such guests refuse most. */
  unfit?: Readonly<Partial<Record<UnfitKind, Unfit | true>>>
}

/** A row for each option, with its docstring in the interface. */
export type Rows<Given extends object, Setting extends object = Given> = {
  readonly [Name in keyof Given]-?: Row<
    NonNullable<Given[Name]>,
    NonNullable<Name extends keyof Setting ? Setting[Name] : Given[Name]>
  >
}

export const FOR_SENTRY = {bare: true, kernel: true, 'kernel-program': true} as const
/** Machines that run one have no more than that. */
export const FOR_PROGRAMS = {bare: true, kernel: true} as const

/** A whole number, at least 1. @param of its name in the command's messages */
export const count = (of: string, most: number, example: string) =>
  ({
    parse: (text: string) => parseCount(text, {of, most, example}),
    schema: ({integer}) => integer(1, most),
  }) satisfies Row<number>

/** Bytes, for the command with a unit. */
export const size = (flag: SizeFlag, least: number) =>
  ({
    parse: (text: string) => parseSize(text, flag),
    schema: ({integer}) => integer(least, Number.MAX_SAFE_INTEGER),
  }) satisfies Row<number>

export const choice = <const Name extends string>(choices: readonly Name[]) =>
  ({choices, schema: ({oneOf}) => oneOf(choices)}) satisfies Row<Name>

/** A flag that may be repeated: each adds an item. */
export const each = <Item>(parse: (text: string) => Item) => ({
  repeat: true,
  parse: (text: string, before: readonly Item[] = []) => [...before, parse(text)],
})
