// The table of calls: which function answers which message. Linux: include/net/9p/9p.h.

import {getattr, setattr} from './attribute-calls.ts'
import {fsync, lcreate, lopen, read, readdir, statfs, write, xattrcreate, xattrwalk} from './file-calls.ts'
import {getlock, lock} from './locks.ts'
import {link, mkdir, mknod, readlink, remove, rename, renameat, symlink, unlinkat} from './name-calls.ts'
import type {Call} from './session.ts'
import {attach, auth, clunk, flush, version, walk} from './session-calls.ts'

/** By request number; the answer to each is the next number. Requests that are not here are answered with EOPNOTSUPP. */
export const CALLS: Readonly<Record<number, Call | undefined>> = {
  8: statfs,
  12: lopen,
  14: lcreate,
  16: symlink,
  18: mknod,
  20: rename,
  22: readlink,
  24: getattr,
  26: setattr,
  30: xattrwalk,
  32: xattrcreate,
  40: readdir,
  50: fsync,
  52: lock,
  54: getlock,
  70: link,
  72: mkdir,
  74: renameat,
  76: unlinkat,
  100: version,
  102: auth,
  104: attach,
  108: flush,
  110: walk,
  116: read,
  118: write,
  120: clunk,
  122: remove,
}
