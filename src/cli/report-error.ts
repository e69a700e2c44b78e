// What the command line says about an error, on standard error, and the exit status that goes with it.

import {HvError} from '../errors.ts'

const STATUS_OWN_ERROR = 125

/** @returns the exit status */
export function reportError(error: unknown): number {
  if (error instanceof HvError) {
    const nextStep = error.nextStep === '' ? '' : `: ${error.nextStep}`
    process.stderr.write(`hv: ${oneLine(error.message)}${nextStep}\n`)
    return error.exitStatus
  }
  if (isWriteError(error)) {
    process.stderr.write(`hv: the output cannot be written (${error.code}): send it elsewhere\n`)
    return STATUS_OWN_ERROR
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  process.stderr.write(`hv: bug: please report this with the command that you ran\n${stack}\n`)
  return STATUS_OWN_ERROR
}

function isWriteError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && error.syscall === 'write'
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ')
}
