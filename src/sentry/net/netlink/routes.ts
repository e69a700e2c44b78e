// The routes to this machine itself, which are all that there are: RTM_GETROUTE of rtnetlink(7).

import {EINVAL, ENETUNREACH, Errno} from '../../../abi/errno.ts'
import * as abi from '../../../abi/netlink.ts'
import {AF_INET, AF_INET6} from '../../../abi/socket.ts'
import {viewOf} from '../../../abi/view.ts'
import {
  ANY,
  decodeIPv6,
  encodeIp,
  type IpAddress,
  ipv4At,
  isAny,
  isIPv4,
  isLoopback,
  LOOPBACK,
  LOOPBACK_BROADCAST,
  LOOPBACK6,
} from '../inet/address.ts'
import {LO} from '../loopback.ts'
import {type Answer, Attributes, asksFor, attributeIn, type Request} from './message.ts'

const CACHEINFO_BYTES = 32
/** Rows of the table `local`: a destination, how many of its bits count, and RTN_*. */
const ROUTES: readonly {ip: IpAddress; bits: number; type: number}[] = [
  {ip: 0x7f00_0000, bits: 8, type: abi.RTN_LOCAL},
  {ip: LOOPBACK, bits: 32, type: abi.RTN_LOCAL},
  {ip: LOOPBACK_BROADCAST, bits: 32, type: abi.RTN_BROADCAST},
  {ip: LOOPBACK6, bits: 128, type: abi.RTN_LOCAL},
]

/** fib_dump_info, rt6_fill_node in Linux. */
export function routeRows(request: Request): Answer[] {
  const {body} = request
  const isCloned =
    body.length >= abi.RTMSG_BYTES && (viewOf(body).getUint32(8, true) & abi.RTM_F_CLONED) !== 0
  if (isCloned) return []
  return ROUTES.filter(({ip}) => asksFor(request, familyOf(ip))).map(({ip, bits, type}) => {
    const {RTA} = abi
    const scope = type === abi.RTN_BROADCAST ? abi.RT_SCOPE_LINK : abi.RT_SCOPE_HOST
    const attributes = new Attributes(
      routeHeader(familyOf(ip), bits, abi.RT_TABLE_LOCAL, abi.RTPROT_KERNEL, isIPv4(ip) ? scope : 0, type, 0),
    )
      .putUint32s(RTA.TABLE, abi.RT_TABLE_LOCAL)
      .put(RTA.DST, encodeIp(ip, familyOf(ip)))
    if (isIPv4(ip)) attributes.put(RTA.PREFSRC, encodeIp(LOOPBACK, AF_INET)).putUint32s(RTA.OIF, LO.index)
    else putIPv6(attributes.putUint32s(RTA.PRIORITY, 0).putUint32s(RTA.OIF, LO.index))
    return {type: abi.RTM_NEWROUTE, body: attributes.bytes()}
  })
}

/** The way to one address: `ip route get`. @throws Errno ENETUNREACH, EINVAL */
export function findRoute({body}: Request): Answer {
  const ip = destinationIn(body)
  const {RTA} = abi
  if (isIPv4(ip)) {
    if (!isAny(ip) && !isLoopback(ip)) throw new Errno(ENETUNREACH)
    const isBroadcast = ip === LOOPBACK_BROADCAST
    const type = isBroadcast ? abi.RTN_BROADCAST : abi.RTN_LOCAL
    const flags = abi.RTM_F_CLONED | abi.RTCF_LOCAL | (isBroadcast ? abi.RTCF_BROADCAST : 0)
    const attributes = new Attributes(routeHeader(AF_INET, 32, abi.RT_TABLE_MAIN, 0, 0, type, flags))
      .putUint32s(RTA.TABLE, abi.RT_TABLE_MAIN)
      .put(RTA.DST, encodeIp(ip, AF_INET))
      .putUint32s(RTA.OIF, LO.index)
      .put(RTA.PREFSRC, encodeIp(LOOPBACK, AF_INET))
      .putUint32s(RTA.UID, 0)
      .put(RTA.CACHEINFO, new Uint8Array(CACHEINFO_BYTES))
    return {type: abi.RTM_NEWROUTE, body: attributes.bytes()}
  }
  if (!isAny(ip) && !isLoopback(ip)) throw new Errno(ENETUNREACH)
  const attributes = new Attributes(
    routeHeader(AF_INET6, 128, abi.RT_TABLE_LOCAL, abi.RTPROT_KERNEL, 0, abi.RTN_LOCAL, abi.RTM_F_CLONED),
  )
    .putUint32s(RTA.TABLE, abi.RT_TABLE_LOCAL)
    .put(RTA.DST, encodeIp(ip, AF_INET6))
    .put(RTA.PREFSRC, encodeIp(LOOPBACK6, AF_INET6))
    .putUint32s(RTA.PRIORITY, 0)
    .putUint32s(RTA.OIF, LO.index)
  return {type: abi.RTM_NEWROUTE, body: putIPv6(attributes).bytes()}
}

/** Without one: this machine. @throws Errno EINVAL */
function destinationIn(body: Uint8Array): IpAddress {
  const family = body[0]
  if (family !== AF_INET && family !== AF_INET6) throw new Errno(EINVAL)
  const bytes = attributeIn(body, abi.RTMSG_BYTES, abi.RTA.DST)
  if (bytes === undefined) return family === AF_INET ? ANY : LOOPBACK6
  if (bytes.length < (family === AF_INET ? 4 : 16)) throw new Errno(EINVAL)
  return family === AF_INET ? ipv4At(bytes, 0) : decodeIPv6(bytes.subarray(0, 16))
}

const familyOf = (ip: IpAddress): number => (isIPv4(ip) ? AF_INET : AF_INET6)

/** struct rtmsg. */
function routeHeader(
  family: number,
  bits: number,
  table: number,
  protocol: number,
  scope: number,
  type: number,
  flags: number,
): Uint8Array {
  const header = new Uint8Array(abi.RTMSG_BYTES)
  header.set([family, bits, 0, 0, table, protocol, scope, type])
  viewOf(header).setUint32(8, flags >>> 0, true)
  return header
}

/** What every IPv6 route ends with: its use, and a medium preference. */
function putIPv6(attributes: Attributes): Attributes {
  return attributes.put(abi.RTA.CACHEINFO, new Uint8Array(CACHEINFO_BYTES)).putUint8(abi.RTA.PREF, 0)
}
