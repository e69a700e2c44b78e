// showProgram: what a run shows of a host program: the file alone, or with its libraries.

import {dirname} from 'node:path'
import {arch} from '../arch/index.ts'
import type {HostProgram} from '../sentry/host-program.ts'
import type {ShowProgram} from '../sentry/shown-programs.ts'
import type {RunOptions} from './options.ts'

export interface ShownLibraries {
  /** For SentryOptions. */
  showProgram?: ShowProgram
  /** Of the host's: where it finds libraries, for the jail to leave open. */
  libraryFolders?: readonly string[]
}

/**
 * Before the jail closes. Most runs need no library found, and do not load what finds them.
 * @param others folders besides those that the host looks through
 */
export async function showProgram(
  {withLibraries}: Pick<RunOptions, 'withLibraries'>,
  others: readonly string[] = [],
): Promise<ShownLibraries> {
  if (!withLibraries) return {}
  const {hostLibraries} = await import('../inspect/host-libraries.ts')
  const {libraryFinder} = await import('../inspect/host-program.ts')
  const libraries = hostLibraries(arch.name, others)
  return {showProgram: libraryFinder(libraries), libraryFolders: libraries.existing}
}

/** Where a program's libraries may be besides: LD_LIBRARY_PATH's folders, and its own, for $ORIGIN. */
export function foldersOf(
  {env}: Pick<RunOptions, 'env'>,
  program: HostProgram | undefined,
): readonly string[] {
  const own = program === undefined ? [] : [dirname(program.path)]
  return [...(env.LD_LIBRARY_PATH ?? '').split(':'), ...own]
}
