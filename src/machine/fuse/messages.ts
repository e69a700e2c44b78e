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
