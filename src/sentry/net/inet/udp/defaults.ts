// DatagramDefaults: what a UDP socket's options make of each datagram that it sends: found when they change, so that a send costs no search.

import {
  IP_MULTICAST_TTL,
  IP_TOS,
  IP_TTL,
  IPV6_MULTICAST_HOPS,
  IPV6_TCLASS,
  IPV6_UNICAST_HOPS,
  SOL_IP,
  SOL_IPV6,
  SOL_UDP,
  UDP_CORK,
  UDP_SEGMENT,
} from '../../../../abi/inet.ts'
import type {KeptOptions} from '../options.ts'

interface HeaderFields {
  /** TTL or hop limit: to one receiver, and to a group. */
  readonly hops: number
  readonly groupHops: number
  /** TOS or traffic class. */
  readonly trafficClass: number
}

export class DatagramDefaults {
  ipv4!: HeaderFields
  ipv6!: HeaderFields
  /** UDP_CORK: datagrams are collected. */
  isCorking = false
  /** UDP_SEGMENT, or 0. */
  segmentBytes = 0

  constructor(kept: KeptOptions) {
    this.update(kept)
  }

  update(kept: KeptOptions): void {
    const ip = (option: number) => kept.get(SOL_IP, option) ?? 0
    const ipv6 = (option: number) => kept.get(SOL_IPV6, option) ?? 0
    this.ipv4 = {hops: ip(IP_TTL), groupHops: ip(IP_MULTICAST_TTL), trafficClass: ip(IP_TOS)}
    this.ipv6 = {
      hops: ipv6(IPV6_UNICAST_HOPS),
      groupHops: ipv6(IPV6_MULTICAST_HOPS),
      trafficClass: ipv6(IPV6_TCLASS),
    }
    this.isCorking = kept.isOn(SOL_UDP, UDP_CORK)
    this.segmentBytes = kept.get(SOL_UDP, UDP_SEGMENT) ?? 0
  }
}
