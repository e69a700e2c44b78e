// The urgent byte of a TCP connection, which MSG_OOB sends and receives: tcp_check_urg, tcp_recv_urg in Linux.

import {EINVAL, ENOTCONN, Errno} from '../../../../abi/errno.ts'
import {POLLPRI, POLLRDBAND} from '../../../../abi/poll.ts'
import {MSG_TRUNC, SO_OOBINLINE} from '../../../../abi/socket.ts'
import type {Reading} from '../../reading.ts'
import {READABLE} from './state.ts'
import type {TcpStream} from './stream.ts'

/** It lies among the others, where recv(2) stops once and then leaves it out, or, with SO_OOBINLINE, receives it. */
export class UrgentByte {
  /** How many bytes come before it. */
  offset: number
  readonly value: number
  /** recv(2) with MSG_OOB has received it. The mark stays. */
  isTaken = false

  constructor(offset: number, value: number) {
    this.offset = offset
    this.value = value
  }

  /** After `count` bytes were received. @returns undefined: they were beyond it */
  pass(count: number): UrgentByte | undefined {
    this.offset -= count
    return this.offset < 0 ? undefined : this
  }
}

/** A byte that came is urgent. The byte that was, and is not reached yet, becomes one like all others. */
export function markUrgent(receiver: TcpStream, offset: number, value: number): void {
  const {urgent, options} = receiver
  const isDropped = urgent?.offset === 0 && !options.isOn(SO_OOBINLINE)
  if (isDropped) receiver.drop(1)
  receiver.urgent = new UrgentByte(isDropped ? offset - 1 : offset, value)
  receiver.owner?.tellUrgent()
  receiver.waiters.wakeAll(READABLE | POLLPRI | POLLRDBAND)
}

/** @throws Errno EINVAL, ENOTCONN, EFAULT */
export function receiveUrgent({urgent, state, hasEnded, options}: TcpStream, reading: Reading): true {
  if (urgent === undefined || urgent.isTaken || options.isOn(SO_OOBINLINE)) throw new Errno(EINVAL)
  if (state !== 'connected' && !hasEnded) throw new Errno(ENOTCONN)
  if (!reading.peeks) urgent.isTaken = true
  reading.isUrgent = true
  if (reading.size === 0) {
    reading.isTruncated = true
    return true
  }
  if (!(reading.flags & MSG_TRUNC)) reading.buffer.put(Uint8Array.of(urgent.value), 0)
  reading.copied = reading.result = 1
  return true
}
