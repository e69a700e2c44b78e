// Everything of the command line but a plain `hv run`: oclif finds the command, prints help and completions.
// Never bundled: oclif is loaded only here.

import {fileURLToPath} from 'node:url'
import {run} from '@oclif/core/run'
import {settings} from '@oclif/core/settings'
import {HvError} from '../errors.ts'
import {reportError} from './report-error.ts'

/** What oclif's errors carry. */
interface OclifError extends Error {
  oclif: {exit?: number}
}

/** @returns the exit status */
export async function runOclif(argv: string[]): Promise<number> {
  // Otherwise oclif looks for TypeScript, and warns, where NODE_ENV is development or test.
  settings.enableAutoTranspile = false
  // Otherwise it asks for the user's, and fails where the user has no entry in /etc/passwd, as in many containers.
  process.env.SHELL ??= '/bin/sh'
  try {
    await run(helpFirst(argv), {
      root: fileURLToPath(import.meta.url),
      // Nobody can install plugins into hv, so nobody's home directory is read for them.
      userPlugins: false,
      devPlugins: false,
    })
    return Number(process.exitCode ?? 0)
  } catch (error) {
    if (!isOclifError(error)) return reportError(error)
    // Command.exit(status) throws too, and has nothing to say.
    if ('code' in error && error.code === 'EEXIT') return error.oclif.exit ?? 0
    return reportError(usageError(error, argv))
  }
}

function isOclifError(error: unknown): error is OclifError {
  return error instanceof Error && 'oclif' in error
}

/** `hv help run` is `hv run --help`. */
function helpFirst(argv: string[]): string[] {
  return argv[0] === 'help' ? [...argv.slice(1), '--help'] : argv
}

function usageError(error: OclifError, argv: string[]): HvError {
  const line = error.message.split('\n')[0]
  const unknownCommand = /^command (\S+) not found/.exec(line)
  if (unknownCommand) {
    // oclif joins the words of a command by colons.
    const words = unknownCommand[1].replaceAll(':', ' ')
    return new HvError('BAD_ARGUMENT', `unknown command ${words}`, 'see `hv --help`', {cause: error})
  }
  const message = line.replace(/^Nonexistent flags?: /, 'unknown flag ')
  return new HvError('BAD_ARGUMENT', message, `see \`hv ${argv[0]} --help\``, {cause: error})
}
