// Everything of the command line but a plain `hv run`: oclif finds the command, prints help and completions.
// Never bundled: oclif is loaded only here.

import {fileURLToPath} from 'node:url'
import {run} from '@oclif/core/run'
import {HvError} from '../errors.ts'
import {reportError} from './report-error.ts'

/** What oclif's errors carry. */
interface OclifError extends Error {
  oclif: {exit?: number}
}

/** @returns the exit status */
export async function runOclif(argv: string[]): Promise<number> {
  try {
    await run(argv, fileURLToPath(import.meta.url))
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

function usageError(error: OclifError, argv: string[]): HvError {
  const message = error.message.split('\n')[0]
  const command = argv[0] === undefined || message.startsWith('command ') ? '' : ` ${argv[0]}`
  return new HvError('BAD_ARGUMENT', message, `see \`hv${command} --help\``, {cause: error})
}
