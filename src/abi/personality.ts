// personality(2): linux/personality.h.

/** The execution domain: the rest is flags. */
export const PER_MASK = 0xff
export const PER_LINUX32 = 8
/** select(2) and the like leave the caller's time-out as it is. */
export const STICKY_TIMEOUTS = 0x4000000
