// How long requests and answers may be: what a transport copies, and what INIT agrees on.

import {IN_HEADER_BYTES, OUT_HEADER_BYTES} from './messages.ts'

/** The most data of one READ or WRITE. */
export const MAX_DATA_BYTES = 512 << 10
/** struct fuse_write_in. */
const WRITE_BYTES = 40

export const MOST_REQUEST_BYTES = IN_HEADER_BYTES + WRITE_BYTES + MAX_DATA_BYTES
export const MOST_ANSWER_BYTES = OUT_HEADER_BYTES + MAX_DATA_BYTES
