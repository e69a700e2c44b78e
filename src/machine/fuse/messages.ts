// FUSE: the numbers of its requests and bits. Linux: include/uapi/linux/fuse.h.

/** The request that the server itself looks at. */
export const INIT = 26

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

/** WRITE: from the machine's page cache, through any handle. */
export const WRITE_CACHE = 1 << 0

/** Where an answer repeats its request's identifier: eight bytes. */
export const OUT_UNIQUE = 8

/** The most data of one READ or WRITE. */
export const MAX_DATA_BYTES = 512 << 10
/** struct fuse_write_in. */
const WRITE_BYTES = 40

/** How long requests and answers may be: what a transport copies, and what INIT agrees on. */
export const MOST_REQUEST_BYTES = IN_HEADER_BYTES + WRITE_BYTES + MAX_DATA_BYTES
export const MOST_ANSWER_BYTES = OUT_HEADER_BYTES + MAX_DATA_BYTES
