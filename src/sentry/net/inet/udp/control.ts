// Control messages of UDP sockets: what a program says with a datagram, and what it is told: ip(7), ipv6(7), udp(7), cmsg(3).

import {EINVAL, ENODEV, Errno} from '../../../../abi/errno.ts'
import * as inet from '../../../../abi/inet.ts'
import {
  AF_INET,
  AF_INET6,
  SO_RXQ_OVFL,
  SO_TIMESTAMP,
  SO_TIMESTAMP_NEW,
  SOL_SOCKET,
} from '../../../../abi/socket.ts'
import {CLOCK_REALTIME, encodeTimespec, encodeTimeval, type Timespec} from '../../../../abi/time.ts'
import type {HostClock} from '../../../../vfs/host.ts'
import {LO} from '../../loopback.ts'
import type {ControlMessage} from '../../sending.ts'
import {
  decodeIPv6,
  encodeEndpoint,
  encodeIp,
  type IpAddress,
  ipv4At,
  isGroup,
  isIPv4,
  LOOPBACK,
} from '../address.ts'
import type {KeptOptions} from '../options.ts'
import {intBytes, intOf} from '../options.ts'
import type {Datagram} from './datagram.ts'

/** What a program says about one datagram, in place of what its socket has. */
export interface DatagramOptions {
  source?: IpAddress
  hops?: number | undefined
  trafficClass?: number | undefined
  segmentBytes?: number
}

/** @param isIPv6 the datagram goes to an IPv6 address @throws Errno EINVAL, ENODEV */
export function readDatagramOptions(messages: readonly ControlMessage[], isIPv6: boolean): DatagramOptions {
  const options: DatagramOptions = {}
  for (const message of messages) {
    if (message.level === inet.SOL_UDP) readUdp(message, options)
    else if (message.level === inet.SOL_IP && !isIPv6) readIp(message, options)
    else if (message.level === inet.SOL_IPV6 && isIPv6) readIpv6(message, options)
    else if (message.level === inet.SOL_IPV6 && message.type === inet.IPV6_PKTINFO)
      readMapped(message, options)
  }
  return options
}

function readUdp({type, data}: ControlMessage, options: DatagramOptions): void {
  if (type !== inet.UDP_SEGMENT || data.length !== 2) throw new Errno(EINVAL)
  options.segmentBytes = data[0] | (data[1] << 8)
}

function readIp({type, data}: ControlMessage, options: DatagramOptions): void {
  if (type === inet.IP_PKTINFO) {
    requireLength(data, inet.IN_PKTINFO_BYTES)
    requireInterface(intOf(data))
    options.source = ipv4At(data, 4)
  } else if (type === inet.IP_TTL) options.hops = bounded(data, 1)
  else if (type === inet.IP_TOS) options.trafficClass = data.length === 1 ? data[0] : bounded(data, 0)
  else throw new Errno(EINVAL)
}

function readIpv6({type, data}: ControlMessage, options: DatagramOptions): void {
  if (type === inet.IPV6_PKTINFO) options.source = sourceIn(data)
  else if (type === inet.IPV6_HOPLIMIT) options.hops = orUnset(bounded(data, -1))
  else if (type === inet.IPV6_TCLASS) options.trafficClass = orUnset(bounded(data, -1))
  else if (type !== inet.IPV6_DONTFRAG || bounded(data, 0) > 1) throw new Errno(EINVAL)
}

/** A mapped address says where a datagram for an IPv4 address comes from. */
function readMapped({data}: ControlMessage, options: DatagramOptions): void {
  const source = sourceIn(data)
  if (!isIPv4(source)) throw new Errno(EINVAL)
  options.source = source
}

function sourceIn(data: Uint8Array): IpAddress {
  if (data.length < inet.IN6_PKTINFO_BYTES) throw new Errno(EINVAL)
  requireInterface(intOf(data.subarray(16)))
  return decodeIPv6(data.subarray(0, 16))
}

const orUnset = (value: number): number | undefined => (value === -1 ? undefined : value)

function bounded(data: Uint8Array, least: number): number {
  requireLength(data, 4)
  const value = intOf(data)
  if (value < least || value > 255) throw new Errno(EINVAL)
  return value
}

function requireLength({length}: Uint8Array, wanted: number): void {
  if (length !== wanted) throw new Errno(EINVAL)
}

function requireInterface(index: number): void {
  if (index !== 0 && index !== LO.index) throw new Errno(ENODEV)
}

/** One option, and the message that it asks for with each datagram. */
interface ReceiveOption {
  readonly level: number
  readonly option: number
  readonly type: number
  /** Of which datagrams; absent: of all. */
  readonly isIPv6?: boolean
  data(datagram: Datagram): Uint8Array
}

/** In Linux's order: ip_cmsg_recv_offset, ip6_datagram_recv_ctl. */
const RECEIVE_OPTIONS: readonly ReceiveOption[] = [
  {level: inet.SOL_IPV6, option: inet.IPV6_RECVPKTINFO, type: inet.IPV6_PKTINFO, data: ipv6PacketInfo},
  {level: inet.SOL_IP, option: inet.IP_PKTINFO, type: inet.IP_PKTINFO, isIPv6: false, data: packetInfo},
  {level: inet.SOL_IP, option: inet.IP_RECVTTL, type: inet.IP_TTL, isIPv6: false, data: hops},
  {
    level: inet.SOL_IP,
    option: inet.IP_RECVTOS,
    type: inet.IP_TOS,
    isIPv6: false,
    data: ({trafficClass}) => Uint8Array.of(trafficClass),
  },
  {
    level: inet.SOL_IP,
    option: inet.IP_RECVORIGDSTADDR,
    type: inet.IP_RECVORIGDSTADDR,
    isIPv6: false,
    data: ({to}) => encodeEndpoint(to, AF_INET),
  },
  {level: inet.SOL_IPV6, option: inet.IPV6_RECVHOPLIMIT, type: inet.IPV6_HOPLIMIT, isIPv6: true, data: hops},
  {
    level: inet.SOL_IPV6,
    option: inet.IPV6_RECVTCLASS,
    type: inet.IPV6_TCLASS,
    isIPv6: true,
    data: ({trafficClass}) => intBytes(trafficClass),
  },
  {
    level: inet.SOL_IPV6,
    option: inet.IPV6_RECVORIGDSTADDR,
    type: inet.IPV6_RECVORIGDSTADDR,
    isIPv6: true,
    data: ({to}) => encodeEndpoint(to, AF_INET6),
  },
]

function hops(datagram: Datagram): Uint8Array {
  return intBytes(datagram.hops)
}

/** The local address is where an answer comes from. */
function packetInfo({to: {ip}}: Datagram): Uint8Array {
  const local = isGroup(ip) ? LOOPBACK : ip
  return Buffer.concat([intBytes(LO.index), encodeIp(local, AF_INET), encodeIp(ip, AF_INET)])
}

function ipv6PacketInfo({to: {ip}}: Datagram): Uint8Array {
  return Buffer.concat([encodeIp(ip, AF_INET6), intBytes(LO.index)])
}

/** The messages that a socket asks for: found when its options change, so that a datagram costs no search. */
export class ReceiveControl {
  #ofIPv4: readonly ReceiveOption[] = []
  #ofIPv6: readonly ReceiveOption[] = []
  /** SO_TIMESTAMP, SO_TIMESTAMPNS …, or 0. */
  #timestampOption = 0
  #tellsLost = false

  update(kept: KeptOptions, timestampOption: number, tellsLost: boolean): void {
    const wanted = RECEIVE_OPTIONS.filter(({level, option}) => kept.isOn(level, option))
    this.#ofIPv4 = wanted.filter(({isIPv6}) => isIPv6 !== true)
    this.#ofIPv6 = wanted.filter(({isIPv6}) => isIPv6 !== false)
    this.#timestampOption = timestampOption
    this.#tellsLost = tellsLost
  }

  get wantsTime(): boolean {
    return this.#timestampOption !== 0
  }

  /** @returns undefined: it asks for none */
  messagesFor(datagram: Datagram, clock: HostClock): ControlMessage[] | undefined {
    const options = isIPv4(datagram.to.ip) ? this.#ofIPv4 : this.#ofIPv6
    if (options.length === 0 && !this.wantsTime && !this.#tellsLost) return undefined
    const messages: ControlMessage[] = []
    if (this.wantsTime) messages.push(this.#timestamp(datagram.arrival ?? realTime(clock)))
    if (this.#tellsLost && datagram.lostBefore > 0)
      messages.push({level: SOL_SOCKET, type: SO_RXQ_OVFL, data: intBytes(datagram.lostBefore)})
    for (const each of options) messages.push({level: each.level, type: each.type, data: each.data(datagram)})
    return messages
  }

  #timestamp(time: Timespec): ControlMessage {
    const type = this.#timestampOption
    const isTimeval = type === SO_TIMESTAMP || type === SO_TIMESTAMP_NEW
    return {level: SOL_SOCKET, type, data: isTimeval ? encodeTimeval(time) : encodeTimespec(time)}
  }
}

export function realTime(clock: HostClock): Timespec {
  const time = new Float64Array(2)
  clock.readClock(CLOCK_REALTIME, time)
  return {seconds: time[0], nanoseconds: time[1]}
}
