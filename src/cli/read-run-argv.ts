// Reads the command line of `hv run` without oclif, whose parser alone takes half of the start-up budget.
// test/unit/cli holds it to what oclif reads from the same table.

import {HvError} from '../errors.ts'
import {RUN_FLAGS, type RunFlag, TRACE_TO_STDERR} from './run-flags.ts'

/** The flags in order, still as text, and what they are followed by. Nothing behind `program` is hv's. */
export interface RunArgv {
  flags: [name: string, value: string][]
  program: string
  args: string[]
}

const HELP_STEP = 'see `hv run --help`'

/**
 * @param argv what follows `run`
 * @returns null when help is asked for before PROGRAM
 * @throws HvError BAD_ARGUMENT
 */
export function readRunArgv(argv: readonly string[]): RunArgv | null {
  const flags: [string, string][] = []
  let i = 0

  for (; i < argv.length; i++) {
    const word = argv[i]
    if (word === '--') {
      i++
      break
    }
    if (!word.startsWith('-') || word === '-') break
    if (word === '--help') return null

    const equals = word.indexOf('=')
    const flag = findFlag(equals < 0 ? word : word.slice(0, equals))
    if (flags.some(([name]) => name === flag.name) && !flag.repeat) {
      throw bad(`flag --${flag.name} is given twice`)
    }

    let value: string | undefined = equals < 0 ? undefined : word.slice(equals + 1)
    if (flag.kind === 'value' && value === undefined) value = argv[++i]
    flags.push([flag.name, checkValue(flag, value)])
  }

  if (i >= argv.length) throw bad('no program given', 'name one: `hv run PROGRAM [ARG...]`')
  return {flags, program: argv[i], args: argv.slice(i + 1)}
}

function findFlag(word: string): RunFlag {
  const flag = RUN_FLAGS.find(({name}) => word === `--${name}`)
  if (!flag) throw bad(`unknown flag ${word}`)
  return flag
}

function checkValue(flag: RunFlag, value: string | undefined): string {
  switch (flag.kind) {
    case 'switch':
      if (value !== undefined) throw bad(`flag --${flag.name} takes no value`)
      return ''
    case 'optional':
      return value === undefined || value === '' ? TRACE_TO_STDERR : value
    case 'value':
      if (value === undefined || value === '') throw bad(`flag --${flag.name} needs a value`)
      if (flag.options && !flag.options.includes(value)) {
        throw bad(`flag --${flag.name} cannot be ${value}`, `choose one of ${flag.options.join(', ')}`)
      }
      return value
  }
}

function bad(message: string, nextStep = HELP_STEP): HvError {
  return new HvError('BAD_ARGUMENT', message, nextStep)
}
