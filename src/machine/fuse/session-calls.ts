// INIT, DESTROY, FORGET, BATCH_FORGET, INTERRUPT, STATFS: requests about the session, not about one file.

import {EPROTO, Errno} from '../../abi/errno.ts'
import {MAJOR, MAX_DATA_BYTES, MINOR, MOST_ANSWER_BYTES} from './messages.ts'
import type {Call} from './session.ts'

/**
 * INIT's flags, as Linux names them. No write cache: writes reach the host at once. No locks: the machine's kernel keeps its own, for itself
 * alone. The machine's kernel applies the umask, because a flag is missing here (DONT_MASK).
 */
const FLAGS = Object.values({
  ...{ASYNC_READ: 1 << 0, ATOMIC_O_TRUNC: 1 << 3, BIG_WRITES: 1 << 5, AUTO_INVAL_DATA: 1 << 12},
  ...{DO_READDIRPLUS: 1 << 13, READDIRPLUS_AUTO: 1 << 14, ASYNC_DIO: 1 << 15, PARALLEL_DIROPS: 1 << 18},
  MAX_PAGES: 1 << 22,
}).reduce((all, flag) => all | flag)
const PAGE_BYTES = 4096
/** Background requests, such as read-ahead: the most at a time, and the number that counts as congested. */
const MAX_BACKGROUND = 64
const CONGESTED = 48

/** A kernel with a newer protocol asks again with this one; an older one is refused. */
export const init: Call = (session, request, reply) => {
  const major = request.uint32()
  const minor = request.uint32()
  session.reset()
  if (major < MAJOR || (major === MAJOR && minor < MINOR)) throw new Errno(EPROTO)
  session.isStarted = major === MAJOR
  reply.setLimit(MOST_ANSWER_BYTES)
  reply.uint32(MAJOR)
  reply.uint32(MINOR)
  const readAhead = major === MAJOR ? request.uint32() : 0
  const wanted = major === MAJOR ? request.uint32() : 0
  reply.uint32(Math.min(readAhead, MAX_DATA_BYTES))
  reply.uint32(wanted & FLAGS)
  reply.uint16(MAX_BACKGROUND)
  reply.uint16(CONGESTED)
  reply.uint32(MAX_DATA_BYTES)
  // Times are kept in nanoseconds.
  reply.uint32(1)
  reply.uint16(MAX_DATA_BYTES / PAGE_BYTES)
  reply.zeroes(2 + 8 * 4)
}

export const destroy: Call = (session) => session.reset()

export const forget: Call = ({nodes}, request) => nodes.forget(request.nodeId, request.uint64())

export const batchForget: Call = ({nodes}, request) => {
  const count = request.uint32()
  request.skip(4)
  for (let i = 0; i < count; i++) nodes.forget(request.uint64(), request.uint64())
}

/** Each request is answered soon: none is abandoned. */
export const interrupt: Call = () => {}

export const statfs: Call = (session, request, reply) => {
  const {mount} = session.nodeOf(request).location
  const {bsize, blocks, bfree, bavail, files, ffree, namelen} = mount.fs.statfs()
  for (const each of [blocks, bfree, bavail, files, ffree]) reply.uint64(each)
  for (const each of [bsize, namelen, bsize]) reply.uint32(each)
  reply.zeroes(7 * 4)
}
