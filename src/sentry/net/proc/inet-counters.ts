// InetCounters: what /proc/net/snmp, netstat and dev show of a kernel's internet sockets. RFC 1213 says what the names mean.

import {type IpAddress, isIPv4} from '../inet/address.ts'

/** Of one address family. */
interface UdpCounters {
  InDatagrams: number
  OutDatagrams: number
  /** Datagrams for ports that nobody has. */
  NoPorts: number
  /** Datagrams for which a receiver had no room. */
  RcvbufErrors: number
}

const udpCounters = (): UdpCounters => ({InDatagrams: 0, OutDatagrams: 0, NoPorts: 0, RcvbufErrors: 0})

/** There are no packets: each piece of a stream that is handed over counts as a segment, without its header. */
export class InetCounters {
  readonly tcp = {ActiveOpens: 0, PassiveOpens: 0, AttemptFails: 0, EstabResets: 0, OutRsts: 0}
  /** Connections that found a listener's backlog full. */
  listenOverflows = 0
  /** Connections that left nothing in TIME_WAIT, for want of room. */
  timeWaitOverflows = 0
  segments = 0
  readonly udp4 = udpCounters()
  readonly udp6 = udpCounters()
  /** Bytes of both protocols. */
  octets = 0

  udp(ip: IpAddress): UdpCounters {
    return isIPv4(ip) ? this.udp4 : this.udp6
  }

  countSegment(bytes: number): void {
    this.segments++
    this.octets += bytes
  }

  countDatagram(to: IpAddress, bytes: number): void {
    this.udp(to).OutDatagrams++
    this.octets += bytes
  }

  get packets(): number {
    return this.segments + this.udp4.OutDatagrams + this.udp6.OutDatagrams
  }

  /** @param group the word before the colon in /proc/net/snmp and netstat; 6: all of /proc/net/snmp6 */
  values(group: string): Readonly<Record<string, number>> {
    const {packets, segments, octets, listenOverflows: overflows} = this
    switch (group) {
      case 'Ip':
        return {
          ...{Forwarding: 2, DefaultTTL: 64, InReceives: packets, InDelivers: packets},
          ...{OutRequests: packets, OutTransmits: packets},
        }
      case 'Tcp':
        return {
          ...{RtoAlgorithm: 1, RtoMin: 200, RtoMax: 120_000, MaxConn: -1},
          ...{...this.tcp, InSegs: segments, OutSegs: segments},
        }
      case 'Udp':
        return {...this.udp4, InErrors: this.udp4.RcvbufErrors}
      case 'TcpExt':
        return {
          ...{ListenOverflows: overflows, ListenDrops: overflows},
          TCPTimeWaitOverflow: this.timeWaitOverflows,
        }
      case 'IpExt':
        return {InOctets: octets, OutOctets: octets}
      case '6':
        return this.#ipv6Values()
      default:
        return {}
    }
  }

  #ipv6Values(): Record<string, number> {
    const named = Object.entries(this.udp6).map(([name, value]) => [`Udp6${name}`, value])
    return {...Object.fromEntries(named), Udp6InErrors: this.udp6.RcvbufErrors}
  }
}
