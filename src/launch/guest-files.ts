// openGuestFiles: the host files that a guest sees: opened before the jail closes, and read after it.

import {statSync} from 'node:fs'
import {dirname} from 'node:path'
import {arch} from '../arch/index.ts'
import {attempt} from '../errors.ts'
import type {ImageUser} from '../image/image-user.ts'
import type {ImageConfig} from '../image/open-image.ts'
import type {UnpackCost, Unread} from '../image/unread.ts'
import {openHostFiles} from '../sentry/outside/host-files.ts'
import type {HostProgram} from '../sentry/outside/host-program.ts'
import type {RunStats} from '../sentry/outside/program-result.ts'
import type {SentryOptions} from '../sentry/outside/sentry.ts'
import type {Volume} from '../sentry/outside/volume.ts'
import type {FindUser} from './guest-user.ts'
import type {RunOptions} from './options.ts'

type SentryFiles = Pick<SentryOptions, 'root' | 'lower' | 'volumes' | 'showProgram'> &
  Required<Pick<SentryOptions, 'user'>>

export interface GuestFiles extends SentryFiles {
  /** Present with `image` or `user`. */
  config?: ImageConfig
  /** Present with an archive or `image`. */
  unpacked?: UnpackCost
}

/** What a jail has to let through for the guest's files. */
export interface OpenedFiles {
  /** Descriptors of the directories and files under which it opens others. */
  roots: {fd: number; isWritable: boolean}[]
  /** The host's folders of libraries. */
  libraryFolders?: readonly string[]
  /** Call it once: nothing that the guest's maker may have made is read before it. @throws HvError BAD_ARGUMENT, HOST_SYSCALL */
  read(): Promise<GuestFiles>
}

export type FileOptions = Pick<
  RunOptions,
  'root' | 'image' | 'unpackBytes' | 'onUnpack' | 'onRead' | 'withLibraries' | 'dropTo' | 'user'
> & {
  volumes: readonly Volume[]
}

/**
 * Call it before the jail closes. Most runs need no archive, and do not load its reader.
 * @param others folders of libraries besides those that the host searches
 * @throws HvError NOT_FOUND, BAD_ARGUMENT, HOST_SYSCALL
 */
export async function openGuestFiles(
  options: FileOptions,
  others: readonly string[] = [],
): Promise<OpenedFiles> {
  const find = options.user === undefined ? undefined : (await import('./guest-user.ts')).finder(options.user)
  const unread = await openArchive(options, find)
  const root = unread === undefined ? options.root : undefined
  const {roots, ...files} = openHostFiles(root, options.volumes, options.dropTo)
  const {libraryFolders, showProgram: show} = await showProgram(options, others)
  for (const fd of unread?.folders ?? []) roots.push({fd, isWritable: false})
  return {
    ...{roots, libraryFolders},
    read: async () => {
      const archive = await unread?.read()
      const config = archive?.config ?? (find && configOf(find(archive?.lower ?? files.root)))
      // The user that hv becomes takes the place of the one that an image names.
      const user = find === undefined && options.dropTo !== undefined ? undefined : config?.user
      return {...files, showProgram: show, ...archive, ...(config && {config}), ...(user && {user})}
    },
  }
}

/** undefined when the root is a directory, or an empty tree. */
async function openArchive(
  {root, image, unpackBytes, onUnpack}: FileOptions,
  findUser: FindUser | undefined,
): Promise<Unread<Pick<GuestFiles, 'lower' | 'config' | 'unpacked'>> | undefined> {
  if (image !== undefined) {
    const {openImage} = await import('../image/open-image.ts')
    const {folders, read} = await openImage(image, {unpackBytes, onUnpack, findUser})
    return {folders, read: () => read().then(({fs, ...image}) => ({lower: fs, ...image}))}
  }
  if (root === undefined || !isFile(root)) return undefined
  const {folders, read} = await (await import('../image/open-tar.ts')).openTar(root, {unpackBytes, onUnpack})
  return {folders, read: () => read().then(({fs, unpacked}) => ({lower: fs, unpacked}))}
}

/** Named as the sentry's counters and times are. */
export function unpackStats(unpacked: UnpackCost | undefined): RunStats {
  if (unpacked === undefined) return {}
  const {layers, keptLayers, bytes, ns} = unpacked
  return {layers, keptLayers, unpackedBytes: bytes, unpackNs: ns}
}

/** Of a tree that is no image. */
function configOf(user: ImageUser): ImageConfig {
  return {user, env: {HOME: user.home}, cwd: '/', entrypoint: [], command: []}
}

/** Opening it as a directory reports what is wrong with it. */
const isFile = (path: string): boolean => attempt(() => statSync(path).isFile()) ?? false

/** Most runs search for no libraries, and do not load the code for that. @param others folders besides those that the host searches */
async function showProgram(
  {withLibraries}: FileOptions,
  others: readonly string[],
): Promise<Pick<SentryOptions, 'showProgram'> & Pick<OpenedFiles, 'libraryFolders'>> {
  if (!withLibraries) return {}
  const {hostLibraries} = await import('../inspect/library-path.ts')
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

/** The directories and files of the host that a guest may change. */
export function writablePaths({
  volumes,
  shares = [],
}: Pick<RunOptions, 'shares'> & {volumes: readonly Pick<Volume, 'host' | 'writable'>[]}): string[] {
  const ofVolumes = volumes.map(({host: path, writable}) => ({path, writable}))
  return [...ofVolumes, ...shares].flatMap(({path, writable}) => (writable ? [path] : []))
}
