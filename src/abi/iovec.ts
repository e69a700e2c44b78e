// readv(2): the size of an I/O vector, the RWF_* flags of preadv2 and pwritev2, and the flags of splice(2).

/** sizeof(struct iovec). */
export const IOVEC_SIZE = 16

export const RWF_HIPRI = 0x01
export const RWF_DSYNC = 0x02
export const RWF_SYNC = 0x04
export const RWF_NOWAIT = 0x08
export const RWF_APPEND = 0x10

export const SPLICE_F_NONBLOCK = 2
/** MOVE, NONBLOCK, MORE, GIFT. */
export const SPLICE_FLAGS = 0xf
