// openTar: a tar archive of the host, compressed or not, as a file system.

import type {ArchiveFs} from '../vfs/fs/archive.ts'
import {ArchiveTree} from './archive-tree.ts'
import type {FileBytes} from './file-bytes.ts'
import {about, openFile} from './open-file.ts'
import {plainBytes} from './plain-bytes.ts'
import {Room} from './room.ts'
import type {Unread} from './unread.ts'

/** @param most the most bytes of it unpacked, if it is compressed. @throws HvError NOT_FOUND, BAD_ARGUMENT, HOST_SYSCALL */
export async function openTar(path: string, most?: number): Promise<Unread<ArchiveFs>> {
  const file = await about(path, async () => openFile(path))
  const room = new Room(most)
  return {
    folders: [],
    read: () =>
      about(path, async () => {
        const fs = await readTar(file, room)
        room.settle()
        return fs
      }),
  }
}

/** Errors do not name the file. The file system owns both arguments from here on. */
export async function readTar(file: FileBytes, room: Room): Promise<ArchiveFs> {
  const tree = new ArchiveTree()
  tree.fs.own(file.source)
  tree.fs.own(room)
  try {
    tree.add(await plainBytes(file, room))
    return tree.fs
  } catch (error) {
    tree.fs.dispose()
    throw error
  }
}
