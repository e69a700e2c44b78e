// Socket: the interface of a socket of any family, for the calls; SocketFamily: makes sockets of one family.

import type {Inode, IoctlMemory} from '../../vfs/file.ts'
import type {WaitQueue} from '../../vfs/wait-queue.ts'
import type {Iovec} from '../core/iovec.ts'
import type {Task} from '../core/task.ts'
import type {Traffic} from '../core/traffic.ts'
import type {SignalOwner} from '../fd/signal-owner.ts'
import type {PromiseName} from '../pledge/promises.ts'
import type {RightsHolder} from './in-flight.ts'
import type {Reading} from './reading.ts'
import type {Sending} from './sending.ts'
import type {SocketOptions} from './socket-options.ts'

declare module '../../vfs/file-description.ts' {
  interface FileDescription {
    readonly socket?: Socket
    /** A socket's read(2) and write(2), which sleep and fail as recv(2) and send(2) do; vfs's `read` and `write` are for transfers inside the sentry. */
    receive?(task: Task, ranges: readonly Iovec[]): number
    send?(task: Task, ranges: readonly Iovec[]): number
    /** The same for one range. */
    receiveRange?(task: Task, address: number, length: number): number
    sendRange?(task: Task, address: number, length: number): number
    /** Like `read`, but the bytes stay. */
    peek?(target: Uint8Array): number
  }
}

/** A member of the registry (socket-families.ts). */
export interface SocketFamily {
  /** AF_* */
  readonly number: number
  /** What a pledged process must have promised to use sockets of the family. */
  readonly promise: PromiseName
  /** socket(2). @throws Errno EPROTONOSUPPORT, ESOCKTNOSUPPORT, EPROTOTYPE, ENFILE … */
  create(type: number, protocol: number): Socket
  /** socketpair(2). Absent: EOPNOTSUPP. */
  createPair?(task: Task, type: number, protocol: number): [Socket, Socket]
  /** Its files in /proc/net: by name, what makes the text. */
  readonly procTexts?: Readonly<Record<string, () => string>>
}

/** Who held a socket when it was connected or made to listen: SO_PEERCRED, SO_PEERGROUPS. */
export interface PeerCredentials {
  readonly pid: number
  readonly uid: number
  readonly gid: number
  readonly groups: readonly number[]
}

/**
 * One end of a connection, a listener, or a receiver of datagrams. It is not its file: a connection that nobody has accepted has none.
 * It never waits: a step that has to wait says for which queues, and is tried again. Addresses are the bytes of a struct sockaddr.
 */
export interface Socket {
  readonly family: SocketFamily
  /** SOCK_* */
  readonly type: number
  /** IPPROTO_*, or 0. */
  readonly protocol: number
  /** SOCK_STREAM: only its writes raise SIGPIPE, and a read may take a part of what was sent. */
  readonly isStream: boolean
  readonly isListening: boolean
  /** It goes on without a call: who joins the wait gets EALREADY. Absent: false. */
  readonly isConnecting?: boolean
  readonly options: SocketOptions
  /** In sockfs; undefined: nobody has accepted the connection yet. */
  inode?: Inode | undefined
  /** Woken when readiness may have changed. */
  readonly waiters: WaitQueue
  /** It is closed with SO_LINGER, and its peer has no room yet for all that it has sent: close(2) waits in `waiters`. Absent: false. */
  readonly isLingering?: boolean
  /** An errno that the next call reports: SO_ERROR. */
  error: number
  /** The peer's, or of who made it listen. Absent: the family does not know. */
  readonly peerCredentials?: PeerCredentials | undefined
  /** Who gets SIGURG. Absent: nothing here is urgent. */
  owner?: SignalOwner | undefined
  /** Present if messages that wait here can carry descriptors. */
  readonly rightsHolder?: RightsHolder
  /** A program has it now: from now on what it carries counts there. Absent: it never leads out of one machine. */
  chargeTo?(traffic: Traffic): void
  readiness(): number
  /** @param mode S_IFSOCK and permissions, of a name in the tree */
  bind(task: Task, address: Uint8Array, mode: number): void
  /**
   * @param mayWait false: O_NONBLOCK, or the time is over (`expired`); the socket may then go on by itself (EINPROGRESS)
   * @returns queues to wait in (EAGAIN for who may not); undefined: connected
   */
  connect(
    task: Task,
    address: Uint8Array,
    mayWait: boolean,
    expired: boolean,
  ): readonly WaitQueue[] | undefined
  listen(task: Task, backlog: number): void
  /** @param mayWait false: O_NONBLOCK, or the time is over @returns the oldest connection that waits, if any */
  accept(mayWait: boolean): Socket | undefined
  name(): Uint8Array
  /** The peer is no longer there, although its name is known: ENOTCONN for getpeername(2). */
  readonly hasLostPeer?: boolean
  /** Undefined: it is not connected. */
  peerName(): Uint8Array | undefined
  /** @param how RCV_SHUTDOWN, SEND_SHUTDOWN */
  shutDown(how: number): void
  /** What sendmsg(2) asks before it looks at control messages. Absent: nothing. @throws Errno as man 2 send */
  checkSender?(): void
  /** @returns queues to wait in; undefined: all is sent */
  send(sending: Sending): readonly WaitQueue[] | undefined
  /** @returns whether it is over; else there is more to wait for */
  receive(reading: Reading): boolean
  /**
   * Options that only this family has, or that mean something else in it.
   * @param room bytes that the caller has room for @returns false, undefined: it is not such a one
   */
  setOption?(task: Task, level: number, option: number, value: Uint8Array): boolean
  getOption?(task: Task, level: number, option: number, room: number): Uint8Array | undefined
  ioctl(request: number, argument: number, memory: IoctlMemory): number
  /** A stream of bytes alone: how many `write` takes, and `read` gives, at once; 0: ask `send` or `receive`, which wait or fail. */
  readonly sendableBytes?: number
  readonly readableBytes?: number
  /** Reads for transfers inside the sentry. Descriptors that come with the bytes are closed. @throws Errno EAGAIN */
  read(target: Uint8Array, flags: number): number
  /** Writes for such transfers. @throws Errno EAGAIN */
  write(source: Uint8Array): number
  /** Returns the pending error, and clears it. */
  takeError(): number
  /** May be called twice. Never throws. */
  close(): void
}
