// Kinds of socket(2) and of calls on sockets, except for messages.

import * as inet from '../../../abi/inet.ts'
import * as abi from '../../../abi/socket.ts'
import {flagged, type Kind, type Kinds, named} from '../kind.ts'
import {
  inetProtocolName,
  ipOptionName,
  ipv6OptionName,
  netlinkOptionName,
  netlinkProtocolName,
  tcpOptionName,
  udpOptionName,
} from '../names/inet.ts'
import {familyName, levelName, messageFlags} from '../names/sockets.ts'
import {showCredentials} from '../text/control-messages.ts'
import {enumeration, flagWord, hexOf, startingWith} from '../text/number.ts'
import {quoteBuffer} from '../text/quote.ts'
import {addressAt, showAddress, showInterface, showIPv4, showIPv6} from '../text/sockaddr.ts'
import {type TracedCall, viewOf} from '../traced-call.ts'

const SOL_NETLINK = 270
/** struct ip_mreq, struct ipv6_mreq. */
const MEMBERSHIP_BYTES: Readonly<Record<number, number>> = {[inet.SOL_IP]: 8, [inet.SOL_IPV6]: 20}
const MEMBERSHIPS: Readonly<Record<number, readonly number[]>> = {
  [inet.SOL_IP]: [inet.IP_ADD_MEMBERSHIP, inet.IP_DROP_MEMBERSHIP],
  // IPV6_ADD_MEMBERSHIP, IPV6_DROP_MEMBERSHIP.
  [inet.SOL_IPV6]: [20, 21],
}
const TIMES: ReadonlySet<number> = new Set([abi.SO_RCVTIMEO, abi.SO_SNDTIMEO])

const typeName = enumeration(
  {
    ...{SOCK_STREAM: 1, SOCK_DGRAM: 2, SOCK_RAW: 3, SOCK_RDM: 4, SOCK_SEQPACKET: 5},
    ...{SOCK_DCCP: 6, SOCK_PACKET: 10},
  },
  'SOCK_???',
)

const typeFlags = flagWord({SOCK_CLOEXEC: 0x80000, SOCK_NONBLOCK: 0x800}, 'SOCK_???')

const {SO_RCVTIMEO, SO_SNDTIMEO, SO_TIMESTAMP, SO_TIMESTAMPNS, ...options} = startingWith(abi, 'SO_')

/** At SOL_SOCKET. Some also have a newer number and name. */
const socketOptionName = enumeration(
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

const OPTION_NAMES: ReadonlyMap<number, (option: number) => string> = new Map([
  [abi.SOL_SOCKET, socketOptionName],
  [inet.SOL_IP, ipOptionName],
  [inet.SOL_IPV6, ipv6OptionName],
  [inet.SOL_TCP, tcpOptionName],
  [inet.SOL_UDP, udpOptionName],
  [SOL_NETLINK, netlinkOptionName],
])

const PROTOCOL_NAMES: ReadonlyMap<number, (protocol: number) => string> = new Map([
  [abi.AF_INET, inetProtocolName],
  [abi.AF_INET6, inetProtocolName],
  [abi.AF_NETLINK, netlinkProtocolName],
])

/** A length that the call may change. */
const socklen: Kind = {
  enter: (call, index) => {
    if (call.isNull(index)) return 'NULL'
    return call.follow(index, (address, memory) => {
      const length = memory.readInt32(address)
      call.notes.set(index, length)
      return `[${length}`
    })
  },
  leave: (call, index) => {
    const before = call.notes.get(index)
    if (before === undefined) return ''
    return call.follow(index, (address, memory) => {
      const after = memory.readInt32(address)
      return after === before ? ']' : ` => ${after}]`
    })
  },
  failed: closeLength,
}

function closeLength(call: TracedCall, index: number): string {
  return call.notes.has(index) ? ']' : ''
}

/** What the call stored, no more than there was room for. */
function stored(call: TracedCall, index: number): number {
  const length = call.memory.readInt32(call.address(index))
  return Math.min(length, call.notes.get(index) ?? length)
}

export const sockets = {
  sockfamily: named(familyName),
  /** A type, with flags of the new descriptor. */
  socktype: flagged((value) => {
    const flags = value & ~abi.SOCK_TYPE_MASK
    const name = typeName(value & abi.SOCK_TYPE_MASK)
    return flags === 0 ? name : `${name}|${typeFlags(flags)}`
  }),
  /** A protocol of the family, the first argument. */
  sockproto: {
    enter: (call, index) => {
      const name = PROTOCOL_NAMES.get(call.int32(0))
      return name === undefined ? String(call.int32(index)) : name(call.int32(index))
    },
  },
  sockflags: flagged(typeFlags),
  msgflags: flagged(messageFlags),
  socklevel: named(levelName),
  sockopt: {
    enter: (call, index) => {
      const name = OPTION_NAMES.get(call.int32(index - 1))
      return name === undefined ? hexOf(call.uint32(index)) : name(call.int32(index))
    },
  },
  shuthow: named(enumeration({SHUT_RD: 0, SHUT_WR: 1, SHUT_RDWR: 2}, 'SHUT_???')),
  /** An address; the next argument is its length. */
  sockaddr: {
    enter: (call, index) =>
      call.follow(index, (address, memory) => showAddress(memory, address, call.int32(index + 1))),
    value: (call, index) => ({
      kind: 'address',
      value: call.isNull(index)
        ? undefined
        : addressAt(call.memory, call.address(index), call.int32(index + 1)),
    }),
  },
  /** An address that the call stores; the next argument points to its length. */
  sockaddr_out: {
    leave: (call, index) =>
      call.follow(index, (address, memory) => showAddress(memory, address, stored(call, index + 1))),
  },
  socklen,
  sockopt_in: {
    enter: (call, index) =>
      call.follow(index, (address) => showOption(call, index, address, call.int32(index + 1))),
  },
  sockopt_out: {
    leave: (call, index) =>
      call.follow(index, (address) => showOption(call, index, address, stored(call, index + 1))),
  },
} satisfies Kinds

/** @throws Errno EFAULT */
function showOption(call: TracedCall, index: number, address: number, length: number): string {
  const {memory, limit} = call
  const level = call.int32(index - 2)
  const option = level === abi.SOL_SOCKET ? call.int32(index - 1) : -1
  if (isMembership(level, call.int32(index - 1)) && length >= MEMBERSHIP_BYTES[level]) {
    return showMembership(level, memory.readBytes(address, MEMBERSHIP_BYTES[level]))
  }
  if (option === abi.SO_PEERCRED && length >= abi.UCRED_BYTES) {
    return showCredentials(viewOf(memory.readBytes(address, abi.UCRED_BYTES)))
  }
  if (option === abi.SO_LINGER && length >= 8) {
    return `{l_onoff=${memory.readInt32(address)}, l_linger=${memory.readInt32(address + 4)}}`
  }
  if (TIMES.has(option) || length !== 4) return quoteBuffer(memory, address, Math.max(0, length), limit)
  return `[${memory.readInt32(address)}]`
}

const isMembership = (level: number, option: number): boolean => MEMBERSHIPS[level]?.includes(option) ?? false

function showMembership(level: number, bytes: Uint8Array): string {
  if (level === inet.SOL_IP)
    return `{imr_multiaddr=${showIPv4(bytes, 0)}, imr_interface=${showIPv4(bytes, 4)}}`
  const index = viewOf(bytes).getUint32(16, true)
  return `{${showIPv6(bytes, 0, 'ipv6mr_multiaddr')}, ipv6mr_interface=${showInterface(index)}}`
}
