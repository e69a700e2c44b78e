// open(2)'s flags, rename and seek constants, as on x86_64 (and, except for the four noted, in asm-generic).
// Calls, traces and host opens translate them (KernelAbi.openFlags of src/arch); src/vfs and the sentry know only these.

export const O_RDONLY = 0
export const O_WRONLY = 1
export const O_RDWR = 2
export const O_ACCMODE = 3
export const O_CREAT = 0o100
export const O_EXCL = 0o200
export const O_NOCTTY = 0o400
export const O_TRUNC = 0o1000
export const O_APPEND = 0o2000
export const O_NONBLOCK = 0o4000
export const O_DSYNC = 0o10000
export const O_ASYNC = 0o20000
/** arm64: 0o200000. */
export const O_DIRECT = 0o40000
/** arm64: 0o400000. */
export const O_LARGEFILE = 0o100000
/** arm64: 0o40000. */
export const O_DIRECTORY = 0o200000
/** arm64: 0o100000. */
export const O_NOFOLLOW = 0o400000
export const O_NOATIME = 0o1000000
export const O_CLOEXEC = 0o2000000
export const O_SYNC = 0o4010000
export const O_PATH = 0o10000000
export const O_TMPFILE = 0o20200000

export const RENAME_NOREPLACE = 1
export const RENAME_EXCHANGE = 2

export const SEEK_SET = 0
export const SEEK_CUR = 1
export const SEEK_END = 2
export const SEEK_DATA = 3
export const SEEK_HOLE = 4

export const FALLOC_FL_KEEP_SIZE = 1
export const FALLOC_FL_PUNCH_HOLE = 2
export const FALLOC_FL_COLLAPSE_RANGE = 8
export const FALLOC_FL_ZERO_RANGE = 16
export const FALLOC_FL_INSERT_RANGE = 32

export const POLLIN = 1
export const POLLPRI = 2
export const POLLOUT = 4
export const POLLERR = 8
export const POLLHUP = 16
export const POLLNVAL = 32

/** struct open_how: openat2(2). */
export const OPEN_HOW_SIZE = 24
