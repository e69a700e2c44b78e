// InetFamily: makes a kernel's IPv4 or IPv6 sockets: ip(7), ipv6(7).

import {EACCES, EINVAL, EPERM, EPROTONOSUPPORT, Errno, ESOCKTNOSUPPORT} from '../../../abi/errno.ts'
import {
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_IP,
  IPPROTO_MAX,
  IPPROTO_TCP,
  IPPROTO_UDP,
} from '../../../abi/inet.ts'
import {AF_INET, SOCK_DGRAM, SOCK_RAW, SOCK_STREAM} from '../../../abi/socket.ts'
import {inetTables} from '../proc/inet-tables.ts'
import type {Socket} from '../socket.ts'
import {HostTcpSocket} from './host/host-tcp-socket.ts'
import {HostUdpSocket} from './host/host-udp-socket.ts'
import type {InetStack, InternetProtocol} from './inet-stack.ts'
import {TcpSocket} from './tcp/tcp-socket.ts'
import {UdpSocket} from './udp/udp-socket.ts'

export class InetFamily implements InternetProtocol {
  readonly number: number
  readonly promise = 'inet'
  readonly stack: InetStack
  readonly procTexts: Readonly<Record<string, () => string>>

  /** @param number AF_INET, AF_INET6 */
  constructor(number: number, stack: InetStack) {
    this.number = number
    this.stack = stack
    this.procTexts = inetTables(number, stack)
  }

  #stream(): TcpSocket {
    const {hostConnections} = this.stack
    return hostConnections === undefined ? new TcpSocket(this) : new HostTcpSocket(this, hostConnections)
  }

  #datagrams(): UdpSocket {
    const {hostConnections} = this.stack
    return hostConnections === undefined ? new UdpSocket(this) : new HostUdpSocket(this, hostConnections)
  }

  /** Packets of one's own making, and ping's, need a network: hv makes none. */
  create(type: number, protocol: number): Socket {
    if (protocol < 0 || protocol >= IPPROTO_MAX) throw new Errno(EINVAL)
    const isAny = protocol === IPPROTO_IP
    if (type === SOCK_STREAM && (isAny || protocol === IPPROTO_TCP)) return this.#stream()
    if (type === SOCK_DGRAM && (isAny || protocol === IPPROTO_UDP)) return this.#datagrams()
    const echo = this.number === AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6
    if (type === SOCK_DGRAM && protocol === echo) throw new Errno(EACCES)
    if (type === SOCK_RAW) throw new Errno(isAny ? EPROTONOSUPPORT : EPERM)
    throw new Errno(type === SOCK_STREAM || type === SOCK_DGRAM ? EPROTONOSUPPORT : ESOCKTNOSUPPORT)
  }
}
