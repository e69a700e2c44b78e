// The errors for an archive or an image that hv does not accept.

import {badArgument, type HvError, printable} from '../errors.ts'

const MAX_SHOWN = 200

export function badArchive(what: string, nextStep = 'make it anew, with tar or umoci'): HvError {
  return badArgument(what, nextStep)
}

/** The archive's maker chooses its names. */
export function shown(name: string): string {
  const text = printable(name)
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text
}
