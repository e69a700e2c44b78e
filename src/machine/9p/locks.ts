// Tlock, Tgetlock: the record locks of a machine on a share's files, and what the host's processes see of them. Linux's client turns
// flock(2)'s locks into locks of the whole file.

import {EINVAL, Errno} from '../../abi/errno.ts'
import {F_RDLCK, F_UNLCK} from '../../abi/fcntl.ts'
import {S_IFREG} from '../../abi/file-mode.ts'
import {EXACT_END} from '../../abi/word.ts'
import {Budget} from '../../vfs/budget.ts'
import type {FileDescription, Inode, LockedRange} from '../../vfs/file.ts'
import {FileLocks, isLockType, type RecordLock} from '../../vfs/file-locks.ts'
import type {Fid} from './fids.ts'
import {LOCK_BLOCKED, LOCK_SUCCESS} from './messages.ts'
import type {Request} from './request.ts'
import type {Call} from './session.ts'

/** For all locks of a share together. A machine's own kernel spends as much on them. */
const MAX_BYTES = 16 << 20
/** The length of a node's name, __NEW_UTS_LEN, with room to spare. */
const MAX_CLIENT_BYTES = 255

/**
 * With Linux's client, owners are processes: proc_id is a pid, client_id the machine's name. Two owners in one machine never conflict here:
 * the machine's kernel looks before it asks (v9fs_file_do_lock), and it knows better: a lock of an open file may be released by another
 * process than the one that took it.
 */
export class ShareLocks {
  readonly #budget: Budget
  /** Only files that have a lock. */
  readonly #ofFiles = new Map<Inode, FileLocks>()

  /** @param mostBytes what all locks together may cost, at COST.lock each */
  constructor(mostBytes = MAX_BYTES) {
    this.#budget = new Budget(mostBytes)
  }

  /** @returns false when a lock of the host conflicts @throws Errno ENOLCK */
  set(file: FileDescription, wanted: RecordLock): boolean {
    const locks = this.#of(file.inode)
    try {
      if (wanted.type !== F_UNLCK) locks.useHost(file)
      return locks.set(wanted)
    } finally {
      this.#forgetIdle(file.inode)
    }
  }

  /** The lock of a host process that conflicts with the wanted one. */
  conflict(file: FileDescription, wanted: RecordLock): LockedRange | undefined {
    const found = this.#of(file.inode).hostConflict(wanted, file)
    this.#forgetIdle(file.inode)
    return found
  }

  /** Called when a file is about to close. @param others the fids that remain */
  closed(file: FileDescription, others: Iterable<Fid>): void {
    const locks = this.#ofFiles.get(file.inode)
    if (locks === undefined) return
    for (const other of others) if (other.file?.inode === file.inode) return
    locks.releaseRecords()
    this.#forgetIdle(file.inode)
  }

  /** The machine starts anew. */
  clear(): void {
    for (const locks of this.#ofFiles.values()) locks.releaseRecords()
    this.#ofFiles.clear()
  }

  #of(inode: Inode): FileLocks {
    let locks = this.#ofFiles.get(inode)
    if (locks === undefined) {
      locks = new FileLocks(this.#budget)
      this.#ofFiles.set(inode, locks)
    }
    return locks
  }

  #forgetIdle(inode: Inode): void {
    if (this.#ofFiles.get(inode)?.isIdle) this.#ofFiles.delete(inode)
  }
}

/** Never waits: a client that is told that it is blocked asks again. */
export const lock: Call = ({fids, locks}, request, reply) => {
  const file = fids.file(request.uint32())
  const type = request.uint8()
  request.uint32()
  const wanted = readLock(request, type)
  if (file.inode.kind !== S_IFREG) throw new Errno(EINVAL)
  reply.uint8(locks.set(file, wanted) ? LOCK_SUCCESS : LOCK_BLOCKED)
}

/** Linux asks with F_UNLCK, whatever its process wanted to know: a lock that keeps it from reading conflicts in any case. */
export const getlock: Call = ({fids, locks}, request, reply) => {
  const file = fids.file(request.uint32())
  const wanted = readLock(request, request.uint8())
  if (file.inode.kind !== S_IFREG) throw new Errno(EINVAL)
  const asked = wanted.type === F_UNLCK ? {...wanted, type: F_RDLCK} : wanted
  const {type, start, end, pid} = locks.conflict(file, asked) ?? {...wanted, type: F_UNLCK}
  reply.uint8(type)
  reply.uint64(start)
  reply.uint64(end === Number.POSITIVE_INFINITY ? 0 : end - start)
  reply.uint32(pid)
  reply.text(wanted.client)
}

/** start[8] length[8] proc_id[4] client_id[s]; length 0: to the end. @throws Errno EINVAL */
function readLock(request: Request, type: number): RecordLock & {client: string} {
  const start = request.uint64()
  const length = request.uint64()
  const pid = request.uint32()
  const client = request.text()
  if (!isLockType(type) || start >= EXACT_END || client.length > MAX_CLIENT_BYTES) throw new Errno(EINVAL)
  const last = start + length
  const end = length === 0 || last >= EXACT_END ? Number.POSITIVE_INFINITY : last
  return {type, start, end, pid, client, owner: `${pid} ${client}`}
}
