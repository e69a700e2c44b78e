// Sending: one send(2) under way, from guest memory through a socket: send(2), sendmsg(2), write(2) and the like all come here.

import {EAGAIN, EFAULT, EPIPE, Errno} from '../../abi/errno.ts'
import {O_NONBLOCK} from '../../abi/open-flags.ts'
import {SIGPIPE} from '../../abi/signal.ts'
import {MSG_DONTWAIT, MSG_MORE, MSG_NOSIGNAL} from '../../abi/socket.ts'
import {PROT_READ} from '../../platform/platform.ts'
import {type Iovec, totalLength} from '../core/iovec.ts'
import type {OpenDescription} from '../core/open-description.ts'
import {RLIMIT_NOFILE} from '../core/resource-limits.ts'
import type {Task} from '../core/task.ts'
import {continuation, restartOf} from '../core/wait.ts'
import {appendFrom, type ByteStore, bytesIn, copyIn, piecesOf} from '../memory/range-copy.ts'
import {raiseOwn} from '../signals/send.ts'
import type {Sender} from './in-flight.ts'
import type {SenderCredentials} from './reading.ts'
import type {Socket} from './socket.ts'
import {deadlineOf, type OpenSocket} from './socket-argument.ts'

/** A control message: struct cmsghdr. */
export interface ControlMessage {
  readonly level: number
  readonly type: number
  readonly data: Uint8Array
}

/** What a sender adds to the bytes. */
export interface Control {
  /** From SCM_CREDENTIALS: then they are always sent. */
  claimed: SenderCredentials | undefined
  readonly descriptions: OpenDescription[]
  /** Of other levels than SOL_SOCKET. */
  readonly others: ControlMessage[]
}

/** The sender, and what goes with the bytes. */
export interface Author extends Omit<Control, 'others'> {
  readonly credentials: SenderCredentials
  readonly sender: Sender
}

export interface Outgoing {
  readonly ranges: readonly Iovec[]
  readonly flags: number
  /** A struct sockaddr; undefined: to the peer. */
  readonly name?: Uint8Array | undefined
  readonly control?: Control
  /** sendmmsg(2): where the number of bytes goes. */
  readonly resultAddress?: number | undefined
}

export class Sending {
  readonly task: Task
  readonly socket: Socket
  readonly outgoing: Outgoing
  readonly mayWait: boolean
  readonly deadlineNs: number
  readonly author: Author
  readonly total: number
  sent = 0
  /** The bytes of a record, once they are copied from the guest. */
  record: Uint8Array | undefined
  /** The task has slept: what is checked at the start is checked. */
  hasWaited = false

  constructor(task: Task, {socket, flags}: OpenSocket, outgoing: Outgoing) {
    this.task = task
    this.socket = socket
    this.outgoing = outgoing
    this.mayWait = !(flags & O_NONBLOCK) && !(outgoing.flags & MSG_DONTWAIT)
    this.deadlineNs = deadlineOf(task, socket.options.sendTimeoutNs)
    this.author = authorOf(task, outgoing.control)
    this.total = totalLength(outgoing.ranges)
  }

  /** @throws Errno EFAULT */
  copy(at: number, length: number): Uint8Array {
    return copyIn(this.task.memory, this.outgoing.ranges, at, length)
  }

  /** All the bytes where they lie. @throws Errno EFAULT unless they are accessible */
  pieces(): Uint8Array[] {
    const pieces = piecesOf(this.task.memory, this.outgoing.ranges, this.total, PROT_READ)
    if (bytesIn(pieces) < this.total) throw new Errno(EFAULT)
    return pieces
  }

  /** Appends the next `length` bytes, or those of them that are accessible. @throws Errno EFAULT when none is */
  append(store: ByteStore, length: number): void {
    this.sent += appendFrom(store, this.task.memory, this.outgoing.ranges, this.sent, length)
  }

  /** EPIPE, with its signal. */
  brokenPipe(): Errno {
    if (this.sent === 0 && !(this.outgoing.flags & MSG_NOSIGNAL)) raiseOwn(this.task, SIGPIPE)
    return new Errno(EPIPE)
  }
}

function authorOf({process, credentials}: Task, control: Control | undefined): Author {
  const {ruid, rgid, capabilities} = credentials
  const limit = process.limits.get(RLIMIT_NOFILE).soft
  return {
    credentials: {pid: process.pid, uid: ruid, gid: rgid},
    claimed: control?.claimed,
    descriptions: control?.descriptions ?? [],
    sender: {user: ruid, limit, capabilities},
  }
}

/** What does not change how the bytes of a stream are sent, or makes no difference where there are no packets. */
const PLAIN = MSG_DONTWAIT | MSG_NOSIGNAL | MSG_MORE

/**
 * One range of bytes to the peer. What a stream takes at once goes from guest memory into its ring, and nothing is made for it.
 * @returns bytes that were sent, or BLOCKED @throws Errno as man 2 send
 */
export function sendRange(
  task: Task,
  file: OpenSocket,
  address: number,
  length: number,
  flags: number,
): number {
  const {socket} = file
  let sent = 0
  if (length > 0 && !(flags & ~PLAIN) && socket.sendableBytes) {
    sent = socket.write(task.memory.view(address, length, PROT_READ))
    if (sent === length) return sent
  }
  const sending = new Sending(task, file, {ranges: [{address, length}], flags})
  sending.sent = sent
  return proceed(task, sending)
}

/** @returns bytes that were sent, or BLOCKED @throws Errno as man 2 send */
export function sendMessage(task: Task, file: OpenSocket, outgoing: Outgoing): number {
  return proceed(task, new Sending(task, file, outgoing))
}

const next = continuation<Sending>({name: 'send', resume: proceed, bytesDone: (_task, {sent}) => sent})

function proceed(task: Task, sending: Sending, expired = false): number {
  const {socket, outgoing, mayWait, deadlineNs} = sending
  try {
    const queues = socket.send(sending)
    if (queues !== undefined) {
      if (expired || !mayWait) throw new Errno(EAGAIN)
      sending.hasWaited = true
      return task.block({queues, deadlineNs, restart: restartOf(deadlineNs), next, progress: sending})
    }
  } catch (error) {
    if (sending.sent === 0 || !(error instanceof Errno)) throw error
  }
  const {resultAddress} = outgoing
  if (resultAddress !== undefined) task.memory.writeUint32(resultAddress, sending.sent)
  return sending.sent
}
