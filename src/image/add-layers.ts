// addLayers: unpacks an image's layers, checks them, and puts them into a tree one over the other.

import {createHash} from 'node:crypto'
import {badArchive} from './archive-error.ts'
import type {ArchiveTree} from './archive-tree.ts'
import {hashOf, type Layout} from './blobs.ts'
import type {FileBytes} from './file-bytes.ts'
import type {FoundLayer} from './found-image.ts'
import {plainBytes} from './plain-bytes.ts'
import type {Room} from './room.ts'
import type {OnUnpack} from './unread.ts'

/** @throws HvError BAD_ARGUMENT, HOST_SYSCALL */
export async function addLayers(
  tree: ArchiveTree,
  layout: Layout,
  layers: readonly FoundLayer[],
  {room, onUnpack}: {room: Room; onUnpack: OnUnpack | undefined},
): Promise<void> {
  for (const [index, layer] of layers.entries()) {
    const packed = layer.open()
    let plain: FileBytes | undefined
    let read = 0
    const onRead = (bytes: number): void => {
      read += bytes
      onUnpack?.({layer: index + 1, layers: layers.length, part: read / packed.size})
    }
    try {
      plain = await unpack(packed, layer, room, onRead)
    } finally {
      if (plain !== packed) layout.close(packed)
    }
    tree.addLayer(plain)
  }
}

async function unpack(
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
