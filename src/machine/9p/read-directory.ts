// The data of Rreaddir: entries from where a directory is read on, as many as there is room for.

import {EINVAL, Errno} from '../../abi/errno.ts'
import type {FileDescription} from '../../vfs/file.ts'
import type {Qids} from './qids.ts'
import type {Reply} from './reply.ts'

/** qid[13] offset[8] type[1] name[s]. */
const ENTRY_BYTES = 24
/** Entries that are looked at in one go. */
const BATCH = 512

/**
 * An entry's offset is where the next one is read from. The vfs counts entries in a snapshot that it takes at offset 0: what is made or
 * taken away meanwhile moves none.
 * @param most bytes
 * @throws Errno EINVAL when there is no room for one
 */
export function writeEntries(file: FileDescription, qids: Qids, reply: Reply, most: number): void {
  const {dev} = file.inode.attributes()
  const countAt = reply.startCount()
  const first = file.position
  let room = Math.min(most, reply.room)
  while (room > 0) {
    const start = file.position
    const entries = file.readDirectory(Math.min(BATCH, Math.ceil(room / ENTRY_BYTES)))
    let taken = 0
    for (const {name, ino, type} of entries) {
      const size = ENTRY_BYTES + name.length
      if (size > room) break
      taken++
      room -= size
      qids.writeEntry(reply, type, dev, ino)
      reply.uint64(start + taken)
      reply.uint8(type)
      reply.text(name)
    }
    if (taken === entries.length && taken > 0) continue
    if (taken < entries.length) file.unreadDirectory(taken)
    if (entries.length > 0 && start + taken === first) throw new Errno(EINVAL)
    break
  }
  reply.endCount(countAt)
}
