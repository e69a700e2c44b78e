// Scheduling policies and the flags of struct sched_attr (uapi/linux/sched.h).

export const SCHED_OTHER = 0
export const SCHED_FIFO = 1
export const SCHED_RR = 2
export const SCHED_BATCH = 3
export const SCHED_IDLE = 5
export const SCHED_DEADLINE = 6
/** In sched_setscheduler(2)'s policy. */
export const SCHED_RESET_ON_FORK = 0x40000000

export const NORMAL_POLICIES: readonly number[] = [SCHED_OTHER, SCHED_BATCH, SCHED_IDLE]
export const REAL_TIME_POLICIES: readonly number[] = [SCHED_FIFO, SCHED_RR]
export const MIN_REAL_TIME_PRIORITY = 1
export const MAX_REAL_TIME_PRIORITY = 99

export const SCHED_FLAG_RESET_ON_FORK = 0x01
export const SCHED_FLAG_KEEP_POLICY = 0x08
export const SCHED_FLAG_KEEP_PARAMS = 0x10
export const SCHED_FLAG_UTIL_CLAMP = 0x60
export const SCHED_FLAG_ALL = 0x7f

export const LEAST_NICE = -20
export const NICEST = 19
