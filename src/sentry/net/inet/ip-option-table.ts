// The options of ip(7) and ipv6(7) that hold a number: their defaults and bounds. do_ip_setsockopt and do_ipv6_setsockopt in Linux.

import {EADDRNOTAVAIL, EINVAL, ENODEV, ENOPROTOOPT} from '../../../abi/errno.ts'
import * as inet from '../../../abi/inet.ts'
import {LO} from '../loopback.ts'
import {type KeptOption, number, off, on} from './kept-option.ts'

type Rows = Readonly<Record<number, KeptOption>>

const DEFAULT_TTL = 64
/** For an address of many receivers. */
const DEFAULT_GROUP_TTL = 1
const LEAST_IPV6_MTU = 1280
const bit = (initial: number): KeptOption => number(initial, 0, 1)
const orDefault = (initial: number, least: number): KeptOption => ({
  ...number(initial, least, 255),
  besides: [-1, initial],
})
/** An interface's index in network order, or 0 for any. */
const interfaceIndex: KeptOption = {
  ...number(0, LO.index << 24, LO.index << 24),
  besides: [0, 0],
  error: EADDRNOTAVAIL,
}

export const IP_OPTIONS: Rows = {
  [inet.IP_TOS]: number(0),
  [inet.IP_TTL]: orDefault(DEFAULT_TTL, 1),
  [inet.IP_RECVOPTS]: off,
  [inet.IP_RETOPTS]: off,
  [inet.IP_PKTINFO]: off,
  [inet.IP_MTU_DISCOVER]: number(1, 0, 5),
  [inet.IP_RECVERR]: off,
  [inet.IP_RECVTTL]: off,
  [inet.IP_RECVTOS]: off,
  [inet.IP_FREEBIND]: off,
  [inet.IP_PASSSEC]: off,
  [inet.IP_TRANSPARENT]: off,
  [inet.IP_RECVORIGDSTADDR]: off,
  [inet.IP_MINTTL]: number(0, 0, 255),
  [inet.IP_CHECKSUM]: off,
  [inet.IP_BIND_ADDRESS_NO_PORT]: off,
  [inet.IP_RECVFRAGSIZE]: {...off, streamError: EINVAL},
  [inet.IP_RECVERR_RFC4884]: bit(0),
  [inet.IP_MULTICAST_IF]: {...number(0), streamError: EINVAL},
  [inet.IP_MULTICAST_TTL]: {...orDefault(DEFAULT_GROUP_TTL, 0), streamError: EINVAL},
  [inet.IP_MULTICAST_LOOP]: on,
  [inet.IP_MULTICAST_ALL]: bit(1),
  [inet.IP_UNICAST_IF]: interfaceIndex,
}

export const IPV6_OPTIONS: Rows = {
  [inet.IPV6_FLOWINFO]: off,
  [inet.IPV6_UNICAST_HOPS]: orDefault(DEFAULT_TTL, 0),
  [inet.IPV6_MULTICAST_IF]: {...number(0, 0, LO.index), error: ENODEV, streamError: ENOPROTOOPT},
  [inet.IPV6_MULTICAST_HOPS]: {...orDefault(DEFAULT_GROUP_TTL, 0), streamError: ENOPROTOOPT},
  [inet.IPV6_MULTICAST_LOOP]: bit(1),
  [inet.IPV6_MULTICAST_ALL]: on,
  [inet.IPV6_MTU_DISCOVER]: number(1, 0, 5),
  [inet.IPV6_MTU]: {...number(0, LEAST_IPV6_MTU), besides: [0, 0]},
  [inet.IPV6_RECVERR]: off,
  [inet.IPV6_RECVERR_RFC4884]: bit(0),
  [inet.IPV6_FLOWINFO_SEND]: off,
  [inet.IPV6_RECVPKTINFO]: off,
  [inet.IPV6_RECVHOPLIMIT]: off,
  [inet.IPV6_RECVHOPOPTS]: off,
  [inet.IPV6_RECVRTHDR]: off,
  [inet.IPV6_RECVDSTOPTS]: off,
  [inet.IPV6_RECVPATHMTU]: off,
  [inet.IPV6_DONTFRAG]: off,
  [inet.IPV6_RECVTCLASS]: off,
  [inet.IPV6_TCLASS]: orDefault(0, 0),
  [inet.IPV6_AUTOFLOWLABEL]: on,
  [inet.IPV6_MINHOPCOUNT]: number(0, 0, 255),
  [inet.IPV6_RECVORIGDSTADDR]: off,
  [inet.IPV6_TRANSPARENT]: off,
  [inet.IPV6_UNICAST_IF]: interfaceIndex,
  [inet.IPV6_RECVFRAGSIZE]: off,
  [inet.IPV6_FREEBIND]: off,
}
