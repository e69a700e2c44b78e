// The messages of rtnetlink(7) that show interfaces, addresses and rules.

import * as abi from '../../../abi/netlink.ts'
import {AF_INET, AF_INET6} from '../../../abi/socket.ts'
import {viewOf} from '../../../abi/view.ts'
import {encodeIp} from '../inet/address.ts'
import {type InterfaceAddress, LO} from '../loopback.ts'
import {type Answer, Attributes, asksFor, type Request} from './message.ts'

const FOREVER = 0xffff_ffff
/** Sizes of structs that are all zero here: rtnl_link_stats, its 64-bit form, rtnl_link_ifmap. */
const STATS_BYTES = 96
const STATS64_BYTES = 200
const MAP_BYTES = 32
const QUEUE = 'noqueue'
/** gnet_stats_basic, gnet_stats_queue, tc_stats. */
const BASIC_BYTES = 16
const QUEUE_BYTES = 20
const TC_STATS_BYTES = 40

/** struct ifinfomsg and what describes the interface. rtnl_fill_ifinfo in Linux. */
export function linkRow(): Answer {
  const header = new Uint8Array(abi.IFINFOMSG_BYTES)
  const view = viewOf(header)
  view.setUint16(2, LO.type, true)
  view.setInt32(4, LO.index, true)
  view.setUint32(8, LO.flags, true)
  const {IFLA} = abi
  const attributes = new Attributes(header)
    .putText(IFLA.IFNAME, LO.name)
    .putUint32s(IFLA.TXQLEN, LO.queueLength)
    // IF_OPER_UNKNOWN: it is a device that tells nothing.
    .putUint8(IFLA.OPERSTATE, 0)
    .putUint8(IFLA.LINKMODE, 0)
    .putUint32s(IFLA.MTU, LO.mtu)
    .putUint32s(IFLA.GROUP, 0)
    .putUint32s(IFLA.PROMISCUITY, 0)
    .putUint32s(IFLA.NUM_TX_QUEUES, 1)
    .putUint32s(IFLA.NUM_RX_QUEUES, 1)
    .putUint8(IFLA.CARRIER, 1)
    .putUint32s(IFLA.CARRIER_CHANGES, 0)
    .put(IFLA.ADDRESS, Uint8Array.from(LO.hardwareAddress))
    .put(IFLA.BROADCAST, new Uint8Array(LO.hardwareAddress.length))
    .put(IFLA.STATS64, new Uint8Array(STATS64_BYTES))
    .put(IFLA.STATS, new Uint8Array(STATS_BYTES))
    .putText(IFLA.QDISC, QUEUE)
    .put(IFLA.MAP, new Uint8Array(MAP_BYTES))
  return {type: abi.RTM_NEWLINK, body: attributes.bytes()}
}

/** How packets wait at the interface: they do not. tc_fill_qdisc in Linux. */
export function queueRow(): Answer {
  const {TCA, TCA_STATS} = abi
  const header = new Uint8Array(abi.TCMSG_BYTES)
  const view = viewOf(header)
  view.setInt32(4, LO.index, true)
  view.setUint32(12, abi.TC_H_ROOT, true)
  // Who holds it: the interface, and its only transmit queue.
  view.setUint32(16, 2, true)
  const statistics = new Attributes(new Uint8Array(0))
    .put(TCA_STATS.BASIC, new Uint8Array(BASIC_BYTES))
    .put(TCA_STATS.QUEUE, new Uint8Array(QUEUE_BYTES))
  const attributes = new Attributes(header)
    .putText(TCA.KIND, QUEUE)
    .putUint8(TCA.HW_OFFLOAD, 0)
    .put(TCA.STATS2, statistics.bytes())
    .put(TCA.STATS, new Uint8Array(TC_STATS_BYTES))
  return {type: abi.RTM_NEWQDISC, body: attributes.bytes()}
}

/** inet_fill_ifaddr, inet6_fill_ifaddr in Linux. */
export function addressRow({family, ip, prefixBits}: InterfaceAddress): Answer {
  const {IFA} = abi
  const header = new Uint8Array(abi.IFADDRMSG_BYTES)
  header.set([family, prefixBits, abi.IFA_F_PERMANENT, abi.RT_SCOPE_HOST])
  viewOf(header).setUint32(4, LO.index, true)
  const bytes = encodeIp(ip, family)
  const attributes = new Attributes(header).put(IFA.ADDRESS, bytes)
  if (family === AF_INET) attributes.put(IFA.LOCAL, bytes).putText(IFA.LABEL, LO.name)
  // How long it is preferred and valid; when it was made and changed: at the start.
  attributes.putUint32s(IFA.CACHEINFO, FOREVER, FOREVER, 0, 0).putUint32s(IFA.FLAGS, abi.IFA_F_PERMANENT)
  if (family === AF_INET6) attributes.putUint8(IFA.PROTO, abi.IFAPROT_KERNEL_LO)
  return {type: abi.RTM_NEWADDR, body: attributes.bytes()}
}

/** Priorities and tables of a namespace in which nobody has set rules. */
const RULES: readonly {family: number; priority: number; table: number}[] = [
  {family: AF_INET, priority: 0, table: abi.RT_TABLE_LOCAL},
  {family: AF_INET, priority: 32_766, table: abi.RT_TABLE_MAIN},
  {family: AF_INET, priority: 32_767, table: abi.RT_TABLE_DEFAULT},
  {family: AF_INET6, priority: 0, table: abi.RT_TABLE_LOCAL},
  {family: AF_INET6, priority: 32_766, table: abi.RT_TABLE_MAIN},
]

/** fib_nl_fill_rule in Linux. */
export function ruleRows(request: Request): Answer[] {
  const {FRA} = abi
  return RULES.filter(({family}) => asksFor(request, family)).map(({family, priority, table}) => {
    const header = Uint8Array.of(family, 0, 0, 0, table, 0, 0, abi.FR_ACT_TO_TBL, 0, 0, 0, 0)
    const attributes = new Attributes(header)
      .putUint32s(FRA.TABLE, table)
      .putUint32s(FRA.SUPPRESS_PREFIXLEN, FOREVER)
      .putUint8(FRA.PROTOCOL, abi.RTPROT_KERNEL)
    if (priority !== 0) attributes.putUint32s(FRA.PRIORITY, priority)
    return {type: abi.RTM_NEWRULE, body: attributes.bytes()}
  })
}
