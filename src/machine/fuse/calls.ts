// The table of calls: which function answers which request.

import {access, getattr, setattr} from './attribute-calls.ts'
import {readdir, readdirplus} from './directory-calls.ts'
import {create, fallocate, fsync, open, opendir, read, release, write} from './file-calls.ts'
import * as messages from './messages.ts'
import {link, lookup, mkdir, mknod, readlink, rename, rename2, rmdir, symlink, unlink} from './name-calls.ts'
import type {Call} from './session.ts'
import {batchForget, destroy, forget, init, interrupt, statfs} from './session-calls.ts'

/**
 * By opcode. Requests that are not here are answered with ENOSYS, and Linux asks for them once:
 * - FLUSH: nothing is held back that a close would have to write;
 * - LSEEK: for SEEK_DATA and SEEK_HOLE, which Linux asks before it has written its mappings' pages: data would be taken for a hole;
 * - extended attributes, locks, ioctls.
 */
export const CALLS: Readonly<Record<number, Call | undefined>> = {
  [messages.LOOKUP]: lookup,
  [messages.FORGET]: forget,
  [messages.GETATTR]: getattr,
  [messages.SETATTR]: setattr,
  [messages.READLINK]: readlink,
  [messages.SYMLINK]: symlink,
  [messages.MKNOD]: mknod,
  [messages.MKDIR]: mkdir,
  [messages.UNLINK]: unlink,
  [messages.RMDIR]: rmdir,
  [messages.RENAME]: rename,
  [messages.LINK]: link,
  [messages.OPEN]: open,
  [messages.READ]: read,
  [messages.WRITE]: write,
  [messages.STATFS]: statfs,
  [messages.RELEASE]: release,
  [messages.FSYNC]: fsync,
  [messages.INIT]: init,
  [messages.OPENDIR]: opendir,
  [messages.READDIR]: readdir,
  [messages.RELEASEDIR]: release,
  [messages.FSYNCDIR]: fsync,
  [messages.ACCESS]: access,
  [messages.CREATE]: create,
  [messages.INTERRUPT]: interrupt,
  [messages.DESTROY]: destroy,
  [messages.BATCH_FORGET]: batchForget,
  [messages.FALLOCATE]: fallocate,
  [messages.READDIRPLUS]: readdirplus,
  [messages.RENAME2]: rename2,
}

/** Requests that get no answer. */
export const UNANSWERED: ReadonlySet<number> = new Set([
  messages.FORGET,
  messages.BATCH_FORGET,
  messages.INTERRUPT,
])
