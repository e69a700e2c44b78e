// NETLINK_ROUTE: interfaces, addresses, routes and rules: rtnetlink(7); net/core/rtnetlink.c. They can be read, not changed.

import {EINVAL, ENODEV, ENOENT, EOPNOTSUPP, EPERM, Errno} from '../../../abi/errno.ts'
import * as abi from '../../../abi/netlink.ts'
import {AF_BRIDGE, AF_INET, AF_INET6} from '../../../abi/socket.ts'
import {viewOf} from '../../../abi/view.ts'
import type {Task} from '../../core/task.ts'
import {LO} from '../loopback.ts'
import {type Answer, attributeIn, type Request} from './message.ts'
import type {NetlinkProtocol} from './protocol.ts'
import {addressRow, linkRow, queueRow, ruleRows} from './route-messages.ts'
import {findRoute, routeRows} from './routes.ts'

/** What can be asked for. */
interface Row {
  /** Bytes that a request for one thing has at least. */
  readonly bodyBytes: number
  /** @throws Errno; absent: EOPNOTSUPP */
  get?(request: Request): Answer
  dump?(request: Request): readonly Answer[]
}

const rows: Readonly<Record<number, Row>> = {
  [abi.RTM_GETLINK]: {bodyBytes: abi.IFINFOMSG_BYTES, get: getLink, dump: links},
  [abi.RTM_GETADDR]: {bodyBytes: abi.IFADDRMSG_BYTES, get: getAddress, dump: addresses},
  [abi.RTM_GETROUTE]: {bodyBytes: abi.RTMSG_BYTES, get: findRoute, dump: routeRows},
  // lo has no neighbours.
  [abi.RTM_GETNEIGH]: {bodyBytes: abi.NDMSG_BYTES, get: fail(ENOENT), dump: () => []},
  [abi.RTM_GETRULE]: {bodyBytes: abi.RTMSG_BYTES, dump: ruleRows},
  [abi.RTM_GETQDISC]: {bodyBytes: abi.TCMSG_BYTES, dump: () => [queueRow()]},
  // A queue of this kind has neither.
  [abi.RTM_GETTCLASS]: {bodyBytes: abi.TCMSG_BYTES, dump: () => []},
  [abi.RTM_GETTFILTER]: {bodyBytes: abi.TCMSG_BYTES, dump: () => []},
}

export class RouteProtocol implements NetlinkProtocol {
  readonly number = abi.NETLINK_ROUTE

  hasDumps(type: number): boolean {
    return (type & abi.RTM_KIND_MASK) === abi.RTM_KIND_GET
  }

  /** rtnetlink_rcv_msg in Linux. */
  answer(_task: Task, request: Request): Answer | undefined {
    const {type, body} = request
    if (type > abi.RTM_MAX) throw new Errno(EOPNOTSUPP)
    if (body.length === 0) return undefined
    if ((type & abi.RTM_KIND_MASK) !== abi.RTM_KIND_GET) throw new Errno(EPERM)
    const row = rows[type]
    if (row?.get === undefined) throw new Errno(EOPNOTSUPP)
    if (body.length < row.bodyBytes) throw new Errno(EINVAL)
    return row.get(request)
  }

  dump(request: Request, start: number): Iterable<Answer> {
    const {dump} = rows[request.type] ?? {}
    if (dump === undefined) throw new Errno(EOPNOTSUPP)
    return dump(request).slice(start)
  }
}

function fail(code: number): () => never {
  return () => {
    throw new Errno(code)
  }
}

/** By index or name. */
function getLink({body}: Request): Answer {
  const index = viewOf(body).getInt32(4, true)
  const name =
    attributeIn(body, abi.IFINFOMSG_BYTES, abi.IFLA.IFNAME) ??
    attributeIn(body, abi.IFINFOMSG_BYTES, abi.IFLA.ALT_IFNAME)
  if (index <= 0 && name === undefined) throw new Errno(EINVAL)
  if (index > 0 ? index !== LO.index : textOf(name!) !== LO.name) throw new Errno(ENODEV)
  return linkRow()
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1').split('\0', 1)[0]

/** Linux serves this for IPv6 alone. */
function getAddress({body}: Request): Answer {
  if (body[0] !== AF_INET6) throw new Errno(EOPNOTSUPP)
  const wanted = attributeIn(body, abi.IFADDRMSG_BYTES, abi.IFA.ADDRESS)
  const found = LO.addresses.find(
    ({family, ip}) =>
      family === AF_INET6 && wanted !== undefined && Buffer.from(wanted).toString('hex') === ip,
  )
  if (found === undefined) throw new Errno(wanted === undefined ? EINVAL : ENODEV)
  return addressRow(found)
}

/** AF_BRIDGE asks for ports of bridges, which there are none of. */
function links({body}: Request): Answer[] {
  return body[0] === AF_BRIDGE ? [] : [linkRow()]
}

/** Of the family that is asked for, or of all. */
function addresses({body}: Request): Answer[] {
  const wanted = body[0]
  const isAll = wanted !== AF_INET && wanted !== AF_INET6
  return LO.addresses.filter(({family}) => isAll || family === wanted).map(addressRow)
}
