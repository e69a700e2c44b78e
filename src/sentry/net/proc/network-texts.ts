// Files of /proc/net that belong to no one family: the loopback interface, its addresses and routes, and what the protocols have counted.

import {AF_INET, AF_INET6} from '../../../abi/socket.ts'
import type {InetStack} from '../inet/inet-stack.ts'
import type {PortTable} from '../inet/port-table.ts'
import {NETSTAT, SNMP, SNMP6} from './counter-names.ts'

const NONE6 = '0'.repeat(32)
const LOOPBACK6 = `${'0'.repeat(31)}1`

const DEV =
  'Inter-|   Receive                                                |  Transmit\n' +
  ' face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n'

const ROUTE = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT'
const ROUTE_LINE = 127

const FIB_TABLE =
  '  +-- 127.0.0.0/8 2 0 2\n     +-- 127.0.0.0/31 1 0 0\n        |-- 127.0.0.0\n           /8 host LOCAL\n' +
  '        |-- 127.0.0.1\n           /32 host LOCAL\n     |-- 127.255.255.255\n        /32 link BROADCAST\n'

/** What never changes. */
const CONSTANT: Readonly<Record<string, string>> = {
  arp: 'IP address       HW type     Flags       HW address            Mask     Device\n',
  dev_mcast: '',
  fib_trie: `Main:\n${FIB_TABLE}Local:\n${FIB_TABLE}`,
  if_inet6: `${LOOPBACK6} 01 80 10 80       lo\n`,
  igmp: 'Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n1\tlo        :     1      V3\n\t\t\t\t010000E0     1 0:00000000\t\t0\n',
  igmp6:
    '1    lo              ff020000000000000000000000000001     1 0000000C 0\n' +
    '1    lo              ff010000000000000000000000000001     1 00000008 0\n',
  ipv6_route: [
    route6(NONE6, '00', 'ffffffff', '00000001', '00200200'),
    route6(LOOPBACK6, '80', '00000000', '00000002', '80200001'),
    route6(NONE6, '00', 'ffffffff', '00000001', '00200200'),
  ].join(''),
  netlink: 'sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode\n',
  packet: 'sk               RefCnt Type Proto  Iface R Rmem   User   Inode\n',
  ptype: 'Type Device      Function\n0800          ip_rcv\n86dd          ipv6_rcv\n',
  route: `${ROUTE.padEnd(ROUTE_LINE)}\n`,
}

/** inet6_rt_show in Linux: no source, no next hop. */
function route6(to: string, prefix: string, metric: string, references: string, flags: string): string {
  return `${to} ${prefix} ${NONE6} 00 ${NONE6} ${metric} ${references} 00000000 ${flags}       lo\n`
}

export function networkTexts(stack: InetStack): Readonly<Record<string, () => string>> {
  return {
    ...Object.fromEntries(Object.entries(CONSTANT).map(([name, text]) => [name, () => text])),
    dev: () => devText(stack),
    protocols: () => protocolsText(stack),
    netstat: () => groupsText(NETSTAT, stack),
    snmp: () => groupsText(SNMP, stack),
    snmp6: () => countersText(stack),
    sockstat: () => sockstatText(stack),
    sockstat6: () => sockstat6Text(stack),
  }
}

/** What is sent is received: both halves are the same. */
function devText({counters}: InetStack): string {
  const {octets, packets} = counters
  const [bytes, count] = [String(octets), String(packets)]
  const received = `${bytes.padStart(8)} ${count.padStart(7)}    0    0    0     0          0         0`
  const sent = `${bytes.padStart(8)} ${count.padStart(7)}    0    0    0     0       0          0`
  return `${DEV}    lo:${received} ${sent}\n`
}

/** Pairs of lines: names, and their values. */
function groupsText(groups: Readonly<Record<string, string>>, {counters}: InetStack): string {
  let lines = ''
  for (const [group, names] of Object.entries(groups)) {
    const values = counters.values(group)
    const shown = names.split(' ').map((name) => values[name] ?? 0)
    lines += `${group}: ${names}\n${group}: ${shown.join(' ')}\n`
  }
  return lines
}

/** Of each counter its prefix is a group: Udp6InDatagrams. */
function countersText({counters}: InetStack): string {
  const values = counters.values('6')
  return SNMP6.split(' ')
    .map((name) => `${name.padEnd(32)}\t${values[name] ?? 0}\n`)
    .join('')
}

function sockstatText({tcp, udp, timeWaits}: InetStack): string {
  const [tcpCount, udpCount] = [countOf(tcp, AF_INET), countOf(udp, AF_INET)]
  return (
    `sockets: used ${tcp.size + udp.size}\nTCP: inuse ${tcpCount} orphan 0 tw ${timeWaits.size} ` +
    `alloc ${tcp.size} mem 0\n` +
    `UDP: inuse ${udpCount} mem 0\nUDPLITE: inuse 0\nRAW: inuse 0\nFRAG: inuse 0 memory 0\n`
  )
}

function sockstat6Text({tcp, udp}: InetStack): string {
  const [tcpCount, udpCount] = [countOf(tcp, AF_INET6), countOf(udp, AF_INET6)]
  return (
    `TCP6: inuse ${tcpCount}\nUDP6: inuse ${udpCount}\nUDPLITE6: inuse 0\nRAW6: inuse 0\n` +
    'FRAG6: inuse 0 memory 0\n'
  )
}

const PROTOCOLS =
  'protocol  size sockets  memory press maxhdr  slab module     cl co di ac io in de sh ss gs se re bi br ha uh gp em\n'
/** Which operations a protocol has, in the order of the heading: proto_seq_printf in Linux. */
const TCP_OPERATIONS = 'y  y  y  y  y  y  y  y  y  y  y  y  n  y  y  y  y  y'
const UDP_OPERATIONS = 'y  y  y  n  y  y  y  n  y  y  y  y  n  n  y  y  y  n'

/** The protocols that count their sockets. */
function protocolsText({tcp, udp}: InetStack): string {
  const line = (name: string, bytes: number, sockets: number, isTcp: boolean): string =>
    `${name.padEnd(9)} ${bytes} ${String(sockets).padStart(6)} ${'0'.padStart(7)}   ${isTcp ? 'no     192' : 'NI       0'}   ` +
    `yes  kernel      ${isTcp ? TCP_OPERATIONS : UDP_OPERATIONS}\n`
  return (
    `${PROTOCOLS}${line('UDPv6', 1472, countOf(udp, AF_INET6), false)}${line('TCPv6', 2432, countOf(tcp, AF_INET6), true)}` +
    `${line('UDP', 1344, countOf(udp, AF_INET), false)}${line('TCP', 2304, countOf(tcp, AF_INET), true)}`
  )
}

function countOf(ports: PortTable, family: number): number {
  let count = 0
  for (const socket of ports.all()) if (socket.family.number === family) count++
  return count
}
