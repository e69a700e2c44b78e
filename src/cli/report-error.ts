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
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  process.stderr.write(`hv: bug: please report this with the command that you ran\n${stack}\n`)
  return STATUS_OWN_ERROR
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ')
}
