// openTar: a tar archive of the host, compressed or not, as a file system.

import type {ArchiveFs} from '../vfs/fs/archive.ts'
import {ArchiveTree} from './archive-tree.ts'
import {about, type FileBytes, openFile} from './file-bytes.ts'
import {plainBytes} from './plain-bytes.ts'
import {Room} from './room.ts'
import {type OnUnpack, type ReadRoot, sinceNs, type UnpackOptions, type Unread} from './unread.ts'

/** @throws HvError NOT_FOUND, BAD_ARGUMENT, HOST_SYSCALL */
export async function openTar(
  path: string,
  {unpackBytes, onUnpack}: UnpackOptions = {},
): Promise<Unread<ReadRoot>> {
  const file = await about(path, async () => openFile(path))
  const room = new Room(unpackBytes)
  return {
    folders: [],
    read: () =>
      about(path, async () => {
        const began = process.hrtime.bigint()
        const fs = await readTar(file, room, onUnpack)
        room.settle()
        return {fs, unpacked: {layers: 1, keptLayers: 0, bytes: room.size, ns: sinceNs(began)}}
      }),
  }
}

/** Errors do not name the file. The file system owns both arguments from here on. */
export async function readTar(file: FileBytes, room: Room, onUnpack?: OnUnpack): Promise<ArchiveFs> {
  const tree = new ArchiveTree()
  tree.fs.own(file.source)
  tree.fs.own(room)
  let read = 0
  const onRead = (bytes: number): void => {
    read += bytes
    onUnpack?.({layer: 1, layers: 1, part: read / file.size})
  }
  try {
    tree.add(await plainBytes(file, room, {onRead}))
    return tree.fs
  } catch (error) {
    tree.fs.dispose()
    throw error
  }
}
