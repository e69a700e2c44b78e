// 9P2000.L: the tables of its messages and bits. Linux: include/net/9p/9p.h; diod: protocol.md.

/** Requests. The answer to each is the next number. */
export const TSTATFS = 8
export const TLOPEN = 12
export const TLCREATE = 14
export const TSYMLINK = 16
export const TMKNOD = 18
export const TRENAME = 20
export const TREADLINK = 22
export const TGETATTR = 24
export const TSETATTR = 26
export const TXATTRWALK = 30
export const TXATTRCREATE = 32
export const TREADDIR = 40
export const TFSYNC = 50
export const TLOCK = 52
export const TGETLOCK = 54
export const TLINK = 70
export const TMKDIR = 72
export const TRENAMEAT = 74
export const TUNLINKAT = 76
export const TVERSION = 100
export const TAUTH = 102
export const TATTACH = 104
export const TFLUSH = 108
export const TWALK = 110
export const TREAD = 116
export const TWRITE = 118
export const TCLUNK = 120
export const TREMOVE = 122

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
export const MOST_MESSAGE_BYTES = 512 << 10

/** Types of a qid. */
export const QTDIR = 0x80
export const QTSYMLINK = 0x02
export const QTFILE = 0

/** Rgetattr: all that stat(2) reports, and btime. */
export const GETATTR_BASIC = 0x7ff
export const GETATTR_BTIME = 0x800

export const SETATTR_MODE = 0x1
export const SETATTR_UID = 0x2
export const SETATTR_GID = 0x4
export const SETATTR_SIZE = 0x8
export const SETATTR_ATIME = 0x10
export const SETATTR_MTIME = 0x20
export const SETATTR_ATIME_SET = 0x80
export const SETATTR_MTIME_SET = 0x100

/** Tunlinkat's only flag: AT_REMOVEDIR. */
export const UNLINK_DIRECTORY = 0x200

/** Rlock. */
export const LOCK_SUCCESS = 0
export const LOCK_BLOCKED = 1
