// openGuestFiles: the host files that a guest sees: opened before the jail closes, and read after it.

import {statSync} from 'node:fs'
import type {ImageConfig} from '../image/open-image.ts'
import type {Unread} from '../image/unread.ts'
import {openHostFiles} from '../sentry/host-files.ts'
import type {SentryOptions} from '../sentry/sentry.ts'
import type {Volume} from '../sentry/volume.ts'
import type {RunOptions} from './options.ts'
import {type ShownLibraries, showProgram} from './show-program.ts'

type Shown = Pick<SentryOptions, 'root' | 'lower' | 'user' | 'volumes' | 'showProgram'>

export interface GuestFiles extends Shown {
  /** Present with `image`. */
  config?: ImageConfig
}

/** What a jail has to let through for the guest's files. */
export interface OpenedFiles extends Pick<ShownLibraries, 'libraryFolders'> {
  /** Descriptors of the directories and files under which it opens others. */
  roots: {fd: number; isWritable: boolean}[]
  /** Call it once: nothing that the guest's maker may have made is read before it. @throws HvError BAD_ARGUMENT, HOST_SYSCALL */
  read(): Promise<GuestFiles>
}

type FileOptions = Pick<RunOptions, 'root' | 'image' | 'unpackBytes' | 'withLibraries' | 'dropTo'> & {
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
  const unread = await openArchive(options)
  const root = unread === undefined ? options.root : undefined
  const {roots, ...files} = openHostFiles(root, options.volumes, options.dropTo)
  const {libraryFolders, showProgram: show} = await showProgram(options, others)
  for (const fd of unread?.folders ?? []) roots.push({fd, isWritable: false})
  return {
    ...{roots, libraryFolders},
    read: async () => ({...files, showProgram: show, ...(await unread?.read())}),
  }
}

/** undefined when the root is a directory, or an empty tree. */
async function openArchive({
  root,
  image,
  unpackBytes,
}: FileOptions): Promise<Unread<Partial<GuestFiles>> | undefined> {
  if (image !== undefined) {
    const {folders, read} = await (await import('../image/open-image.ts')).openImage(image, unpackBytes)
    return {folders, read: () => read().then(({fs, config}) => ({lower: fs, user: config.user, config}))}
  }
  if (root === undefined || !isFile(root)) return undefined
  const {folders, read} = await (await import('../image/open-tar.ts')).openTar(root, unpackBytes)
  return {folders, read: () => read().then((lower) => ({lower}))}
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile()
  } catch {
    // Opening it as a directory will report what is wrong with it.
    return false
  }
}
