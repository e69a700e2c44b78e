// SocketOptions: the SOL_SOCKET options that setsockopt(2) sets: socket(7).

import {
  SO_BROADCAST,
  SO_DEBUG,
  SO_DONTROUTE,
  SO_KEEPALIVE,
  SO_NO_CHECK,
  SO_OOBINLINE,
  SO_REUSEADDR,
} from '../../abi/socket.ts'

/** /proc/sys/net/core/wmem_default, wmem_max and the like: SO_SNDBUF is doubled. */
const DEFAULT_BUFFER = 212_992
export const MAX_BUFFER = 212_992
export const MIN_SEND_BUFFER = 4608
export const MIN_RECEIVE_BUFFER = 2304

/** On or off, and kept: they have no effect on a UNIX socket in Linux either. */
export const SWITCHES: readonly number[] = [
  ...[SO_DEBUG, SO_REUSEADDR, SO_DONTROUTE, SO_BROADCAST],
  ...[SO_KEEPALIVE, SO_OOBINLINE, SO_NO_CHECK],
]

export class SocketOptions {
  sendBuffer = DEFAULT_BUFFER
  receiveBuffer = DEFAULT_BUFFER
  /** SO_SNDTIMEO, SO_RCVTIMEO, nanoseconds: Infinity for none. */
  sendTimeoutNs = Number.POSITIVE_INFINITY
  receiveTimeoutNs = Number.POSITIVE_INFINITY
  /** SO_PASSCRED. */
  passesCredentials = false
  /** SO_RCVLOWAT. */
  lowWater = 1
  priority = 0
  mark = 0
  /** SO_INCOMING_CPU: the CPU that what came last came through; -1: nothing has come. */
  incomingCpu = -1
  /** SO_LINGER: seconds; undefined: off. */
  lingerSeconds: number | undefined
  #switches = 0

  isOn(option: number): boolean {
    return (this.#switches & (1 << option)) !== 0
  }

  turn(option: number, on: boolean): void {
    if (on) this.#switches |= 1 << option
    else this.#switches &= ~(1 << option)
  }
}
