// Names of sockets' numbers: linux/socket.h, linux/net.h, linux/in.h.

import * as abi from '../../../abi/socket.ts'
import {enumeration, flagWord, pick} from '../text/number.ts'

export const familyName = enumeration(
  {
    ...{AF_UNSPEC: 0, AF_UNIX: 1, AF_INET: 2, AF_INET6: 10},
    ...{AF_NETLINK: 16, AF_PACKET: 17, AF_ALG: 38, AF_VSOCK: 40},
  },
  'AF_???',
)

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
