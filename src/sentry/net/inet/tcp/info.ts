// TCP_INFO: struct tcp_info of a connection without packets: the numbers that Linux shows for one over the loopback interface.

import {TCP_INFO_LAYOUT as AT, TCP_CLOSE, TCP_LISTEN} from '../../../../abi/inet.ts'
import {isIPv4} from '../address.ts'
import {tcpState} from './state.ts'
import type {TcpSocket} from './tcp-socket.ts'

/** TCPI_OPT_TIMESTAMPS, TCPI_OPT_SACK, TCPI_OPT_WSCALE; and a window scale of 7 both ways, two halves of a byte. */
const OPTIONS = 0x7
const SCALES = 0x77
const MTU = 65_535
const IPV4_OVERHEAD = 40
const IPV6_OVERHEAD = 60
const TIMESTAMP_BYTES = 12
/** Microseconds. */
const FIRST_RTO = 1_000_000
const RTO = 201_000
const ATO = 40_000
const FIRST_RTT_VARIANCE = 250_000
const RTT = 30
const MSS = 536
const REORDERING = 3
const CONGESTION_WINDOW = 10
const INFINITE_THRESHOLD = 0x7fff_ffff
const NO_RATE = 0xffff_ffff_ffff_ffffn

/** What one segment carries: TCP_MAXSEG of a connection. */
export function segmentBytes({remote}: TcpSocket): number {
  const overhead = remote !== undefined && isIPv4(remote.ip) ? IPV4_OVERHEAD : IPV6_OVERHEAD
  return MTU - overhead - TIMESTAMP_BYTES
}

/** @returns the bytes of the structure */
export function tcpInfo(socket: TcpSocket): Uint8Array {
  const bytes = new Uint8Array(AT.bytes)
  const view = new DataView(bytes.buffer)
  const state = tcpState(socket)
  const put = (at: number, value: number) => view.setUint32(at, value, true)
  const put64 = (at: number, value: number) => view.setBigUint64(at, BigInt(value), true)
  bytes[AT.state] = state
  put(AT.reordering, REORDERING)
  if (state === TCP_LISTEN) {
    put(AT.unacked, socket.backlog.length)
    put(AT.sacked, socket.maxBacklog)
    return bytes
  }
  const isConnected = state !== TCP_CLOSE
  const mss = isConnected ? segmentBytes(socket) : MSS
  put(AT.rto, isConnected ? RTO : FIRST_RTO)
  put(AT.sendMss, mss)
  put(AT.receiveMss, isConnected ? mss : 0)
  put(AT.rttVariance, isConnected ? RTT / 2 : FIRST_RTT_VARIANCE)
  put(AT.sendThreshold, INFINITE_THRESHOLD)
  put(AT.congestionWindow, CONGESTION_WINDOW)
  view.setBigUint64(AT.maxPacingRate, NO_RATE, true)
  put64(AT.bytesAcked, socket.sentBytes - socket.unsentBytes)
  put64(AT.bytesReceived, socket.receivedBytes)
  put64(AT.bytesSent, socket.sentBytes - socket.unsentBytes)
  put(AT.unsentBytes, socket.unsentBytes)
  put(AT.minRtt, isConnected ? RTT : 0xffff_ffff)
  if (!isConnected) return bytes
  bytes[AT.options] = OPTIONS
  bytes[AT.scales] = SCALES
  put(AT.ato, ATO)
  put(AT.pmtu, MTU)
  put(AT.rtt, RTT)
  put(AT.advertisedMss, mss + TIMESTAMP_BYTES)
  put(AT.receiveThreshold, socket.window)
  put(AT.receiveSpace, socket.window)
  put(
    AT.sendWindow,
    socket.peer === undefined ? 0 : Math.max(0, socket.peer.window - socket.peer.received.length),
  )
  put(AT.receiveWindow, Math.max(0, socket.window - socket.received.length))
  return bytes
}
