// 9P2000.L: the numbers of its messages and bits. Linux: include/net/9p/9p.h; diod: protocol.md.

/** Requests that the server itself looks at. */
export const TVERSION = 100
export const TFLUSH = 108

export const RLERROR = 7

export const VERSION = '9P2000.L'
/** Rversion's answer to any other version. */
export const UNKNOWN_VERSION = 'unknown'

/** size[4] type[1] tag[2]. */
export const HEADER_BYTES = 7
/** The tag of Tversion, and of an answer to a request without a tag. */
export const NO_TAG = 0xffff
export const NO_FID = 0xffff_ffff
/** Tattach with a user name instead of a number. */
export const NO_UID = 0xffff_ffff
/** At most this many names in one Twalk. */
export const MAX_WALK_NAMES = 16

/** Linux's client accepts no less (p9_client_version). */
export const LEAST_MESSAGE_BYTES = 4096
/** The longest that the server accepts or sends, which a transport has to copy. */
export const MOST_MESSAGE_BYTES = 512 << 10

/** Types of a qid. */
export const QTDIR = 0x80
export const QTSYMLINK = 0x02
export const QTFILE = 0

/** Rgetattr: all that stat(2) reports, and btime. */
export const GETATTR_BASIC = 0x7ff
export const GETATTR_BTIME = 0x800

/** Tunlinkat's only flag: AT_REMOVEDIR. */
export const UNLINK_DIRECTORY = 0x200

/** Rlock. */
export const LOCK_SUCCESS = 0
export const LOCK_BLOCKED = 1
