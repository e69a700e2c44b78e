// How the command line reports an error: its text on standard error, and the exit status.

import {constants} from 'node:os'
import {HvError} from '../errors.ts'
import {flagNameOf} from '../launch/options/table.ts'

const STATUS_OWN_ERROR = 125
const REMEDIES: ReadonlyMap<number, string> = new Map([
  [constants.errno.EMFILE, 'raise `ulimit -n`'],
  [constants.errno.ENFILE, 'close files of other programs: the host has too many'],
  [constants.errno.EAGAIN, 'raise `ulimit -u`: the host starts no more threads'],
  [constants.errno.ENOMEM, 'free memory, or raise `ulimit -v`'],
])

/** @returns the exit status */
export function reportError(error: unknown): number {
  process.stderr.write(`hv: ${textOf(error)}\n`)
  return error instanceof HvError ? error.exitStatus : STATUS_OWN_ERROR
}

function textOf(error: unknown): string {
  if (error instanceof HvError) {
    const nextStep = error.nextStep === '' ? '' : `: ${error.nextStep}`
    return withFlags(oneLine(error.message) + nextStep)
  }
  if (isWriteError(error)) return `the output cannot be written (${error.code}): send it elsewhere`
  if (isFileError(error))
    return `${error.path} cannot be used (${error.code}): check it, and that this user may write it`
  const remedy = remedyOf(error)
  if (remedy !== undefined) return `${oneLine((error as Error).message)}: ${remedy}`
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return `bug: please report this with the command that you ran\n${stack}`
}

/** The library puts its options' names in backquotes. */
function withFlags(text: string): string {
  return text.replace(/`(\w+)`/g, (quoted, option) => flagNameOf(option) ?? quoted)
}

function isWriteError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && error.syscall === 'write'
}

/** Such as the error of oclif's cache in a read-only home directory. */
function isFileError(error: unknown): error is NodeJS.ErrnoException {
  const codes = ['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT']
  return (
    error instanceof Error && 'path' in error && codes.includes((error as NodeJS.ErrnoException).code ?? '')
  )
}

/** The remedy for what the host has too little of, wherever that was noticed. */
function remedyOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const {errno, syscall} = error as NodeJS.ErrnoException
  if (syscall === 'uv_cwd') return 'the working directory is gone: change to another'
  // Node's errnos are negative, the addon's are not.
  return REMEDIES.get(Math.abs(errno ?? 0))
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ')
}
