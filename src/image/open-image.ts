// openImage: an image as a file system, and its configuration of the program to run.

import {closeSync, existsSync} from 'node:fs'
import {Errno} from '../abi/errno.ts'
import {attempt} from '../errors.ts'
import type {ArchiveFs} from '../vfs/fs/archive.ts'
import {toByteString} from '../vfs/host-calls.ts'
import {type AddedLayer, addLayers, extentOf, isKeepable, keptLayer} from './add-layers.ts'
import {badArchive, shown} from './archive-error.ts'
import {ArchiveTree} from './archive-tree.ts'
import {type Layout, openLayout, type UnreadLayout} from './blobs.ts'
import {isForUs} from './choose-manifest.ts'
import {about} from './file-bytes.ts'
import {findUser, type ImageUser} from './image-user.ts'
import type {IndexedLayer} from './index-row.ts'
import {type KeptLayers, keptLayers} from './kept-layers.ts'
import {readDockerArchive, readOciLayout} from './oci-layout.ts'
import type {ConfigFile, FoundImage, FoundLayer} from './oci-schema.ts'
import {readIndex} from './read-index.ts'
import {Room} from './room.ts'
import {type ReadRoot, sinceNs, type UnpackOptions, type Unread} from './unread.ts'
import {writeIndex} from './write-index.ts'

export interface Image extends ReadRoot {
  config: ImageConfig
}

export interface ImageOptions extends UnpackOptions {
  /** Finds the user in place of the image's own. */
  findUser?: FindUser | undefined
}

type FindUser = (fs: ArchiveFs) => ImageUser

/** What an image says about how to run it. */
export interface ImageConfig {
  user: ImageUser
  env: Record<string, string>
  /** In the image; absolute. */
  cwd: string
  entrypoint: readonly string[]
  /** Arguments of the entry point, or the program to run without one. */
  command: readonly string[]
}

/**
 * @param reference the path of a folder or a tar archive, and `:NAME` of one of its images
 * @throws HvError BAD_ARGUMENT, HOST_SYSCALL
 */
export async function openImage(reference: string, options: ImageOptions = {}): Promise<Unread<Image>> {
  const {path, tag} = parse(reference)
  const unread = await about(path, async () => openLayout(path))
  const {file, ...kept} = keptLayers(path, tag, reference)
  const room = new Room(options.unpackBytes, file)
  return {
    folders: unread.folder === undefined ? [] : [unread.folder],
    read: () => about(path, () => readImage(unread, tag, {...options, room, kept})),
  }
}

async function readImage(
  unread: UnreadLayout,
  tag: string | undefined,
  {room, findUser: named, kept, onUnpack}: ImageOptions & {room: Room; kept: Omit<KeptLayers, 'file'>},
): Promise<Image> {
  const began = process.hrtime.bigint()
  const tree = new ArchiveTree()
  tree.fs.own(room)
  for (const {source} of kept.layers.values()) tree.fs.own(source)
  if (kept.index !== undefined) tree.fs.own(kept.index.source)
  try {
    using layout = await unread.read(tree.fs, room)
    const {config, layers} = findImage(layout, tag)
    if (!isForUs(config))
      throw badArchive(
        `it is for ${shown(`${config.os}/${config.architecture}`)}`,
        'copy the image for this host',
      )
    const indexed = readIndexed(tree.fs, layers, kept)
    const added = indexed ?? (await addLayers(tree, layout, layers, {room, kept: kept.layers, onUnpack}))
    const keepable = added.filter(isKeepable)
    room.seal(keepable.map(extentOf))
    room.settle()
    const image = configOf(tree, config, named)
    if (kept.newIndex !== undefined && keepable.length === added.length)
      tryToIndex(kept.newIndex, tree.fs, keepable)
    const keptLayers = added.filter(({isKept}) => isKept).length
    const unpacked = {layers: layers.length, keptLayers, bytes: room.size, ns: sinceNs(began)}
    return {fs: tree.fs, config: image, unpacked}
  } catch (error) {
    tree.fs.dispose()
    if (kept.index === undefined || !(error instanceof Errno)) throw error
    throw badArchive('the index of it in the cache is damaged', 'remove it by `hv image prune`')
  } finally {
    // Before the guest, who has no part in it.
    if (kept.newIndex !== undefined) closeSync(kept.newIndex)
  }
}

/** Without reading a layer: all are kept, and there is an index of them. */
function readIndexed(
  fs: ArchiveFs,
  layers: readonly FoundLayer[],
  {layers: kept, index}: Omit<KeptLayers, 'file'>,
): AddedLayer[] | undefined {
  const added = layers.map((layer) => keptLayer(layer, kept)).filter((layer) => layer !== undefined)
  if (index === undefined || added.length < layers.length) return undefined
  return readIndex(index, fs, added) ? added : undefined
}

/** Without one the next start reads all headers. If the disk is full, it has no end, and nobody uses it. */
function tryToIndex(fd: number, fs: ArchiveFs, layers: readonly IndexedLayer[]): void {
  attempt(() => writeIndex(fd, fs, layers))
}

function findImage(layout: Layout, tag: string | undefined): FoundImage {
  const found = readOciLayout(layout, tag) ?? readDockerArchive(layout, tag)
  if (found !== undefined) return found
  throw badArchive(
    'it has neither the index.json of an OCI image layout nor the manifest.json of `docker save`',
    'make one, e.g. by `docker save -o FILE NAME` or `skopeo copy docker://NAME oci:FOLDER`',
  )
}

/** Path and name may contain colons. */
function parse(reference: string): {path: string; tag?: string} {
  if (existsSync(reference)) return {path: reference}
  for (let colon = reference.indexOf(':'); colon > 0; colon = reference.indexOf(':', colon + 1)) {
    const path = reference.slice(0, colon)
    if (existsSync(path)) return {path, tag: reference.slice(colon + 1)}
  }
  throw badArchive(
    `${shown(reference)}: no such image`,
    'name an OCI image layout, or what `docker save` wrote: a folder or a tar archive, and `:NAME`',
  )
}

function configOf(tree: ArchiveTree, {config}: ConfigFile, named: FindUser | undefined): ImageConfig {
  const {User, Env, WorkingDir, Entrypoint, Cmd} = config ?? {}
  const cwd = WorkingDir?.startsWith('/') ? WorkingDir : `/${WorkingDir ?? ''}`
  tree.makeDirectory(toByteString(cwd))
  const texts = [cwd, ...(Env ?? []), ...(Entrypoint ?? []), ...(Cmd ?? [])]
  if (texts.some((each) => each.includes('\0'))) throw badArchive('its config has texts with NUL characters')
  const user = named?.(tree.fs) ?? findUser(tree.fs, User ?? '')
  const variables = (Env ?? []).map((each) => /^([^=]+)=(.*)$/s.exec(each)).filter((match) => match !== null)
  const env = {HOME: user.home, ...Object.fromEntries(variables.map(([, name, value]) => [name, value]))}
  return {user, env, cwd, entrypoint: Entrypoint ?? [], command: Cmd ?? []}
}
