// Sends guest memory through a socket: the one way that send(2), sendmsg(2), write(2) and the like take.

import {EAGAIN, EOPNOTSUPP, EPIPE, Errno} from '../../abi/errno.ts'
import {O_NONBLOCK} from '../../abi/open-flags.ts'
import {SIGPIPE} from '../../abi/signal.ts'
import {MSG_DONTWAIT, MSG_NOSIGNAL, MSG_OOB, SOCK_SEQPACKET} from '../../abi/socket.ts'
import {type Iovec, totalLength} from '../core/iovec.ts'
import {RLIMIT_NOFILE} from '../core/resource-limits.ts'
import type {Task} from '../core/task.ts'
import {restartOf} from '../core/wait.ts'
import {copyIn} from '../memory/range-copy.ts'
import {raiseOwn} from '../signals/own.ts'
import type {Control} from './control-messages.ts'
import {
  type Author,
  checkConnected,
  checkRecordSize,
  hasSendRoom,
  isBroken,
  mayDeliver,
  post,
  streamChunk,
  streamPeer,
} from './send.ts'
import {deadlineOf, findSocket, nameIfAsked} from './socket-argument.ts'
import type {SocketFile} from './socket-file.ts'
import {decodeAddress} from './unix-address.ts'
import type {UnixSocket} from './unix-socket.ts'

export interface Outgoing {
  readonly ranges: readonly Iovec[]
  readonly flags: number
  /** A struct sockaddr; undefined: to the peer. */
  readonly name?: Uint8Array | undefined
  readonly control?: Control
  /** Called with the call's result, unless it fails. */
  readonly sent?: (bytes: number) => void
}

/** @returns bytes that were sent, or BLOCKED @throws Errno as man 2 send */
export function sendMessage(task: Task, file: SocketFile, outgoing: Outgoing): number {
  if (outgoing.flags & MSG_OOB) throw new Errno(EOPNOTSUPP)
  const sending = new Sending(task, file, outgoing)
  return file.socket.isStream ? sending.stream() : sending.record()
}

class Sending {
  readonly #task: Task
  readonly #socket: UnixSocket
  readonly #outgoing: Outgoing
  readonly #total: number
  readonly #mayWait: boolean
  readonly #deadlineNs: number
  readonly #author: Author
  /** Bytes of a stream sent so far. */
  #sent = 0

  constructor(task: Task, file: SocketFile, outgoing: Outgoing) {
    this.#task = task
    this.#socket = file.socket
    this.#outgoing = outgoing
    this.#total = totalLength(outgoing.ranges)
    this.#mayWait = !(file.flags & O_NONBLOCK) && !(outgoing.flags & MSG_DONTWAIT)
    this.#deadlineNs = deadlineOf(task, file.socket.options.sendTimeoutNs)
    this.#author = authorOf(task, outgoing.control)
  }

  stream(): number {
    const to = streamPeer(this.#socket, this.#outgoing.name !== undefined)
    if (isBroken(this.#socket, to)) throw this.#brokenPipe()
    return this.#streamOn(to, false)
  }

  /** Sends as much as there is room for; the rest when there is room again. Descriptors go with the first bytes. */
  #streamOn(to: UnixSocket, expired: boolean): number {
    const {memory} = this.#task
    try {
      while (this.#sent < this.#total) {
        if (!hasSendRoom(this.#socket)) {
          if (expired || !this.#mayWait) throw new Errno(EAGAIN)
          return this.#waitForRoom((again) => this.#streamOn(to, again))
        }
        const length = streamChunk(this.#socket, this.#total - this.#sent)
        const bytes = copyIn(memory, this.#outgoing.ranges, this.#sent, length)
        if (isBroken(this.#socket, to)) throw this.#brokenPipe()
        const author = this.#sent === 0 ? this.#author : {...this.#author, descriptions: []}
        post(this.#socket, to, bytes, author)
        this.#sent += length
      }
    } catch (error) {
      if (this.#sent === 0 || !(error instanceof Errno)) throw error
    }
    return this.#finish(this.#sent)
  }

  record(): number {
    const socket = this.#socket
    if (socket.type === SOCK_SEQPACKET) checkConnected(socket)
    // A connected socket ignores the name.
    const name = socket.type === SOCK_SEQPACKET ? undefined : this.#outgoing.name
    if (name !== undefined) decodeAddress(name)
    nameIfAsked(socket)
    if (name === undefined) streamPeer(socket, false)
    checkRecordSize(socket, this.#total)
    return this.#recordOn(name, undefined, false)
  }

  /** @param read copied from the guest before the task slept */
  #recordOn(name: Uint8Array | undefined, read: Uint8Array | undefined, expired: boolean): number {
    const socket = this.#socket
    const mayWait = this.#mayWait && !expired
    if (!hasSendRoom(socket)) {
      if (!mayWait) throw new Errno(EAGAIN)
      return this.#waitForRoom((again) => this.#recordOn(name, read, again))
    }
    const bytes = read ?? copyIn(this.#task.memory, this.#outgoing.ranges, 0, this.#total)
    const to = name === undefined ? streamPeer(socket, false) : findSocket(this.#task, socket, name)
    if (!mayDeliver(socket, to)) {
      if (!mayWait) throw new Errno(EAGAIN)
      return this.#waitForRoom((again) => this.#recordOn(name, bytes, again), to)
    }
    post(socket, to, bytes, this.#author)
    return this.#finish(bytes.length)
  }

  #finish(bytes: number): number {
    this.#outgoing.sent?.(bytes)
    return bytes
  }

  /** Waits for room here, or at the receiver. */
  #waitForRoom(again: (expired: boolean) => number, receiver?: UnixSocket): number {
    const {waiters} = this.#socket
    return this.#task.block({
      queues: receiver === undefined ? [waiters] : [waiters, receiver.room],
      deadlineNs: this.#deadlineNs,
      restart: restartOf(this.#deadlineNs),
      retry: again,
      progress: () => this.#sent,
    })
  }

  #brokenPipe(): Errno {
    if (this.#sent === 0 && !(this.#outgoing.flags & MSG_NOSIGNAL)) raiseOwn(this.#task, SIGPIPE)
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
