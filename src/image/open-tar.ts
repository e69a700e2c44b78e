// openTar: a tar archive of the host's, compressed or not, as a file system.

import type {ArchiveFs} from '../vfs/fs/archive.ts'
import {ArchiveTree} from './archive-tree.ts'
import {about, openFile} from './open-file.ts'
import {plainBytes, Room} from './plain-bytes.ts'

/** @throws HvError NOT_FOUND, BAD_ARGUMENT, HOST_SYSCALL */
export function openTar(path: string): Promise<ArchiveFs> {
  return about(path, () => readTar(path))
}

/** The same, with errors that do not say of what. */
export async function readTar(path: string): Promise<ArchiveFs> {
  const file = openFile(path)
  const tree = new ArchiveTree()
  tree.fs.own(file.source)
  try {
    tree.add(await plainBytes(file, new Room()))
    return tree.fs
  } catch (error) {
    tree.fs.dispose()
    throw error
  }
}
