// The table of calls: which function answers which request. Linux: include/uapi/linux/fuse.h.

import {access, getattr, setattr} from './attribute-calls.ts'
import {readdir, readdirplus} from './directory-calls.ts'
import {create, fallocate, fsync, open, opendir, read, release, write} from './file-calls.ts'
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
  1: lookup,
  2: forget,
  3: getattr,
  4: setattr,
  5: readlink,
  6: symlink,
  8: mknod,
  9: mkdir,
  10: unlink,
  11: rmdir,
  12: rename,
  13: link,
  14: open,
  15: read,
  16: write,
  17: statfs,
  18: release,
  20: fsync,
  26: init,
  27: opendir,
  28: readdir,
  29: release,
  30: fsync,
  34: access,
  35: create,
  36: interrupt,
  38: destroy,
  42: batchForget,
  43: fallocate,
  44: readdirplus,
  45: rename2,
}

/** Requests that get no answer. */
export const UNANSWERED: ReadonlySet<Call | undefined> = new Set([forget, batchForget, interrupt])
