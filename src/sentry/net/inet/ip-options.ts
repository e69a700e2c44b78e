// getsockopt(2), setsockopt(2) at SOL_IP and SOL_IPV6: ip(7), ipv6(7).

import {CAP_NET_ADMIN, CAP_NET_RAW, hasCapability} from '../../../abi/capability.ts'
import {
  EADDRNOTAVAIL,
  EINVAL,
  ENODEV,
  ENOPROTOOPT,
  ENOTCONN,
  EPERM,
  EPROTO,
  Errno,
} from '../../../abi/errno.ts'
import * as inet from '../../../abi/inet.ts'
import {AF_INET} from '../../../abi/socket.ts'
import type {Task} from '../../core/task.ts'
import {LO} from '../loopback.ts'
import type {SocketOptions} from '../socket-options.ts'
import {ANY, type Endpoint, encodeIp, type IpAddress, ipv4At, isAny, isLoopback} from './address.ts'
import {isMembershipOption, membershipOf} from './membership-argument.ts'
import type {Memberships} from './memberships.ts'
import {intBytes, intOf, type KeptOptions, optionRow} from './options.ts'

/** struct ip_options has no more. */
const MAX_IP_OPTIONS_BYTES = 40
/** A socket, as these options see it. */
interface Holder {
  readonly kept: KeptOptions
  readonly isStream: boolean
  readonly isIPv6Only: boolean
  readonly groups?: Memberships
  readonly options: SocketOptions
  readonly remote: Endpoint | undefined
  setIPv6Only(isOnly: boolean): void
}

const NOTHING = new Uint8Array(0)

/** Options of SOL_IP that no value of 0 bytes sets. */
const NEED_A_BYTE: readonly number[] = [
  ...[inet.IP_TTL, inet.IP_MINTTL, inet.IP_FREEBIND, inet.IP_TRANSPARENT],
  ...[inet.IP_MULTICAST_TTL, inet.IP_MULTICAST_LOOP, inet.IP_MULTICAST_ALL],
]

/** @param level SOL_IP, SOL_IPV6 @throws Errno EINVAL, ENOPROTOOPT, EPERM, and as a membership */
export function setIpOption(
  socket: Holder,
  task: Task,
  level: number,
  option: number,
  value: Uint8Array,
): void {
  if (isMembershipOption(level, option)) {
    setMembership(socket, level, option, value)
    return
  }
  if (level === inet.SOL_IP && option === inet.IP_OPTIONS) {
    // No datagram here has any.
    if (value.length > 0) throw new Errno(value.length > MAX_IP_OPTIONS_BYTES ? EINVAL : ENOPROTOOPT)
    return
  }
  if (level === inet.SOL_IPV6 && option === inet.IPV6_V6ONLY) {
    socket.setIPv6Only(intOf(value) !== 0)
    return
  }
  const {streamError} = optionRow(level, option)
  if (streamError !== undefined && socket.isStream) throw new Errno(streamError)
  const number = level === inet.SOL_IP ? ipNumber(option, value) : intOf(value)
  if (isTransparent(level, option) && number !== 0) requireRaw(task)
  if (level === inet.SOL_IP && option === inet.IP_TOS) setTypeOfService(socket, number)
  else socket.kept.set(level, option, socket.isStream ? withoutEcn(level, option, number) : number)
}

/** The two bits of a traffic class that are not a stream's to choose. */
const INET_ECN_MASK = 3
/** SO_PRIORITY of the types of service, by their four bits, two types at a time: ip_tos2prio in Linux. */
const PRIORITIES = [0, 0, 2, 2, 6, 6, 4, 4]

/** __ip_sock_set_tos in Linux: SO_PRIORITY follows what is another value, even if the same byte is kept of it. */
function setTypeOfService({kept, options, isStream}: Holder, value: number): void {
  const chosen = isStream ? value & ~INET_ECN_MASK : value
  if (kept.get(inet.SOL_IP, inet.IP_TOS) === chosen) return
  kept.set(inet.SOL_IP, inet.IP_TOS, chosen & 0xff)
  options.priority = PRIORITIES[(chosen & 0x1e) >> 2]
}

function withoutEcn(level: number, option: number, value: number): number {
  const isTrafficClass = level === inet.SOL_IPV6 && option === inet.IPV6_TCLASS
  return isTrafficClass && value > 0 ? value & ~INET_ECN_MASK : value
}

const isTransparent = (level: number, option: number): boolean =>
  option === (level === inet.SOL_IP ? inet.IP_TRANSPARENT : inet.IPV6_TRANSPARENT)

/** Whether a socket may have an address that is not the sandbox's. */
export function bindsAnywhere({kept}: Holder): boolean {
  return (
    kept.isOn(inet.SOL_IP, inet.IP_FREEBIND) ||
    kept.isOn(inet.SOL_IP, inet.IP_TRANSPARENT) ||
    kept.isOn(inet.SOL_IPV6, inet.IPV6_FREEBIND) ||
    kept.isOn(inet.SOL_IPV6, inet.IPV6_TRANSPARENT)
  )
}

/** A value may be one byte. @throws Errno EINVAL, EADDRNOTAVAIL */
function ipNumber(option: number, value: Uint8Array): number {
  if (option === inet.IP_MULTICAST_IF) return groupSource(value)
  if (value.length === 0 && NEED_A_BYTE.includes(option)) throw new Errno(EINVAL)
  if (option === inet.IP_UNICAST_IF && value.length !== 4) throw new Errno(EINVAL)
  return value.length >= 4 ? intOf(value) : (value[0] ?? 0)
}

/** struct in_addr, ip_mreq, ip_mreqn: where datagrams for a group come from, or 0. */
function groupSource(value: Uint8Array): number {
  if (value.length < 4) throw new Errno(EINVAL)
  const ip = ipv4At(value, value.length < inet.IP_MREQ_BYTES ? 0 : 4)
  const index = value.length < inet.IP_MREQN_BYTES ? 0 : intOf(value.subarray(8))
  if (index !== 0 && index !== LO.index) throw new Errno(EADDRNOTAVAIL)
  if (index === 0 && ip !== ANY && !isLoopback(ip)) throw new Errno(EADDRNOTAVAIL)
  return ip
}

/** Either of two capabilities is enough. @throws Errno EPERM */
function requireRaw({credentials: {capabilities}}: Task): void {
  if (!hasCapability(capabilities, CAP_NET_RAW) && !hasCapability(capabilities, CAP_NET_ADMIN))
    throw new Errno(EPERM)
}

/** @throws Errno EPROTO, EINVAL, ENODEV, EADDRINUSE, EADDRNOTAVAIL, ENOBUFS */
function setMembership(socket: Holder, level: number, option: number, value: Uint8Array): void {
  if (socket.groups === undefined) throw new Errno(EPROTO)
  const {group, index, address, joins} = membershipOf(level, option, value)
  if ((index !== 0 && index !== LO.index) || (index === 0 && !isLocal(address)))
    throw new Errno(joins ? ENODEV : EADDRNOTAVAIL)
  if (joins) socket.groups.join(group)
  else socket.groups.leave(group)
}

const isLocal = (ip: IpAddress): boolean => isAny(ip) || isLoopback(ip)

/** @param room bytes that the caller has room for @throws Errno ENOPROTOOPT, ENOTCONN */
export function ipOption(socket: Holder, level: number, option: number, room: number): Uint8Array {
  if (level === inet.SOL_IPV6) {
    if (option === inet.IPV6_V6ONLY) return intBytes(Number(socket.isIPv6Only))
    return intBytes(option === inet.IPV6_MTU ? mtuOf(socket) : numberOf(socket, level, option))
  }
  if (option === inet.IP_OPTIONS) return NOTHING
  const number = option === inet.IP_MTU ? mtuOf(socket) : numberOf(socket, level, option)
  if (option === inet.IP_MULTICAST_IF) return encodeIp(number, AF_INET)
  // Where there is no room for an int, a small number is one byte.
  return room < 4 && number >= 0 && number <= 0xff ? Uint8Array.of(number) : intBytes(number)
}

/** Of its route, which only a connected socket has. @throws Errno ENOTCONN */
function mtuOf({remote}: Holder): number {
  if (remote === undefined) throw new Errno(ENOTCONN)
  return LO.mtu
}

function numberOf({kept}: Holder, level: number, option: number): number {
  const value = kept.get(level, option)
  if (value === undefined) throw new Errno(ENOPROTOOPT)
  return value
}
