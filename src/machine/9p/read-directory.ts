// The data of Rreaddir: entries of a directory, from an offset on.

import type {FileDescription} from '../../vfs/file.ts'
import {listDirectory} from '../share/list-directory.ts'
import type {Qids} from './qids.ts'
import type {Reply} from './reply.ts'

/** qid[13] offset[8] type[1] name[s]. */
const ENTRY_BYTES = 24

/** @param most bytes. @throws Errno as listDirectory does */
export function writeEntries(
  file: FileDescription,
  offset: number,
  qids: Qids,
  reply: Reply,
  most: number,
): void {
  const {dev} = file.inode.attributes()
  const countAt = reply.startCount()
  listDirectory(file, offset, Math.min(most, reply.room), {
    leastBytes: ENTRY_BYTES,
    sizeOf: (nameLength) => ENTRY_BYTES + nameLength,
    put({name, ino, type}, next) {
      qids.writeEntry(reply, type, dev, ino)
      reply.uint64(next)
      reply.uint8(type)
      reply.text(name)
    },
  })
  reply.endCount(countAt)
}
