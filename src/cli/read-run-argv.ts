// Reads the command line of `hv run`, and of similar commands, without oclif, whose parser alone takes half of the start-up budget.
// test/unit/cli compares it with what oclif reads from the same table.

import {badArgument, type HvError} from '../errors.ts'
import {LEFT_OUT} from '../launch/options/row.ts'
import {type Flag, flagsOf} from '../launch/options/table.ts'
import {didYouMean} from '../similar.ts'
import {ADVICE, INSTEAD} from './docker-flags.ts'

/** The flags in order, still as text, and what follows them. Nothing after `program` is for hv. */
export interface RunArgv {
  flags: [name: string, value: string][]
  /** undefined: with `--image` it is optional. */
  program: string | undefined
  args: string[]
}

/** A command that takes flags, PROGRAM and PROGRAM's own words. */
export interface RunLike {
  name: string
  flags: readonly Flag[]
}

/**
 * @param argv what follows `run`
 * @returns null when help is asked for before PROGRAM
 * @throws HvError BAD_ARGUMENT
 */
export function readRunArgv(argv: readonly string[]): RunArgv | null {
  return readArgv(argv, {name: 'run', flags: flagsOf('run')})
}

/** As readRunArgv, for another command. Letters may be combined, `-fTo FILE`, as getopt(3) allows. */
export function readArgv(argv: readonly string[], {name: command, flags: known}: RunLike): RunArgv | null {
  const flags: [string, string][] = []
  let i = 0

  for (; i < argv.length; i++) {
    const word = argv[i]
    if (word === '--') {
      i++
      break
    }
    if (!word.startsWith('-') || word === '-') break
    // docker's -h is a host's name; with nothing behind it, somebody wants help.
    if (word === '--help' || (word === '-h' && i === argv.length - 1)) return null

    for (const [given, attached] of word.startsWith('--') ? [splitLong(word)] : splitShort(word, known)) {
      const flag = known.find(({name, short}) => given === `--${name}` || given === `-${short}`)
      if (!flag) {
        const ofImage = flags.some(([name]) => name === 'image')
        throw unknownFlag(given, {name: command, flags: known}, ofImage)
      }
      if (flags.some(([name]) => name === flag.name) && !flag.repeat) {
        throw bad(`flag ${given} is given twice`, command)
      }
      const value = flag.kind === 'value' && attached === undefined ? argv[++i] : attached
      flags.push([flag.name, checkValue(flag, given, value, command)])
    }
  }

  if (i >= argv.length && !flags.some(([name]) => name === 'image' || name === 'kernel')) {
    throw bad(
      'no program given',
      command,
      `name one: \`hv ${command === 'pledge' ? 'pledge --suggest' : command} PROGRAM [ARG...]\``,
    )
  }
  return {flags, program: argv[i], args: argv.slice(i + 1)}
}

function unknownFlag(given: string, {name: command, flags}: RunLike, ofImage: boolean): HvError {
  const [instead, advice] = [INSTEAD[given], ADVICE[given]]
  const meant =
    instead === undefined
      ? didYouMean(
          given,
          flags.map(({name}) => `--${name}`),
        )
      : ` (did you mean ${instead}?)`
  const elsewhere = ofImage ? 'what is for the image goes behind --' : undefined
  return bad(`unknown flag ${given}${advice === undefined ? meant : ''}`, command, advice ?? elsewhere)
}

type Word = [flag: string, value: string | undefined]

function splitLong(word: string): Word {
  const equals = word.indexOf('=')
  return equals < 0 ? [word, undefined] : [word.slice(0, equals), word.slice(equals + 1)]
}

/** Splits `-abc` into letters, up to one that takes a value: the value is the rest, or the next word if there is no rest. */
function splitShort(word: string, known: readonly Flag[]): Word[] {
  // A word that does not begin with a known letter appears whole in the message.
  if (!known.some(({short}) => short === word[1])) return [splitLong(word)]
  const words: Word[] = []
  for (let at = 1; at < word.length; at++) {
    const takesValue = known.some(({short, kind}) => short === word[at] && kind === 'value')
    words.push([`-${word[at]}`, takesValue ? word.slice(at + 1) || undefined : undefined])
    if (takesValue) break
  }
  return words
}

function checkValue(flag: Flag, given: string, value: string | undefined, command: string): string {
  switch (flag.kind) {
    case 'switch':
      if (value !== undefined) throw bad(`flag ${given} takes no value`, command)
      return ''
    case 'optional':
      return value === undefined || value === '' ? LEFT_OUT : oneOfChoices(flag, given, value, command)
    case 'value':
      if (value === undefined || value === '') throw bad(`flag ${given} needs a value`, command)
      return oneOfChoices(flag, given, value, command)
  }
}

function oneOfChoices({choices}: Flag, given: string, value: string, command: string): string {
  if (choices === undefined || choices.includes(value)) return value
  throw bad(`flag ${given} cannot be ${value}`, command, `choose one of ${choices.join(', ')}`)
}

function bad(message: string, command: string, nextStep = `see \`hv ${command} --help\``): HvError {
  return badArgument(message, nextStep)
}
