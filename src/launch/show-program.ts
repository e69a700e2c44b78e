// showProgram: what a run shows of a host program: the file alone, or with its libraries.

import {dirname} from 'node:path'
import {arch} from '../arch/index.ts'
import type {HostProgram} from '../sentry/outside/host-program.ts'
import type {ShowProgram} from '../sentry/outside/shown-programs.ts'
import type {RunOptions} from './options.ts'

export interface ShownLibraries {
  /** For SentryOptions. */
  showProgram?: ShowProgram
  /** The host's folders of libraries, which the jail must leave open. */
  libraryFolders?: readonly string[]
}

/**
 * Call it before the jail closes. Most runs search for no libraries, and do not load the code for that.
 * @param others folders besides those that the host searches
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

/** Further places for a program's libraries: LD_LIBRARY_PATH's folders, and its own, for $ORIGIN. */
export function foldersOf(
  {env}: Pick<RunOptions, 'env'>,
  program: HostProgram | undefined,
): readonly string[] {
  const own = program === undefined ? [] : [dirname(program.path)]
  return [...(env.LD_LIBRARY_PATH ?? '').split(':'), ...own]
}
