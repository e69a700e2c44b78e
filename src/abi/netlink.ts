// netlink(7): addresses, message headers and options (linux/netlink.h); rtnetlink(7) (linux/rtnetlink.h); sock_diag(7) (linux/inet_diag.h, linux/unix_diag.h).

export const NETLINK_ROUTE = 0
export const NETLINK_SOCK_DIAG = 4
export const NETLINK_KOBJECT_UEVENT = 15
export const NETLINK_GENERIC = 16

/** struct sockaddr_nl: family, 2 bytes of nothing, port id, groups. */
export const SOCKADDR_NL_BYTES = 12

/** struct nlmsghdr: length, type (uint16), flags (uint16), sequence, port id. */
export const NLMSGHDR_BYTES = 16
export const NLM_F_REQUEST = 0x1
export const NLM_F_MULTI = 0x2
export const NLM_F_ACK = 0x4
export const NLM_F_DUMP = 0x300
/** Of an answer: the request that it names is its header alone. */
export const NLM_F_CAPPED = 0x100
export const NLMSG_ERROR = 2
export const NLMSG_DONE = 3
/** Types below it are netlink's own. */
export const NLMSG_MIN_TYPE = 16
/** struct nlattr: length, type; the next starts at a multiple of 4. */
export const NLATTR_BYTES = 4
export const nlAlign = (bytes: number): number => (bytes + 3) & ~3

export const SOL_NETLINK = 270
export const NETLINK_ADD_MEMBERSHIP = 1
export const NETLINK_DROP_MEMBERSHIP = 2
export const NETLINK_PKTINFO = 3
export const NETLINK_BROADCAST_ERROR = 4
export const NETLINK_NO_ENOBUFS = 5
export const NETLINK_LIST_MEMBERSHIPS = 9
export const NETLINK_CAP_ACK = 10
export const NETLINK_EXT_ACK = 11
export const NETLINK_GET_STRICT_CHK = 12

/** Requests of rtnetlink(7): the kind is in the two lowest bits. */
export const RTM_NEWLINK = 16
export const RTM_GETLINK = 18
export const RTM_NEWADDR = 20
export const RTM_GETADDR = 22
export const RTM_NEWROUTE = 24
export const RTM_GETROUTE = 26
export const RTM_GETNEIGH = 30
export const RTM_NEWRULE = 32
export const RTM_GETRULE = 34
export const RTM_NEWQDISC = 36
export const RTM_GETQDISC = 38
export const RTM_GETTCLASS = 42
export const RTM_GETTFILTER = 46
export const RTM_MAX = 123
export const RTM_KIND_MASK = 3
export const RTM_KIND_GET = 2

/** struct ifinfomsg: family, 1 byte of nothing, type (uint16), index, flags, change. */
export const IFINFOMSG_BYTES = 16
export const IFLA = {
  ...{ADDRESS: 1, BROADCAST: 2, IFNAME: 3, MTU: 4, QDISC: 6, STATS: 7, TXQLEN: 13, MAP: 14, OPERSTATE: 16},
  ...{LINKMODE: 17, STATS64: 23, GROUP: 27, PROMISCUITY: 30, NUM_TX_QUEUES: 31, NUM_RX_QUEUES: 32},
  ...{CARRIER: 33, CARRIER_CHANGES: 35, ALT_IFNAME: 53},
} as const

/** struct ifaddrmsg: family, prefix length, flags, scope; index. */
export const IFADDRMSG_BYTES = 8
export const IFA = {ADDRESS: 1, LOCAL: 2, LABEL: 3, CACHEINFO: 6, FLAGS: 8, PROTO: 11} as const
export const IFA_F_PERMANENT = 0x80
export const IFAPROT_KERNEL_LO = 1

/** struct rtmsg, and fib_rule_hdr: family, prefix lengths, TOS, table, protocol, scope, type; flags. */
export const RTMSG_BYTES = 12
export const RTA = {
  DST: 1,
  OIF: 4,
  PRIORITY: 6,
  PREFSRC: 7,
  CACHEINFO: 12,
  TABLE: 15,
  PREF: 20,
  UID: 25,
} as const
export const RT_TABLE_DEFAULT = 253
export const RT_TABLE_MAIN = 254
export const RT_TABLE_LOCAL = 255
export const RT_SCOPE_UNIVERSE = 0
export const RT_SCOPE_LINK = 253
export const RT_SCOPE_HOST = 254
export const RTPROT_KERNEL = 2
export const RTN_LOCAL = 2
export const RTN_BROADCAST = 3
/** The answer to a get; of a dump: of the routes that others were made from, which IPv4 no longer has. */
export const RTM_F_CLONED = 0x200
export const RTCF_LOCAL = 0x8000_0000
export const RTCF_BROADCAST = 0x1000_0000
export const FRA = {PRIORITY: 6, SUPPRESS_PREFIXLEN: 14, TABLE: 15, PROTOCOL: 21} as const
export const FR_ACT_TO_TBL = 1
/** struct ndmsg. */
export const NDMSG_BYTES = 12
/** struct tcmsg: family, 3 bytes of nothing; interface, handle, parent, info (linux/rtnetlink.h, linux/pkt_sched.h). */
export const TCMSG_BYTES = 20
export const TCA = {KIND: 1, STATS: 3, STATS2: 7, HW_OFFLOAD: 12} as const
export const TCA_STATS = {BASIC: 1, QUEUE: 3} as const
export const TC_H_ROOT = 0xffff_ffff

export const SOCK_DIAG_BY_FAMILY = 20
export const SOCK_DESTROY = 21
/** struct inet_diag_req_v2: family, protocol, extensions, 1 byte of nothing; states; id. */
export const INET_DIAG_REQ_BYTES = 56
/** struct inet_diag_sockid: ports and addresses of both ends, interface, cookie. */
export const INET_DIAG_ID = {offset: 8, source: 4, destination: 20, interface: 36, cookie: 40} as const
/** struct inet_diag_msg: family, state, timer, retransmissions; id; times and queues, user, inode. */
export const INET_DIAG_MSG = {
  ...{bytes: 72, timer: 2, id: 4, expires: 52, receiveQueue: 56, sendQueue: 60, uid: 64, inode: 68},
} as const
export const INET_DIAG_SHUTDOWN = 8
export const INET_DIAG_SKV6ONLY = 11
export const INET_DIAG_REQ_BYTECODE = 1
export const INET_DIAG_REQ_PROTOCOL = 3

/** struct unix_diag_req: family, protocol, 2 bytes of nothing; states, inode, what to show, cookie. */
export const UNIX_DIAG_REQ_BYTES = 24
/** struct unix_diag_msg: family, type, state, 1 byte of nothing; inode, cookie. */
export const UNIX_DIAG_MSG_BYTES = 16
export const UNIX_DIAG = {NAME: 0, VFS: 1, PEER: 2, ICONS: 3, RQLEN: 4, SHUTDOWN: 6, UID: 7} as const
export const UDIAG_SHOW = {NAME: 1, VFS: 2, PEER: 4, ICONS: 8, RQLEN: 0x10, UID: 0x40} as const
