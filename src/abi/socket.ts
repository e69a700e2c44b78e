// Sockets: families, types, flags, options, control messages, and the layouts of their structures (linux/socket.h, linux/net.h).

import {O_CLOEXEC, O_NONBLOCK} from './open-flags.ts'

export const AF_UNSPEC = 0
export const AF_UNIX = 1
export const AF_INET = 2
export const AF_BRIDGE = 7
export const AF_INET6 = 10
export const AF_NETLINK = 16
export const AF_PACKET = 17
/** Families that Linux has numbers for. */
export const AF_MAX = 46

export const SOCK_STREAM = 1
export const SOCK_DGRAM = 2
export const SOCK_RAW = 3
export const SOCK_SEQPACKET = 5
export const SOCK_TYPE_MASK = 0xf
/** Types that Linux has numbers for. */
export const SOCK_MAX = 11

export const SHUT_WR = 1
export const SHUT_RDWR = 2
/** What shutdown(2) has shut down, as bits: the argument and one. */
export const RCV_SHUTDOWN = 1
export const SEND_SHUTDOWN = 2
export const SHUTDOWN_MASK = RCV_SHUTDOWN | SEND_SHUTDOWN

export const MSG_OOB = 0x1
export const MSG_PEEK = 0x2
export const MSG_CTRUNC = 0x8
export const MSG_TRUNC = 0x20
export const MSG_DONTWAIT = 0x40
export const MSG_WAITALL = 0x100
export const MSG_NOSIGNAL = 0x4000
export const MSG_ERRQUEUE = 0x2000
export const MSG_MORE = 0x8000
export const MSG_WAITFORONE = 0x10000
export const MSG_FASTOPEN = 0x20000000
export const MSG_CMSG_CLOEXEC = 0x40000000
/** From a 32-bit program: not one of our flags. */
export const MSG_CMSG_COMPAT = 0x80000000

export const SOL_SOCKET = 1
export const SO_DEBUG = 1
export const SO_REUSEADDR = 2
export const SO_TYPE = 3
export const SO_ERROR = 4
export const SO_DONTROUTE = 5
export const SO_BROADCAST = 6
export const SO_SNDBUF = 7
export const SO_RCVBUF = 8
export const SO_KEEPALIVE = 9
export const SO_OOBINLINE = 10
export const SO_NO_CHECK = 11
export const SO_PRIORITY = 12
export const SO_LINGER = 13
export const SO_REUSEPORT = 15
export const SO_PASSCRED = 16
export const SO_PEERCRED = 17
export const SO_RCVLOWAT = 18
export const SO_SNDLOWAT = 19
export const SO_RCVTIMEO = 20
export const SO_SNDTIMEO = 21
export const SO_BINDTODEVICE = 25
export const SO_PEERNAME = 28
export const SO_TIMESTAMP = 29
export const SO_ACCEPTCONN = 30
export const SO_SNDBUFFORCE = 32
export const SO_RCVBUFFORCE = 33
export const SO_TIMESTAMPNS = 35
export const SO_MARK = 36
export const SO_PROTOCOL = 38
export const SO_DOMAIN = 39
export const SO_RXQ_OVFL = 40
export const SO_PEEK_OFF = 42
export const SO_INCOMING_CPU = 49
export const SO_PEERGROUPS = 59
export const SO_BINDTOIFINDEX = 62
/** As SO_TIMESTAMP and SO_TIMESTAMPNS, which have 64 bits on every architecture here. */
export const SO_TIMESTAMP_NEW = 63
export const SO_TIMESTAMPNS_NEW = 64

export const SCM_RIGHTS = 1
export const SCM_CREDENTIALS = 2
/** Descriptors in one message: SCM_MAX_FD. */
export const SCM_MAX_FD = 253

/** sizeof(struct sockaddr_storage). */
export const MAX_ADDRESS = 128
/** struct sockaddr_un: the family, a uint16, and up to 108 bytes. */
export const UNIX_PATH_OFFSET = 2
export const UNIX_ADDRESS_MAX = 110

/** struct msghdr; struct mmsghdr puts msg_len, a uint32, after it. */
export const MSGHDR = {
  ...{name: 0, nameLength: 8, iov: 16, iovLength: 24, control: 32, controlLength: 40, flags: 48},
  ...{bytes: 56, resultLength: 56, arrayBytes: 64},
} as const

/** struct cmsghdr: the length, a size_t that counts the header; level and type, int32. Data follow; the next starts at a multiple of 8. */
export const CMSGHDR_BYTES = 16
export const CMSG_LEVEL = 8
export const CMSG_TYPE = 12
export const cmsgSpace = (dataBytes: number): number => CMSGHDR_BYTES + Math.ceil(dataBytes / 8) * 8

/** struct ucred: pid, uid, gid. */
export const UCRED_BYTES = 12
/** Stands for an unknown user or group: /proc/sys/kernel/overflowuid. */
export const OVERFLOW_ID = 65534
/** /proc/sys/net/core/somaxconn. */
export const SOMAXCONN = 4096
/** SOCK_CLOEXEC and SOCK_NONBLOCK. */
export const SOCK_FLAGS = O_CLOEXEC | O_NONBLOCK
