// Turns the words of `hv run` into RunOptions: reads the values, and finds the program on the host.

import {accessSync, constants, readFileSync, statSync} from 'node:fs'
import {attempt, badArgument, HvError} from '../errors.ts'
import {parseEnv, parseEnvFile} from '../launch/options/parse-values.ts'
import {LEFT_OUT} from '../launch/options/row.ts'
import {type Flag, flagNamed, flagNameOf} from '../launch/options/table.ts'
import {requireOneTree} from '../launch/options/tree.ts'
import {guestEnvironment, hasTree, type RunOptions} from '../launch/options.ts'
import type {RunArgv} from './read-run-argv.ts'

/** @throws HvError BAD_ARGUMENT, NOT_FOUND */
export function toRunOptions({flags, program, args}: RunArgv, caller: NodeJS.ProcessEnv): RunOptions {
  const variables = variablesOf(flags, caller)
  const options: RunOptions = {
    program: program ?? '',
    args,
    volumes: [],
    env: {...guestEnvironment(caller.TERM), ...variables},
    givenEnv: variables,
    platform: 'auto',
  }
  const isKernel = flags.some(([name]) => name === 'kernel')
  for (const [name, text] of flags) setFlag(options, flagNamed(name)!, text, isKernel)
  requireOneTree(options, flagNameOf)
  if (options.entrypoint !== undefined && options.image === undefined)
    throw badArgument('--entrypoint is for an image', 'give --image, or the program behind the flags')
  const words = program === undefined ? [] : [program, ...args]
  if (options.kernel !== undefined && !hasTree(options)) {
    return {...options, program: options.kernel, args: words}
  }
  if (options.image !== undefined) return {...options, program: options.image, args: words}
  if (options.kernel !== undefined && options.program === '')
    throw noProgramFor(options.root === undefined ? '--with-libs' : '--root')
  const nextStep = notValueOf(flags.at(-1), options.program)
  // A flat binary is a file, and no command.
  const isCommand = options.root === undefined && options.flat === undefined
  if (isCommand) options.program = findOnHost(options.program, caller.PATH ?? '', nextStep)
  return options
}

/** `variablesOf` has set those of the environment. */
function setFlag(options: RunOptions, flag: Flag, text: string, isKernel: boolean): void {
  const {name, withKernel, needsKernel} = flag
  if (needsKernel && !isKernel) throw badArgument(`--${name} ${needsKernel.message}`, needsKernel.nextStep)
  const {option, parse} = (isKernel && withKernel) || flag
  const settings = options as unknown as Record<string, unknown>
  const value = parse(text, settings[option as string])
  if (option !== undefined && option !== 'env') settings[option] = value
}

/** What --env says replaces what a file says, and the later the earlier. @throws HvError BAD_ARGUMENT */
function variablesOf(flags: RunArgv['flags'], caller: NodeJS.ProcessEnv): Record<string, string> {
  const given = (flag: string): string[] => flags.flatMap(([name, value]) => (name === flag ? [value] : []))
  const ofFiles = given('env-file').flatMap((file) =>
    parseEnvFile(readText(file, '--env-file'), file, caller),
  )
  const own = given('env').map((text) => parseEnv(text, caller))
  return Object.fromEntries([...ofFiles, ...own].filter((variable) => variable !== undefined))
}

/** A small file of the user's. @param flag for the message. @throws HvError BAD_ARGUMENT */
function readText(path: string, flag: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code
    throw badArgument(`${flag}: ${path} cannot be read (${reason})`, 'name a readable file', {
      cause: error,
    })
  }
}

/** Finds a name on the host as execvp(3) does; a path is left to the loader, which reports what is wrong with it. */
export function findOnHost(
  program: string,
  searchPath: string,
  nextStep = 'give its path, e.g. `./program`',
): string {
  if (program === '') throw new HvError('NOT_FOUND', 'no program name: PROGRAM is empty', 'give its path')
  if (program.includes('/')) return program
  for (const directory of searchPath.split(':')) {
    const candidate = `${directory || '.'}/${program}`
    if (isExecutableFile(candidate)) return candidate
  }
  throw new HvError('NOT_FOUND', `${program} is not in PATH`, nextStep)
}

/** The next step where the flag before the program may have a value, but has none: `--allow-net example.com`. */
function notValueOf(last: RunArgv['flags'][number] | undefined, program: string): string | undefined {
  if (last === undefined || last[1] !== LEFT_OUT || flagNamed(last[0])?.kind !== 'optional') return undefined
  return `give its path, or write --${last[0]}=${program} if it is the value of --${last[0]}`
}

const isExecutableFile = (path: string): boolean =>
  attempt(() => {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  }) ?? false

const noProgramFor = (flag: string): HvError =>
  badArgument(`no program for ${flag}`, `give PROGRAM, or leave ${flag} out`)
