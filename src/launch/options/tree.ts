// Options of a guest's tree: what the guest sees of the host, of an archive or of an image.

import {resolve} from 'node:path'
import {badArgument} from '../../errors.ts'
import type {Volume} from '../../sentry/outside/volume.ts'
import {existing, fromHere, parseVolume} from './parse-values.ts'
import {each, FOR_PROGRAMS, type Rows} from './row.ts'

/** A host directory or file that a guest sees. @see {@link SandboxOptions} */
export interface SandboxVolume {
  /** Host directory or file. */
  host: string
  /** Where the guest sees it: an absolute path. */
  guest: string
  /** Default: false; writes fail with EROFS. */
  writable?: boolean
}

export interface TreeOptions {
  /**
   * Host directory to show as the guest's `/`, or a tar archive of it, plain or gzipped. The guest's changes are kept in memory for the
   * sandbox's life; the host's files stay as they are. Absent: an empty tree, and programs are host paths.
   */
  root?: string
  /**
   * OCI image layout, or what `docker save` wrote, a folder or a tar archive, whose layers are the guest's `/` in place of `root`; `PATH:NAME` for one of several
   * images. Programs run as the image's user, in its environment and working directory, unless told otherwise.
   */
  image?: string
  /**
   * Shows a host program at its own path, with its interpreter and the libraries that it is linked with, and nothing else of the host. A
   * program that lies about what it needs sees shared libraries of its choice that this user may read, and no other file. Libraries are
   * looked up only in the host's library folders, those that ld.so(8) has built in or configured. What $ORIGIN or LD_LIBRARY_PATH name
   * outside them is found only with `isolation: 'thread'` or `jail: 'none'`. Not with `root` or `image`. A program does not find what it
   * loads with dlopen(3). Default: false, only the program, in /bin, which is enough for static ones.
   */
  withLibraries?: boolean
  /** Host directories and files, each at a guest path. Default: none. */
  volumes?: readonly SandboxVolume[]
}

/** With absolute host paths. */
export interface TreeSettings extends TreeOptions {
  volumes: readonly Volume[]
}

/** @internal */
export const treeRows: Rows<TreeOptions, TreeSettings> = {
  root: {
    flag: '--root DIR|TAR',
    summary:
      "directory or tar archive to show as the guest's /, never written to; PROGRAM is looked up in it",
    parse: (text) => existing(text, '--root', false),
    schema: ({path}) => path,
    settle: fromHere,
    unfit: {bare: true},
  },
  image: {
    flag: '--image DIR|TAR[:NAME]',
    summary:
      "OCI image layout, or what docker save wrote, to show as the guest's /; its entry point runs, or else PROGRAM, as the user and in the environment that the image names",
    parse: (text) => resolve(text),
    schema: ({path}) => path,
    settle: fromHere,
    unfit: {bare: true},
  },
  withLibraries: {
    flag: '--with-libs',
    summary: 'show PROGRAM at its own path, with its interpreter and the libraries that it is linked with',
    schema: ({truth}) => truth,
  },
  volumes: {
    flag: '-v, --volume HOST:GUEST[:ro|rw]',
    summary:
      'show a host file or directory to the guest; ro, the default (unlike docker), or rw; may be repeated',
    ...each((text) => {
      const volume = parseVolume(text)
      existing(volume.host, '--volume', false)
      return volume
    }),
    schema: ({list, options, path, guestPath, truth, optional}) =>
      list(
        options({host: path, guest: guestPath, writable: optional(truth)}),
        'an array of {host, guest, writable}',
      ),
    settle: (volumes) =>
      volumes.map(({host, guest, writable = false}) => ({host: fromHere(host), guest, writable})),
    unfit: FOR_PROGRAMS,
  },
}

/** @param nameOf how a message names an option. @throws HvError BAD_ARGUMENT: more than one says what a guest sees */
export function requireOneTree(options: TreeOptions, nameOf: (option: string) => string | undefined): void {
  const given = (['root', 'image', 'withLibraries'] as const).filter((name) => options[name])
  if (given.length <= 1) return
  throw badArgument(`${given.map(nameOf).join(' and ')}: each says what the guest sees`, 'give one of them')
}
