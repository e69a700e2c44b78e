// openImage: an OCI image layout as a file system, and its configuration of the program to run.

import {existsSync} from 'node:fs'
import type {ArchiveFs} from '../vfs/fs/archive.ts'
import {toByteString} from '../vfs/host-calls.ts'
import {badArchive, shown} from './archive-error.ts'
import {ArchiveTree} from './archive-tree.ts'
import {type Layout, openBlob, openLayout, readJson, type UnreadLayout} from './blobs.ts'
import {chooseManifest, isForUs} from './choose-manifest.ts'
import {findUser, type ImageUser} from './image-user.ts'
import {
  type ConfigFile,
  configSchema,
  type Descriptor,
  type Manifest,
  manifestSchema,
  parseJson,
} from './oci-schema.ts'
import {about} from './open-file.ts'
import {plainBytes} from './plain-bytes.ts'
import {Room} from './room.ts'
import type {Unread} from './unread.ts'

export interface Image {
  fs: ArchiveFs
  config: ImageConfig
}

export interface ImageOptions {
  /** The most bytes of all that is compressed, unpacked. */
  unpackBytes?: number | undefined
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
export async function openImage(
  reference: string,
  {unpackBytes, findUser: named}: ImageOptions = {},
): Promise<Unread<Image>> {
  const {path, tag} = parse(reference)
  const unread = await about(path, async () => openLayout(path))
  const room = new Room(unpackBytes)
  return {
    folders: unread.folder === undefined ? [] : [unread.folder],
    read: () => about(path, () => readImage(unread, tag, {room, named})),
  }
}

async function readImage(
  unread: UnreadLayout,
  tag: string | undefined,
  {room, named}: {room: Room; named: FindUser | undefined},
): Promise<Image> {
  const tree = new ArchiveTree()
  tree.fs.own(room)
  try {
    using layout = await unread.read(tree.fs, room)
    const {config, layers} = readManifest(layout, chooseManifest(layout, tag))
    const file = parseJson(
      configSchema,
      readJson(layout, openBlob(layout, config), 'its config'),
      'its config',
    )
    if (!isForUs(file))
      throw badArchive(
        `it is for ${shown(`${file.os}/${file.architecture}`)}`,
        'copy the image for this host',
      )
    await addLayers(tree, layout, layers, room)
    room.settle()
    return {fs: tree.fs, config: configOf(tree, file, named)}
  } catch (error) {
    tree.fs.dispose()
    throw error
  }
}

/** The path may contain a colon. */
function parse(reference: string): {path: string; tag?: string} {
  const colon = reference.lastIndexOf(':')
  if (existsSync(reference)) return {path: reference}
  const path = reference.slice(0, colon)
  if (colon > reference.lastIndexOf('/') && existsSync(path)) return {path, tag: reference.slice(colon + 1)}
  throw badArchive(
    `${shown(reference)}: no such image`,
    'name an OCI image layout: a folder or a tar archive, and `:NAME`',
  )
}

function readManifest(layout: Layout, chosen: Descriptor): Manifest {
  const manifest = parseJson(
    manifestSchema,
    readJson(layout, openBlob(layout, chosen), 'its manifest'),
    'its manifest',
  )
  if (!/\b(oci\.image\.config|docker\.container\.image)\b/.test(manifest.config.mediaType ?? ''))
    throw badArchive(
      `it is no image of files: ${shown(manifest.config.mediaType ?? 'of no type')}`,
      'name an image',
    )
  return manifest
}

async function addLayers(
  tree: ArchiveTree,
  layout: Layout,
  layers: readonly Descriptor[],
  room: Room,
): Promise<void> {
  for (const layer of layers) {
    const type = layer.mediaType ?? ''
    if (!/\btar\b/.test(type) || type.includes('encrypted'))
      throw badArchive(
        `a layer is ${shown(type === '' ? 'of no type' : type)}, which hv does not read`,
        'make it a tar archive',
      )
    const packed = openBlob(layout, layer)
    const plain = await plainBytes(packed, room).catch((error: unknown) => {
      layout.close(packed)
      throw error
    })
    if (plain !== packed) layout.close(packed)
    tree.addLayer(plain)
  }
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
