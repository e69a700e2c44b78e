// System V IPC: commands, flags, structures and Linux's limits: linux/{ipc,shm,sem,msg}.h, asm-generic/{ipc,shm,msg}buf.h; and POSIX message
// queues: linux/mqueue.h, ipc/mqueue.c, mq_overview(7).

export const IPC_PRIVATE = 0
export const IPC_CREAT = 0o1000
export const IPC_EXCL = 0o2000
export const IPC_NOWAIT = 0o4000

export const IPC_RMID = 0
export const IPC_SET = 1
export const IPC_STAT = 2
export const IPC_INFO = 3

export const SHM_LOCK = 11
export const SHM_UNLOCK = 12
export const SHM_STAT = 13
export const SHM_INFO = 14
export const SHM_STAT_ANY = 15
/** shmget(2). */
export const SHM_HUGETLB = 0o4000
export const SHM_NORESERVE = 0o10000
/** shmat(2). */
export const SHM_RDONLY = 0o10000
export const SHM_RND = 0o20000
export const SHM_REMAP = 0o40000
export const SHM_EXEC = 0o100000
/** In a segment's mode. */
export const SHM_DEST = 0o1000
export const SHM_LOCKED = 0o2000

export const GETPID = 11
export const GETVAL = 12
export const GETALL = 13
export const GETNCNT = 14
export const GETZCNT = 15
export const SETVAL = 16
export const SETALL = 17
export const SEM_STAT = 18
export const SEM_INFO = 19
export const SEM_STAT_ANY = 20
export const SEM_UNDO = 0x1000

export const MSG_STAT = 11
export const MSG_INFO = 12
export const MSG_STAT_ANY = 13
export const MSG_NOERROR = 0o10000
export const MSG_EXCEPT = 0o20000
export const MSG_COPY = 0o40000

/** struct ipc64_perm: key, uid, gid, cuid, cgid and mode from 0 on, 32 bits each; seq u16 at 24. */
export const IPC_PERM_BYTES = 48
export const SHMID_DS_BYTES = 112
export const MSQID_DS_BYTES = 120
export const SHMINFO_BYTES = 72
export const SHM_INFO_BYTES = 48
export const SEMINFO_BYTES = 40
export const MSGINFO_BYTES = 32
/** struct sembuf: number u16, change s16, flags s16. */
export const SEMBUF_BYTES = 6

/** ULONG_MAX - 2^24: bytes of one segment, pages of all. */
export const SHMMAX = 2n ** 64n - 1n - 2n ** 24n
export const SHMALL = SHMMAX
export const SHMMNI = 4096
/** Semaphores of a set, of all sets; operations of a call; sets. */
export const SEMMSL = 32_000
export const SEMMNI = 32_000
export const SEMMNS = SEMMSL * SEMMNI
export const SEMOPM = 500
/** The greatest value, and the greatest adjustment at a process's end. */
export const SEMVMX = 32_767
export const SEMAEM = 32_767
/** Bytes of a message, of a queue; queues. */
export const MSGMAX = 8192
export const MSGMNB = 16_384
export const MSGMNI = 32_000

/** struct mq_attr: flags, maxmsg, msgsize, curmsgs, longs each; the rest is reserved. */
export const MQ_ATTR_BYTES = 64
/** Priorities are below this. */
export const MQ_PRIO_MAX = 32_768

/** The values in /proc/sys/fs/mqueue. */
export const MQ_QUEUES_MAX = 256
export const MQ_MSG_MAX = 10
export const MQ_MSGSIZE_MAX = 8192
export const MQ_MSG_DEFAULT = 10
export const MQ_MSGSIZE_DEFAULT = 8192
/** The most with CAP_SYS_RESOURCE. */
export const MQ_MSG_HARD_MAX = 65_536
export const MQ_MSGSIZE_HARD_MAX = 16 << 20

/** sigev_notify of a struct sigevent, whose value is at 0, signo at 8, notify at 12. */
export const SIGEVENT_BYTES = 64
export const SIGEV_SIGNAL = 0
export const SIGEV_NONE = 1
export const SIGEV_THREAD = 2
/** What netlink sends back for SIGEV_THREAD, in sigev_value. */
export const NOTIFY_COOKIE_BYTES = 32
