// addLayers: puts an image's layers into a tree, one over the other: those that are kept, and the rest unpacked and checked.

import {createHash} from 'node:crypto'
import {badArchive} from './archive-error.ts'
import type {ArchiveTree} from './archive-tree.ts'
import {hashOf, type Layout} from './blobs.ts'
import {FileBytes} from './file-bytes.ts'
import type {IndexedLayer} from './index-row.ts'
import type {FoundLayer} from './oci-schema.ts'
import {piecesOf, plainBytes} from './plain-bytes.ts'
import {Room} from './room.ts'
import type {Extent} from './unpacked-file.ts'
import type {OnUnpack} from './unread.ts'

/** A layer of the tree. */
export interface AddedLayer {
  /** Of what is in it: sha256, in hexadecimal digits. */
  digest: string | undefined
  bytes: FileBytes
  isKept: boolean
}

interface Unpacking {
  room: Room
  /** Layers that are kept, by their digests: sha256, in hexadecimal digits. */
  kept: ReadonlyMap<string, FileBytes>
  onUnpack: OnUnpack | undefined
}

/** @returns the layers, the lowest first. @throws HvError BAD_ARGUMENT, HOST_SYSCALL */
export async function addLayers(
  tree: ArchiveTree,
  layout: Layout,
  layers: readonly FoundLayer[],
  {room, kept, onUnpack}: Unpacking,
): Promise<AddedLayer[]> {
  const added: AddedLayer[] = []
  for (const [index, layer] of layers.entries()) {
    const onRead = (part: number): void => onUnpack?.({layer: index + 1, layers: layers.length, part})
    const next = keptLayer(layer, kept) ?? {
      ...{digest: hexOf(layer.diffId), isKept: false},
      bytes: await unpackLayer(layout, layer, room, onRead),
    }
    tree.addLayer(next.bytes)
    added.push(next)
  }
  return added
}

/** undefined: it is not kept. */
export function keptLayer(
  {diffId}: FoundLayer,
  kept: ReadonlyMap<string, FileBytes>,
): (AddedLayer & IndexedLayer) | undefined {
  const digest = hexOf(diffId)
  const bytes = digest === undefined ? undefined : kept.get(digest)
  return digest === undefined || bytes === undefined ? undefined : {digest, bytes, isKept: true}
}

/** Whether the next start may find it in the cache. */
export function isKeepable(layer: AddedLayer): layer is AddedLayer & IndexedLayer {
  return layer.digest !== undefined && (layer.isKept || layer.bytes.source instanceof Room)
}

export function extentOf({digest, bytes: {start, size}, isKept}: AddedLayer & IndexedLayer): Extent {
  return isKept ? {digest, size} : {digest, start, size}
}

/** Only of sha256. */
const hexOf = (diffId = ''): string | undefined => /^sha256:([0-9a-f]{64})$/.exec(diffId)?.[1]

/** @param onRead is told which part of it has been read */
async function unpackLayer(
  layout: Layout,
  layer: FoundLayer,
  room: Room,
  onRead: (part: number) => void,
): Promise<FileBytes> {
  const packed = layer.open()
  let plain: FileBytes | undefined
  let read = 0
  const count = (bytes: number): void => {
    read += bytes
    onRead(read / packed.size)
  }
  try {
    plain = await checked(packed, layer, room, count)
    // What is not compressed is copied, so that the next start need not hash it.
    if (plain === packed && room.isKept && layer.diffId !== undefined && room.has(packed.size))
      plain = copy(packed, room, count)
    return plain
  } finally {
    if (plain !== packed) layout.close(packed)
  }
}

function copy(packed: FileBytes, room: Room, onRead: (bytes: number) => void): FileBytes {
  const start = room.size
  for (const piece of piecesOf(packed, onRead)) room.add(piece)
  return new FileBytes(room, start, room.size - start)
}

async function checked(
  packed: FileBytes,
  {diffId, digest}: FoundLayer,
  room: Room,
  onRead: (bytes: number) => void,
): Promise<FileBytes> {
  if (diffId === undefined) return plainBytes(packed, room, {onRead})
  const [algorithm] = diffId.split(':')
  const hash = createHash(algorithm)
  const plain = await plainBytes(packed, room, {onRead, onPiece: (piece) => hash.update(piece)})
  if (plain === packed && digest === diffId) return plain
  const hex = plain === packed ? hashOf(packed, algorithm) : hash.digest('hex')
  if (diffId === `${algorithm}:${hex}`) return plain
  throw badArchive(`its layer ${diffId} is damaged: its content has another digest`, 'copy the image anew')
}
