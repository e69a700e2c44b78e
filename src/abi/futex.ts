// futex(2): operations and flags (linux/futex.h).

export const FUTEX_WAIT = 0
export const FUTEX_WAKE = 1
export const FUTEX_REQUEUE = 3
export const FUTEX_CMP_REQUEUE = 4
export const FUTEX_WAKE_OP = 5
export const FUTEX_LOCK_PI = 6
export const FUTEX_UNLOCK_PI = 7
export const FUTEX_TRYLOCK_PI = 8
export const FUTEX_WAIT_BITSET = 9
export const FUTEX_WAKE_BITSET = 10
export const FUTEX_WAIT_REQUEUE_PI = 11
export const FUTEX_CMP_REQUEUE_PI = 12
export const FUTEX_LOCK_PI2 = 13
/** A robust futex's word: the owner's tid, and these flags. */
export const FUTEX_WAITERS = 0x8000_0000 | 0
export const FUTEX_OWNER_DIED = 0x4000_0000
export const FUTEX_TID_MASK = 0x3fff_ffff
export const FUTEX_PRIVATE_FLAG = 128
export const FUTEX_CLOCK_REALTIME = 256
