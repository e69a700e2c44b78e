// guestFiles: what a guest sees of the host's files, as far as it takes more than a path: opened and read in the sentry's process.

import {statSync} from 'node:fs'
import type {ImageConfig} from '../image/open-image.ts'
import type {SentryOptions} from '../sentry/sentry.ts'
import type {RunOptions} from './options.ts'
import {type ShownLibraries, showProgram} from './show-program.ts'

export interface GuestFiles extends Pick<SentryOptions, 'lower' | 'user'>, ShownLibraries {
  /** With `image`. */
  config?: ImageConfig
}

/**
 * Before the jail closes. Most runs need none of it, and do not load what does it.
 * @param others folders of libraries besides those that the host looks through
 * @throws HvError NOT_FOUND, BAD_ARGUMENT, HOST_SYSCALL
 */
export async function guestFiles(
  {root, image, withLibraries}: Pick<RunOptions, 'root' | 'image' | 'withLibraries'>,
  others: readonly string[] = [],
): Promise<GuestFiles> {
  if (withLibraries) return showProgram({withLibraries}, others)
  if (image !== undefined) {
    const {fs, config} = await (await import('../image/open-image.ts')).openImage(image)
    return {lower: fs, user: config.user, config}
  }
  if (root === undefined || !isFile(root)) return {}
  return {lower: await (await import('../image/open-tar.ts')).openTar(root)}
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile()
  } catch {
    // Who opens it as a directory says what is wrong with it.
    return false
  }
}
