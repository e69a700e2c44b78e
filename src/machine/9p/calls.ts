// The table of calls: which function answers which message.

import {getattr, setattr} from './attribute-calls.ts'
import {fsync, lcreate, lopen, read, readdir, statfs, write, xattrcreate, xattrwalk} from './file-calls.ts'
import {getlock, lock} from './lock-calls.ts'
import * as messages from './messages.ts'
import {link, mkdir, mknod, readlink, remove, rename, renameat, symlink, unlinkat} from './name-calls.ts'
import type {Call} from './session.ts'
import {attach, auth, clunk, flush, version, walk} from './session-calls.ts'

/** By request number. Requests that are not here are answered with EOPNOTSUPP. */
export const CALLS: Readonly<Record<number, Call | undefined>> = {
  [messages.TSTATFS]: statfs,
  [messages.TLOPEN]: lopen,
  [messages.TLCREATE]: lcreate,
  [messages.TSYMLINK]: symlink,
  [messages.TMKNOD]: mknod,
  [messages.TRENAME]: rename,
  [messages.TREADLINK]: readlink,
  [messages.TGETATTR]: getattr,
  [messages.TSETATTR]: setattr,
  [messages.TXATTRWALK]: xattrwalk,
  [messages.TXATTRCREATE]: xattrcreate,
  [messages.TREADDIR]: readdir,
  [messages.TFSYNC]: fsync,
  [messages.TLOCK]: lock,
  [messages.TGETLOCK]: getlock,
  [messages.TLINK]: link,
  [messages.TMKDIR]: mkdir,
  [messages.TRENAMEAT]: renameat,
  [messages.TUNLINKAT]: unlinkat,
  [messages.TVERSION]: version,
  [messages.TAUTH]: auth,
  [messages.TATTACH]: attach,
  [messages.TFLUSH]: flush,
  [messages.TWALK]: walk,
  [messages.TREAD]: read,
  [messages.TWRITE]: write,
  [messages.TCLUNK]: clunk,
  [messages.TREMOVE]: remove,
}
