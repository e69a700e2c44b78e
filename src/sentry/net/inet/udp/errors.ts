// The error queue of a UDP socket: its datagrams that no socket took, as an ICMP message would tell: ip(7), IP_RECVERR, MSG_ERRQUEUE.

import {EAGAIN, ECONNREFUSED, Errno} from '../../../../abi/errno.ts'
import * as inet from '../../../../abi/inet.ts'
import {AF_INET, AF_INET6} from '../../../../abi/socket.ts'
import type {Reading} from '../../reading.ts'
import type {ControlMessage} from '../../sending.ts'
import {encodeEndpoint, isIPv4} from '../address.ts'
import type {Datagram} from './datagram.ts'
import type {UdpSocket} from './udp-socket.ts'

/** A datagram came to a port that nobody has: who would receive an answer learns of it, if it is connected or asks for errors. */
export function reportUnreachable(hearer: UdpSocket, datagram: Datagram): void {
  const queues = queuesErrors(hearer, isIPv4(datagram.to.ip) ? AF_INET : AF_INET6)
  if (hearer.remote === undefined && !queues) return
  if (queues && hearer.charge(datagram)) hearer.errors.push(datagram)
  hearer.fail(ECONNREFUSED)
}

/** IP_RECVERR, for datagrams of that family. */
export function queuesErrors({kept}: UdpSocket, family: number): boolean {
  return family === AF_INET
    ? kept.isOn(inet.SOL_IP, inet.IP_RECVERR)
    : kept.isOn(inet.SOL_IPV6, inet.IPV6_RECVERR)
}

/** recvmsg(2) with MSG_ERRQUEUE. @throws Errno EAGAIN, EFAULT */
export function receiveError(socket: UdpSocket, reading: Reading): true {
  const datagram = socket.errors.shift()
  if (datagram === undefined) throw new Errno(EAGAIN)
  socket.release(datagram)
  // SO_ERROR tells of the next one.
  socket.error = socket.errors.length > 0 ? ECONNREFUSED : 0
  reading.take(datagram.bytes)
  reading.isError = true
  if (reading.wantsName) reading.name = encodeEndpoint(datagram.to, socket.family.number)
  reading.control = [extendedError(datagram, socket.family.number)]
  return true
}

/** struct sock_extended_err, and who reports it: the destination itself. */
function extendedError({to}: Datagram, family: number): ControlMessage {
  const isIPv6 = !isIPv4(to.ip)
  const error = new Uint8Array(inet.SOCK_EXTENDED_ERR_BYTES)
  error[0] = ECONNREFUSED
  error.set(
    isIPv6
      ? [inet.SO_EE_ORIGIN_ICMP6, inet.ICMPV6_DEST_UNREACH, inet.ICMPV6_PORT_UNREACH]
      : [inet.SO_EE_ORIGIN_ICMP, inet.ICMP_DEST_UNREACH, inet.ICMP_PORT_UNREACH],
    4,
  )
  const offender = encodeEndpoint({ip: to.ip, port: 0}, family)
  const isOfIp = family === AF_INET
  return {
    level: isOfIp ? inet.SOL_IP : inet.SOL_IPV6,
    type: isOfIp ? inet.IP_RECVERR : inet.IPV6_RECVERR,
    data: Buffer.concat([error, offender]),
  }
}
