// fcntl(2), flock(2), memfd_create(2): commands, lock types, struct flock, seals.

export const F_DUPFD = 0
export const F_GETFD = 1
export const F_SETFD = 2
export const F_GETFL = 3
export const F_SETFL = 4
export const F_GETLK = 5
export const F_SETLK = 6
export const F_SETLKW = 7
export const F_SETOWN = 8
export const F_GETOWN = 9
export const F_SETSIG = 10
export const F_GETSIG = 11
export const F_SETOWN_EX = 15
export const F_GETOWN_EX = 16
export const F_OFD_GETLK = 36
export const F_OFD_SETLK = 37
export const F_OFD_SETLKW = 38
export const F_SETLEASE = 1024
export const F_GETLEASE = 1025
export const F_NOTIFY = 1026
export const F_DUPFD_QUERY = 1027
export const F_DUPFD_CLOEXEC = 1030
export const F_SETPIPE_SZ = 1031
export const F_GETPIPE_SZ = 1032
export const F_ADD_SEALS = 1033
export const F_GET_SEALS = 1034

export const FD_CLOEXEC = 1

export const F_RDLCK = 0
export const F_WRLCK = 1
export const F_UNLCK = 2

/** sizeof(struct flock): type int16 at 0, whence int16 at 2, start int64 at 8, len int64 at 16, pid int32 at 24. */
export const FLOCK_SIZE = 32

/** flock(2). */
export const LOCK_SH = 1
export const LOCK_EX = 2
export const LOCK_NB = 4
export const LOCK_MAND = 32
export const LOCK_UN = 8

export const F_SEAL_SEAL = 0x01
export const F_SEAL_SHRINK = 0x02
export const F_SEAL_GROW = 0x04
export const F_SEAL_WRITE = 0x08
export const F_SEAL_FUTURE_WRITE = 0x10
export const F_SEAL_EXEC = 0x20

/** memfd_create(2). */
export const MFD_CLOEXEC = 1
export const MFD_ALLOW_SEALING = 2
export const MFD_NOEXEC_SEAL = 8
export const MFD_EXEC = 16
/** Values of /proc/sys/vm/memfd_noexec: what memfd_create makes without MFD_EXEC, and that it makes nothing else. */
export const MEMFD_NOEXEC_SEAL = 1
export const MEMFD_NOEXEC_ENFORCED = 2

/** close_range(2). */
export const CLOSE_RANGE_UNSHARE = 2
export const CLOSE_RANGE_CLOEXEC = 4

/** eventfd(2). */
export const EFD_SEMAPHORE = 1
