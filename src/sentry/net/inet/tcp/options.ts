// The options of level SOL_TCP that are more than a number which is kept: do_tcp_setsockopt, do_tcp_getsockopt in Linux.

import {CAP_NET_ADMIN} from '../../../../abi/capability.ts'
import {EINVAL, ENOENT, ENOPROTOOPT, EOPNOTSUPP, EPERM, Errno} from '../../../../abi/errno.ts'
import * as inet from '../../../../abi/inet.ts'
import {SOMAXCONN} from '../../../../abi/socket.ts'
import {requireCapability} from '../../../core/credentials.ts'
import type {Task} from '../../../core/task.ts'
import {intBytes, intOf} from '../options.ts'
import {secondsOf} from './connect-timeout.ts'
import {segmentBytes, tcpInfo} from './info.ts'
import type {TcpSocket} from './tcp-socket.ts'

/** What a guest can choose, the default first. Where nothing is lost, none has an effect. */
export const CONGESTION_CONTROLS: readonly string[] = ['cubic', 'reno']
const NOTHING = new Uint8Array(0)
/** TCP_FIN_TIMEOUT_MAX and net.ipv4.tcp_fin_timeout, seconds. */
const MAX_FIN_TIMEOUT = 120
const FIN_TIMEOUT = 60
const MAX_RETRIES = 254
/** SOCK_MIN_RCVBUF / 2. */
const MIN_WINDOW = 1152

/** @throws Errno EINVAL, ENOENT, ENOPROTOOPT, EOPNOTSUPP, EPERM */
export function setTcpOption(task: Task, socket: TcpSocket, option: number, value: Uint8Array): void {
  if (option === inet.TCP_CONGESTION) {
    socket.congestionControl = congestionControl(value)
    return
  }
  if (option === inet.TCP_ULP) throw new Errno(value.length === 0 ? EINVAL : ENOENT)
  if (option === inet.TCP_FASTOPEN_KEY) throw new Errno(EINVAL)
  const number = intOf(value)
  if (option === inet.TCP_THIN_DUPACK) {
    if (number < 0 || number > 1) throw new Errno(EINVAL)
  } else if (option === inet.TCP_REPAIR) refuseRepair(task)
  else if (option === inet.TCP_REPAIR_QUEUE || option === inet.TCP_REPAIR_WINDOW) throw new Errno(EPERM)
  else if (option === inet.TCP_TIMESTAMP) throw new Errno(EPERM)
  else if (option === inet.TCP_MAXSEG && number === 0) socket.kept.clear(inet.SOL_TCP, option)
  else socket.kept.set(inet.SOL_TCP, option, keptValue(socket, option, number))
}

/** What Linux makes of a number. @throws Errno EINVAL, EOPNOTSUPP */
function keptValue(socket: TcpSocket, option: number, value: number): number {
  switch (option) {
    case inet.TCP_LINGER2:
      return value < 0 ? -1 : Math.min(value, MAX_FIN_TIMEOUT) || FIN_TIMEOUT
    case inet.TCP_DEFER_ACCEPT:
      return roundToRetries(value)
    case inet.TCP_WINDOW_CLAMP:
      if (value === 0 && socket.state !== 'closed') throw new Errno(EINVAL)
      return value === 0 ? 0 : Math.max(value, MIN_WINDOW)
    case inet.TCP_FASTOPEN:
      if (socket.state !== 'closed' && !socket.isListening) throw new Errno(EINVAL)
      return Math.min(value, SOMAXCONN)
    case inet.TCP_FASTOPEN_CONNECT:
      // net.ipv4.tcp_fastopen is 0.
      if (value === 1) throw new Errno(EOPNOTSUPP)
      return value
    default:
      return value
  }
}

/** The seconds that as many tries take as `seconds` have begun: secs_to_retrans, retrans_to_secs in Linux. */
function roundToRetries(seconds: number): number {
  if (seconds <= 0) return 0
  let retries = 0
  while (seconds > secondsOf(retries) && retries < MAX_RETRIES) retries++
  return secondsOf(retries)
}

/** @throws Errno ENOENT; EINVAL for no name */
function congestionControl(value: Uint8Array): string {
  if (value.length === 0) throw new Errno(EINVAL)
  const [name] = Buffer.from(value.subarray(0, inet.TCP_NAME_BYTES - 1))
    .toString('latin1')
    .split('\0')
  if (!CONGESTION_CONTROLS.includes(name)) throw new Errno(ENOENT)
  return name
}

/** There is no sequence of packets to repair. @throws Errno EPERM, ENOPROTOOPT */
function refuseRepair({credentials}: Task): never {
  requireCapability(credentials, CAP_NET_ADMIN)
  throw new Errno(ENOPROTOOPT)
}

/** @throws Errno ENOPROTOOPT, EINVAL */
export function getTcpOption(task: Task, socket: TcpSocket, option: number): Uint8Array {
  switch (option) {
    case inet.TCP_INFO:
      return tcpInfo(socket)
    case inet.TCP_CONGESTION:
      return Buffer.from(socket.congestionControl.padEnd(inet.TCP_NAME_BYTES, '\0'))
    case inet.TCP_MAXSEG:
      return intBytes(socket.state === 'connected' ? segmentBytes(socket) : kept(socket, option))
    case inet.TCP_TIMESTAMP:
      return intBytes(Math.floor(task.kernel.monotonicNs() / 1e6) | 0)
    case inet.TCP_REPAIR:
    case inet.TCP_THIN_DUPACK:
      return intBytes(0)
    case inet.TCP_REPAIR_QUEUE:
    case inet.TCP_REPAIR_WINDOW:
      throw new Errno(EINVAL)
    case inet.TCP_ULP:
    case inet.TCP_SAVED_SYN:
    case inet.TCP_FASTOPEN_KEY:
    case inet.TCP_CC_INFO:
      return NOTHING
    default:
      return intBytes(kept(socket, option))
  }
}

/** @throws Errno ENOPROTOOPT */
function kept({kept: options}: TcpSocket, option: number): number {
  const value = options.get(inet.SOL_TCP, option)
  if (value === undefined) throw new Errno(ENOPROTOOPT)
  return value
}
