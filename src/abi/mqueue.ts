// POSIX message queues: structures and Linux's limits: linux/mqueue.h, ipc/mqueue.c, mq_overview(7).

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
