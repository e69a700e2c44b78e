// Names of sockets' numbers: linux/socket.h, linux/net.h, linux/in.h.

import * as abi from '../../../abi/socket.ts'
import {enumeration, flagWord, pick, startingWith} from '../text/number.ts'

export const familyName = enumeration(
  {
    ...{AF_UNSPEC: 0, AF_UNIX: 1, AF_INET: 2, AF_INET6: 10},
    ...{AF_NETLINK: 16, AF_PACKET: 17, AF_ALG: 38, AF_VSOCK: 40},
  },
  'AF_???',
)

export const typeName = enumeration(
  {
    ...{SOCK_STREAM: 1, SOCK_DGRAM: 2, SOCK_RAW: 3, SOCK_RDM: 4, SOCK_SEQPACKET: 5},
    ...{SOCK_DCCP: 6, SOCK_PACKET: 10},
  },
  'SOCK_???',
)

export const typeFlags = flagWord({SOCK_CLOEXEC: 0x80000, SOCK_NONBLOCK: 0x800}, 'SOCK_???')

export const messageFlags = flagWord(
  {
    ...pick(abi, 'MSG_OOB MSG_PEEK'),
    MSG_DONTROUTE: 0x4,
    ...pick(abi, 'MSG_CTRUNC'),
    MSG_PROBE: 0x10,
    ...pick(abi, 'MSG_TRUNC MSG_DONTWAIT'),
    MSG_EOR: 0x80,
    ...pick(abi, 'MSG_WAITALL'),
    ...{MSG_FIN: 0x200, MSG_SYN: 0x400, MSG_CONFIRM: 0x800, MSG_RST: 0x1000, MSG_ERRQUEUE: 0x2000},
    ...pick(abi, 'MSG_NOSIGNAL'),
    MSG_MORE: 0x8000,
    ...pick(abi, 'MSG_WAITFORONE'),
    ...{MSG_BATCH: 0x40000, MSG_ZEROCOPY: 0x4000000, MSG_FASTOPEN: 0x20000000},
    ...pick(abi, 'MSG_CMSG_CLOEXEC'),
  },
  'MSG_???',
)

export const levelName = enumeration(
  {
    ...{SOL_IP: 0, SOL_SOCKET: 1, SOL_TCP: 6, SOL_UDP: 17, SOL_IPV6: 41, SOL_RAW: 255},
    ...{SOL_PACKET: 263, SOL_NETLINK: 270},
  },
  'SOL_???',
)

const {SO_RCVTIMEO, SO_SNDTIMEO, SO_TIMESTAMP, SO_TIMESTAMPNS, ...options} = startingWith(abi, 'SO_')

/** At SOL_SOCKET. Some also have a newer number and name. */
export const optionName = enumeration(
  {
    ...options,
    SO_RCVTIMEO_OLD: SO_RCVTIMEO,
    SO_SNDTIMEO_OLD: SO_SNDTIMEO,
    SO_TIMESTAMP_OLD: SO_TIMESTAMP,
    SO_TIMESTAMPNS_OLD: SO_TIMESTAMPNS,
    ...{SO_ATTACH_FILTER: 26, SO_DETACH_FILTER: 27, SO_PASSSEC: 34, SO_INCOMING_CPU: 49},
    ...{SO_COOKIE: 57, SO_PASSPIDFD: 76, SO_PEERPIDFD: 77},
  },
  'SO_???',
)

export const shutdownName = enumeration({SHUT_RD: 0, SHUT_WR: 1, SHUT_RDWR: 2}, 'SHUT_???')

export const controlName = enumeration(
  {SCM_RIGHTS: 1, SCM_CREDENTIALS: 2, SCM_SECURITY: 3, SCM_PIDFD: 4},
  'SCM_???',
)
