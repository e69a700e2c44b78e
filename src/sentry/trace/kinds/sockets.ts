// Kinds of socket(2): linux/socket.h, linux/net.h.

import {type Kinds, named} from '../kind.ts'
import {enumeration, flagWord, type Names} from '../text/number.ts'

const families: Names = {
  AF_UNSPEC: 0,
  AF_UNIX: 1,
  AF_INET: 2,
  AF_INET6: 10,
  AF_NETLINK: 16,
  AF_PACKET: 17,
  AF_ALG: 38,
  AF_VSOCK: 40,
}
const types: Names = {
  SOCK_STREAM: 1,
  SOCK_DGRAM: 2,
  SOCK_RAW: 3,
  SOCK_RDM: 4,
  SOCK_SEQPACKET: 5,
  SOCK_DCCP: 6,
  SOCK_PACKET: 10,
}
const TYPE_MASK = 0xf
const typeName = enumeration(types, 'SOCK_???')
const typeFlags = flagWord({SOCK_CLOEXEC: 0x80000, SOCK_NONBLOCK: 0x800}, 'SOCK_???')

export const sockets = {
  sockfamily: named(enumeration(families, 'AF_???')),
  /** A type, and flags of the new descriptor. */
  socktype: named((value) => {
    const flags = value & ~TYPE_MASK
    const name = typeName(value & TYPE_MASK)
    return flags === 0 ? name : `${name}|${typeFlags(flags)}`
  }),
} satisfies Kinds
