// FUSE: the tables of its requests and bits. Linux: include/uapi/linux/fuse.h.

export const LOOKUP = 1
export const FORGET = 2
export const GETATTR = 3
export const SETATTR = 4
export const READLINK = 5
export const SYMLINK = 6
export const MKNOD = 8
export const MKDIR = 9
export const UNLINK = 10
export const RMDIR = 11
export const RENAME = 12
export const LINK = 13
export const OPEN = 14
export const READ = 15
export const WRITE = 16
export const STATFS = 17
export const RELEASE = 18
export const FSYNC = 20
export const INIT = 26
export const OPENDIR = 27
export const READDIR = 28
export const RELEASEDIR = 29
export const FSYNCDIR = 30
export const ACCESS = 34
export const CREATE = 35
export const INTERRUPT = 36
export const DESTROY = 38
export const BATCH_FORGET = 42
export const FALLOCATE = 43
export const READDIRPLUS = 44
export const RENAME2 = 45

export const MAJOR = 7
/** The oldest minor version that is spoken, and the newest: a machine's kernel uses the lesser of its own and this. */
export const MINOR = 31

/** struct fuse_in_header, struct fuse_out_header. */
export const IN_HEADER_BYTES = 40
export const OUT_HEADER_BYTES = 16
export const ROOT_ID = 1

/** INIT's flags. */
export const ASYNC_READ = 1 << 0
export const ATOMIC_O_TRUNC = 1 << 3
export const BIG_WRITES = 1 << 5
export const AUTO_INVAL_DATA = 1 << 12
export const DO_READDIRPLUS = 1 << 13
export const READDIRPLUS_AUTO = 1 << 14
export const ASYNC_DIO = 1 << 15
export const PARALLEL_DIROPS = 1 << 18
export const MAX_PAGES = 1 << 22

export const FATTR_MODE = 1 << 0
export const FATTR_UID = 1 << 1
export const FATTR_GID = 1 << 2
export const FATTR_SIZE = 1 << 3
export const FATTR_ATIME = 1 << 4
export const FATTR_MTIME = 1 << 5
export const FATTR_ATIME_NOW = 1 << 7
export const FATTR_MTIME_NOW = 1 << 8

/** WRITE: from the machine's page cache, through any handle. */
export const WRITE_CACHE = 1 << 0

/** Where an answer repeats its request's identifier: eight bytes. */
export const OUT_UNIQUE = 8
