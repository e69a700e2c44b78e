// Flags of the *at calls, openat2's resolution, access modes, and the limits of reads and writes (linux/fcntl.h, openat2.h).

import {O_APPEND, O_ASYNC, O_DIRECT, O_NOATIME, O_NONBLOCK} from './open-flags.ts'

export const AT_FDCWD = -100
export const AT_SYMLINK_NOFOLLOW = 0x100
export const AT_EACCESS = 0x200
export const AT_REMOVEDIR = 0x200
export const AT_SYMLINK_FOLLOW = 0x400
export const AT_NO_AUTOMOUNT = 0x800
export const AT_EMPTY_PATH = 0x1000
export const AT_STATX_SYNC_TYPE = 0x6000

/** openat2(2), struct open_how.resolve. */
export const RESOLVE_NO_XDEV = 0x01
export const RESOLVE_NO_MAGICLINKS = 0x02
export const RESOLVE_NO_SYMLINKS = 0x04
export const RESOLVE_BENEATH = 0x08
export const RESOLVE_IN_ROOT = 0x10
export const RESOLVE_CACHED = 0x20

/** access(2). */
export const F_OK = 0
export const X_OK = 1
export const W_OK = 2
export const R_OK = 4

/** What fcntl(F_SETFL) may change. */
export const SETFL_FLAGS = O_APPEND | O_ASYNC | O_DIRECT | O_NOATIME | O_NONBLOCK

/** The most that one read or write moves: MAX_RW_COUNT, INT_MAX rounded down to a page. */
export const MAX_RW_COUNT = 0x7ffff000
