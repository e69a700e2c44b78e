// The whole command line except a plain `hv run`: oclif finds the command, prints help and completions.
// Never bundled: oclif is loaded only here.

import {fileURLToPath} from 'node:url'
import {Config} from '@oclif/core/config'
import {run} from '@oclif/core/run'
import {settings} from '@oclif/core/settings'
import {badArgument, type HvError} from '../errors.ts'
import {didYouMean} from '../similar.ts'
import {reportError} from './report-error.ts'

/** Not its help, nor `hv autocomplete script`. */
const BUILDS_COMPLETION = /^autocomplete( (bash|zsh|powershell|-r|--refresh-cache))*$/

/** The fields of oclif's errors. */
interface OclifError extends Error {
  oclif: {exit?: number}
}

/** @returns the exit status */
export async function runOclif(argv: string[]): Promise<number> {
  // Otherwise oclif looks for TypeScript, and warns, if NODE_ENV is development or test.
  settings.enableAutoTranspile = false
  // Otherwise it looks up the user's shell, and fails if the user has no entry in /etc/passwd, as in many containers.
  process.env.SHELL ??= '/bin/sh'
  let config: Config | undefined
  try {
    config = await Config.load({
      root: fileURLToPath(import.meta.url),
      // Users cannot install plugins into hv, so no home directory is searched for them.
      userPlugins: false,
      devPlugins: false,
    })
    await run(helpFirst(argv), config)
    if (BUILDS_COMPLETION.test(argv.join(' ')))
      (await import('./bash-completion.ts')).writeBashCompletion(config)
    return Number(process.exitCode ?? 0)
  } catch (error) {
    if (!isOclifError(error)) return reportError(error)
    // Command.exit(status) throws, too, and needs no message.
    if ('code' in error && error.code === 'EEXIT') return error.oclif.exit ?? 0
    const shown = config?.commands.filter(({hidden}) => !hidden).map(({id}) => id)
    return reportError(usageError(error, argv, shown ?? []))
  }
}

function isOclifError(error: unknown): error is OclifError {
  return error instanceof Error && 'oclif' in error
}

/** `hv help run` becomes `hv run --help`, -h becomes --help if it is no flag with a value, and -v and version become --version. */
function helpFirst(argv: string[]): string[] {
  if (argv[0] === 'help') return [...argv.slice(1), '--help']
  if (argv.length === 1 && ['-v', '-V', 'version'].includes(argv[0])) return ['--version']
  const end = argv.indexOf('--')
  const at = argv.indexOf('-h')
  const isHostname = argv[0] === 'pledge' && at < argv.length - 1
  return at < 0 || isHostname || (end >= 0 && end < at)
    ? argv
    : [...argv.slice(0, at), '--help', ...argv.slice(at + 1)]
}

/** @param ids oclif joins a command's words with colons */
function usageError(error: OclifError, argv: string[], ids: readonly string[]): HvError {
  const commands = [...ids.map((id) => id.replaceAll(':', ' ')), 'help', 'version']
  const line = error.message.split('\n')[0]
  const unknownCommand = /^command (.+) not found/i.exec(line)
  if (unknownCommand) {
    const words = unknownCommand[1].replaceAll(':', ' ')
    const meant = didYouMean(words, commands) || didYouMean(words.split(' ')[0], commands)
    return badArgument(`unknown command ${words}${meant}`, 'see `hv --help`', {cause: error})
  }
  const choice = /^Expected (?:(--\S+?)=)?(.+) to be one of: (.*)$/.exec(line)
  if (choice) {
    const [, flag, value, options] = choice
    const message = `${flag === undefined ? 'the argument' : `flag ${flag}`} cannot be ${value}`
    return badArgument(message, `choose one of ${options}`, {cause: error})
  }
  const message =
    missingArguments(error) ??
    line
      .replace(/^Nonexistent flags?: /, 'unknown flag ')
      .replace(/^Unexpected arguments?: /, 'unexpected argument ')
      .replace(/^Flag (\S+) expects a value$/, 'flag $1 needs a value')
  const command = commands.includes(`${argv[0]} ${argv[1]}`) ? `${argv[0]} ${argv[1]}` : argv[0]
  return badArgument(message, `see \`hv ${command} --help\``, {cause: error})
}

/** The list of oclif's RequiredArgsError: the arguments, each with its description, below the first line. */
function missingArguments(error: OclifError): string | undefined {
  const [first, ...rest] = error.message.split('\n')
  if (!/^Missing \d+ required args?:/.test(first)) return undefined
  const names = rest.map((line) => line.split(/\s/)[0]).filter((name) => /^[A-Z]+$/.test(name))
  return `${names.join(', ')} is missing`
}
