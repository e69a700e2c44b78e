// Tlock, Tgetlock: fcntl(2)'s record locks, and flock(2)'s, which Linux's client turns into locks of the whole file.

import {EINVAL, Errno} from '../../abi/errno.ts'
import {F_RDLCK, F_UNLCK} from '../../abi/fcntl.ts'
import {S_IFREG} from '../../abi/file-mode.ts'
import {readLock} from './locks.ts'
import {LOCK_BLOCKED, LOCK_SUCCESS} from './messages.ts'
import type {Call} from './session.ts'

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
