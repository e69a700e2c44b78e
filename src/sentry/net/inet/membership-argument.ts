// What setsockopt(2) is given to join or leave a multicast group: struct ip_mreq, ip_mreqn, ipv6_mreq, group_req.

import {EADDRNOTAVAIL, EINVAL, Errno} from '../../../abi/errno.ts'
import {
  GROUP_REQ,
  IP_ADD_MEMBERSHIP,
  IP_DROP_MEMBERSHIP,
  IP_MREQ_BYTES,
  IP_MREQN_BYTES,
  IPV6_JOIN_GROUP,
  IPV6_LEAVE_GROUP,
  IPV6_MREQ_BYTES,
  MCAST_JOIN_GROUP,
  MCAST_LEAVE_GROUP,
  SOL_IP,
} from '../../../abi/inet.ts'
import {AF_INET, AF_INET6} from '../../../abi/socket.ts'
import {ANY, ANY6, decodeIPv6, familyOf, type IpAddress, ipv4At, isMulticast} from './address.ts'
import {intOf} from './options.ts'

interface MembershipArgument {
  readonly group: IpAddress
  /** Of the interface; 0: `address` is an address of it, or any will do. */
  readonly index: number
  readonly address: IpAddress
  readonly joins: boolean
}

const JOINS: readonly number[] = [IP_ADD_MEMBERSHIP, IPV6_JOIN_GROUP, MCAST_JOIN_GROUP]
const OF_IP: readonly number[] = [IP_ADD_MEMBERSHIP, IP_DROP_MEMBERSHIP, MCAST_JOIN_GROUP, MCAST_LEAVE_GROUP]
const OF_IPV6: readonly number[] = [IPV6_JOIN_GROUP, IPV6_LEAVE_GROUP, MCAST_JOIN_GROUP, MCAST_LEAVE_GROUP]

export function isMembershipOption(level: number, option: number): boolean {
  return (level === SOL_IP ? OF_IP : OF_IPV6).includes(option)
}

/** @throws Errno EINVAL, EADDRNOTAVAIL */
export function membershipOf(level: number, option: number, value: Uint8Array): MembershipArgument {
  const joins = JOINS.includes(option)
  const isRequest = option === MCAST_JOIN_GROUP || option === MCAST_LEAVE_GROUP
  const argument = isRequest
    ? groupRequest(level, value)
    : level === SOL_IP
      ? ipRequest(value)
      : ipv6Request(value)
  if (!isMulticast(argument.group)) throw new Errno(joins || level !== SOL_IP ? EINVAL : EADDRNOTAVAIL)
  return {...argument, joins}
}

type Request = Omit<MembershipArgument, 'joins'>

function ipRequest(value: Uint8Array): Request {
  if (value.length < IP_MREQ_BYTES) throw new Errno(EINVAL)
  const index = value.length < IP_MREQN_BYTES ? 0 : intOf(value.subarray(8))
  return {group: ipv4At(value, 0), address: ipv4At(value, 4), index}
}

function ipv6Request(value: Uint8Array): Request {
  if (value.length < IPV6_MREQ_BYTES) throw new Errno(EINVAL)
  return {group: decodeIPv6(value.subarray(0, 16)), address: ANY6, index: intOf(value.subarray(16))}
}

function groupRequest(level: number, value: Uint8Array): Request {
  if (value.length < GROUP_REQ.bytes) throw new Errno(EINVAL)
  const [family, error] = level === SOL_IP ? [AF_INET, EINVAL] : [AF_INET6, EADDRNOTAVAIL]
  const address = value.subarray(GROUP_REQ.group)
  if (familyOf(address) !== family) throw new Errno(error)
  const group = family === AF_INET ? ipv4At(address, 4) : decodeIPv6(address.subarray(8, 24))
  return {group, address: ANY, index: intOf(value)}
}
