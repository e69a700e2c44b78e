// guestFiles: what a guest sees of the host's files, as far as it takes more than a path: opened and read in the sentry's process.

import {statSync} from 'node:fs'
import type {SentryOptions} from '../sentry/sentry.ts'
import type {RunOptions} from './options.ts'
import {type ShownLibraries, showProgram} from './show-program.ts'

export type GuestFiles = Pick<SentryOptions, 'lower'> & ShownLibraries

/**
 * Before the jail closes. Most runs need none of it, and do not load what does it.
 * @param others folders of libraries besides those that the host looks through
 * @throws HvError NOT_FOUND, BAD_ARGUMENT, HOST_SYSCALL
 */
export async function guestFiles(
  {root, withLibraries}: Pick<RunOptions, 'root' | 'withLibraries'>,
  others: readonly string[] = [],
): Promise<GuestFiles> {
  if (withLibraries) return showProgram({withLibraries}, others)
  if (root === undefined || !isFile(root)) return {}
  return {lower: await (await import('../image/open-tar.ts')).openTar(root)}
}

function isFile(path: string): boolean {
  return statSync(path, {throwIfNoEntry: false})?.isFile() ?? false
}
