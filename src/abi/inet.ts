// Internet sockets: protocols, struct sockaddr_in and sockaddr_in6, and the options of ip(7), ipv6(7), tcp(7) and udp(7)
// (linux/in.h, linux/in6.h, linux/tcp.h, linux/udp.h).

export const IPPROTO_IP = 0
export const IPPROTO_ICMP = 1
export const IPPROTO_TCP = 6
export const IPPROTO_UDP = 17
export const IPPROTO_IPV6 = 41
export const IPPROTO_ICMPV6 = 58
/** One behind the last protocol that an IPv4 socket can name. */
export const IPPROTO_MAX = 263

/** struct sockaddr_in: family, port, address, 8 bytes of nothing. */
export const SOCKADDR_IN_BYTES = 16
/** struct sockaddr_in6: family, port, flow, address, scope. */
export const SOCKADDR_IN6_BYTES = 28
/** Without the scope, as RFC 2133 had it: Linux accepts that. */
export const SOCKADDR_IN6_LEAST_BYTES = 24

/** /proc/sys/net/ipv4/ip_local_port_range. */
export const FIRST_LOCAL_PORT = 32_768
export const LAST_LOCAL_PORT = 60_999
/** /proc/sys/net/ipv4/tcp_max_tw_buckets: connections in TIME_WAIT, as many as Linux keeps on a machine of 1 GiB. */
export const MAX_TIME_WAITS = 4096
/** Ports below it are for those with CAP_NET_BIND_SERVICE: /proc/sys/net/ipv4/ip_unprivileged_port_start. */
export const FIRST_UNPRIVILEGED_PORT = 1024
/** The most bytes of a datagram without its headers: 20 and 8 of 65,535 bytes in IPv4; IPv6 counts its own not. */
export const UDP_MAX_BYTES = 65_507
export const UDP6_MAX_BYTES = 65_527

export const SOL_IP = IPPROTO_IP
export const SOL_TCP = IPPROTO_TCP
export const SOL_UDP = IPPROTO_UDP
export const SOL_IPV6 = IPPROTO_IPV6

export const IP_TOS = 1
export const IP_TTL = 2
export const IP_OPTIONS = 4
export const IP_RECVOPTS = 6
export const IP_RETOPTS = 7
export const IP_PKTINFO = 8
export const IP_MTU_DISCOVER = 10
export const IP_RECVERR = 11
export const IP_RECVTTL = 12
export const IP_RECVTOS = 13
export const IP_MTU = 14
export const IP_FREEBIND = 15
export const IP_PASSSEC = 18
export const IP_TRANSPARENT = 19
export const IP_RECVORIGDSTADDR = 20
export const IP_MINTTL = 21
export const IP_CHECKSUM = 23
export const IP_BIND_ADDRESS_NO_PORT = 24
export const IP_RECVFRAGSIZE = 25
export const IP_RECVERR_RFC4884 = 26
export const IP_MULTICAST_IF = 32
export const IP_MULTICAST_TTL = 33
export const IP_MULTICAST_LOOP = 34
export const IP_ADD_MEMBERSHIP = 35
export const IP_DROP_MEMBERSHIP = 36
/** Of SOL_IP and of SOL_IPV6. */
export const MCAST_JOIN_GROUP = 42
export const MCAST_LEAVE_GROUP = 45
export const IP_MULTICAST_ALL = 49
export const IP_UNICAST_IF = 50

export const IPV6_FLOWINFO = 11
export const IPV6_UNICAST_HOPS = 16
export const IPV6_MULTICAST_IF = 17
export const IPV6_MULTICAST_HOPS = 18
export const IPV6_MULTICAST_LOOP = 19
export const IPV6_JOIN_GROUP = 20
export const IPV6_LEAVE_GROUP = 21
export const IPV6_MTU_DISCOVER = 23
export const IPV6_MTU = 24
export const IPV6_RECVERR = 25
export const IPV6_V6ONLY = 26
export const IPV6_MULTICAST_ALL = 29
export const IPV6_RECVERR_RFC4884 = 31
export const IPV6_FLOWINFO_SEND = 33
export const IPV6_RECVPKTINFO = 49
export const IPV6_PKTINFO = 50
export const IPV6_RECVHOPLIMIT = 51
export const IPV6_HOPLIMIT = 52
export const IPV6_RECVHOPOPTS = 53
export const IPV6_RECVRTHDR = 56
export const IPV6_RECVDSTOPTS = 58
export const IPV6_RECVPATHMTU = 60
export const IPV6_DONTFRAG = 62
export const IPV6_RECVTCLASS = 66
export const IPV6_TCLASS = 67
export const IPV6_AUTOFLOWLABEL = 70
export const IPV6_MINHOPCOUNT = 73
export const IPV6_RECVORIGDSTADDR = 74
export const IPV6_TRANSPARENT = 75
export const IPV6_UNICAST_IF = 76
export const IPV6_RECVFRAGSIZE = 77
export const IPV6_FREEBIND = 78

export const TCP_NODELAY = 1
export const TCP_MAXSEG = 2
export const TCP_CORK = 3
export const TCP_KEEPIDLE = 4
export const TCP_KEEPINTVL = 5
export const TCP_KEEPCNT = 6
export const TCP_SYNCNT = 7
export const TCP_LINGER2 = 8
export const TCP_DEFER_ACCEPT = 9
export const TCP_WINDOW_CLAMP = 10
export const TCP_INFO = 11
export const TCP_QUICKACK = 12
export const TCP_CONGESTION = 13
export const TCP_THIN_LINEAR_TIMEOUTS = 16
export const TCP_THIN_DUPACK = 17
export const TCP_USER_TIMEOUT = 18
export const TCP_REPAIR = 19
export const TCP_REPAIR_QUEUE = 20
export const TCP_FASTOPEN = 23
export const TCP_TIMESTAMP = 24
export const TCP_NOTSENT_LOWAT = 25
export const TCP_CC_INFO = 26
export const TCP_SAVE_SYN = 27
export const TCP_SAVED_SYN = 28
export const TCP_REPAIR_WINDOW = 29
export const TCP_FASTOPEN_CONNECT = 30
export const TCP_ULP = 31
export const TCP_FASTOPEN_KEY = 33
export const TCP_FASTOPEN_NO_COOKIE = 34
export const TCP_INQ = 36
/** The longest name of a congestion control or an upper layer protocol, and the zero byte behind it: TCP_CA_NAME_MAX. */
export const TCP_NAME_BYTES = 16

/** States of a TCP connection, as TCP_INFO and /proc/net/tcp show them (net/tcp_states.h). */
export const TCP_ESTABLISHED = 1
export const TCP_SYN_SENT = 2
export const TCP_FIN_WAIT2 = 5
export const TCP_TIME_WAIT = 6
export const TCP_CLOSE = 7
export const TCP_CLOSE_WAIT = 8
export const TCP_LISTEN = 10

/** struct tcp_info: the fields that have a value where no packet is lost (linux/tcp.h). */
export const TCP_INFO_LAYOUT = {
  ...{state: 0, options: 5, scales: 6, rto: 8, ato: 12, sendMss: 16, receiveMss: 20},
  ...{unacked: 24, sacked: 28, pmtu: 60, receiveThreshold: 64, rtt: 68, rttVariance: 72},
  ...{sendThreshold: 76, congestionWindow: 80, advertisedMss: 84, reordering: 88, receiveSpace: 96},
  ...{pacingRate: 104, maxPacingRate: 112, bytesAcked: 120, bytesReceived: 128},
  ...{unsentBytes: 144, minRtt: 148, bytesSent: 200, sendWindow: 228, receiveWindow: 232, bytes: 248},
} as const

export const UDP_CORK = 1
export const UDP_NO_CHECK6_TX = 101
export const UDP_NO_CHECK6_RX = 102
export const UDP_SEGMENT = 103
export const UDP_GRO = 104
/** Datagrams of one send with UDP_SEGMENT. */
export const UDP_MAX_SEGMENTS = 128

/** struct in_pktinfo: interface, local address, address of the header. */
export const IN_PKTINFO_BYTES = 12
/** struct in6_pktinfo: address, interface. */
export const IN6_PKTINFO_BYTES = 20

/** struct ip_mreq: group, the interface's address; ip_mreqn adds its index. */
export const IP_MREQ_BYTES = 8
export const IP_MREQN_BYTES = 12
/** struct ipv6_mreq: group, the interface's index. */
export const IPV6_MREQ_BYTES = 20
/** struct group_req: the interface's index, and the group as a struct sockaddr_storage. */
export const GROUP_REQ = {group: 8, bytes: 136} as const
/** /proc/sys/net/ipv4/igmp_max_memberships. */
export const MAX_MEMBERSHIPS = 20

/** struct sock_extended_err (linux/errqueue.h); the address of who reports the error follows. */
export const SOCK_EXTENDED_ERR_BYTES = 16
export const SO_EE_ORIGIN_ICMP = 2
export const SO_EE_ORIGIN_ICMP6 = 3
export const ICMP_DEST_UNREACH = 3
export const ICMP_PORT_UNREACH = 3
export const ICMPV6_DEST_UNREACH = 1
export const ICMPV6_PORT_UNREACH = 4
