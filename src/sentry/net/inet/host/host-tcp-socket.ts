// HostTcpSocket: a TCP socket that may connect to what is outside of the sandbox, or comes from there: then a host socket carries it.

import {EACCES, EINPROGRESS, EINVAL, Errno} from '../../../../abi/errno.ts'
import {FIONREAD, TIOCOUTQ} from '../../../../abi/ioctl.ts'
import {POLLERR, POLLHUP, POLLOUT, withNormalBits} from '../../../../abi/poll.ts'
import {AF_UNSPEC} from '../../../../abi/socket.ts'
import type {WaitQueue} from '../../../../vfs/wait-queue.ts'
import type {Task} from '../../../core/task.ts'
import type {Reading} from '../../reading.ts'
import type {Sending} from '../../sending.ts'
import {type Endpoint, familyOf, isLoopback, sourceOf} from '../address.ts'
import type {InternetProtocol} from '../inet-stack.ts'
import {destinationOf, enqueue, giveUp, openOutwards} from '../tcp/connect.ts'
import {TcpSocket} from '../tcp/tcp-socket.ts'
import type {Applicant, HostConnections} from './connections.ts'
import {HostStream} from './stream.ts'

export class HostTcpSocket extends TcpSocket {
  readonly #connections: HostConnections
  /** A connection that the broker is asked for. */
  #attempt: Attempt | undefined
  #host: HostStream | undefined
  /** Its peer, outside, has connected. */
  #isArrival = false

  constructor(family: InternetProtocol, connections: HostConnections) {
    super(family)
    this.#connections = connections
  }

  override connect(
    task: Task,
    address: Uint8Array,
    mayWait: boolean,
    expired: boolean,
  ): readonly WaitQueue[] | undefined {
    const isNew = this.state === 'closed' && this.remote === undefined && !this.isReporting
    if (!isNew || familyOf(address) === AF_UNSPEC) return super.connect(task, address, mayWait, expired)
    const to = destinationOf(this, address)
    if (isLoopback(to.ip)) return super.connect(task, address, mayWait, expired)
    this.#begin(task, to, mayWait)
    if (mayWait) return [this.waiters]
    throw new Errno(EINPROGRESS)
  }

  /** @throws Errno EINVAL, EADDRNOTAVAIL, EAGAIN, ENFILE, ENETDOWN */
  #begin(task: Task, to: Endpoint, mayWait: boolean): void {
    if (isLoopback(this.local.ip)) throw new Errno(EINVAL)
    openOutwards(task, this, to)
    const attempt = new Attempt(this, task, mayWait)
    try {
      this.#connections.connect(attempt, to, this.isStream)
    } catch (error) {
      giveUp(this)
      throw error
    }
    this.#attempt = attempt
    this.state = 'connecting'
    // Whichever connect(2) comes next tells the result: this one, after its wait, too.
    this.isReporting = true
  }

  /**
   * A connection from outside to a listener: the guest's once there is room in the backlog.
   * @param fd its own from here on
   */
  arrive(fd: number, from: Endpoint, listener: TcpSocket): void {
    this.#isArrival = true
    this.#host = new HostStream(this.#connections, fd, this)
    this.inherit(listener)
    this.local = {ip: sourceOf(listener.local.ip, from.ip), port: listener.local.port}
    this.remote = from
    this.role = 'connection'
    this.state = 'connecting'
    enqueue(this, listener)
  }

  override join(listener: TcpSocket): void {
    if (!this.#isArrival) {
      super.join(listener)
      return
    }
    this.stack.counters.tcp.PassiveOpens++
    this.ports.accept(this)
    this.state = 'connected'
    listener.addAccepted(this)
  }

  /** The broker has opened a socket, which is connected, or being connected. */
  opened(attempt: Attempt, fd: number): void {
    const host = new HostStream(this.#connections, fd, this)
    if (attempt !== this.#attempt) {
      host.close()
      return
    }
    this.#attempt = undefined
    this.#host = host
    host.watch()
    this.#settle(host)
  }

  failed(attempt: Attempt, errno: number): void {
    if (attempt === this.#attempt) this.refuse(errno)
  }

  /** Once it is writable, SO_ERROR says how the connection went. */
  #settle(host: HostStream): void {
    if ((host.poll() & (POLLOUT | POLLERR | POLLHUP)) === 0) return
    const error = host.takeError()
    if (error !== 0) {
      this.refuse(error)
      return
    }
    this.state = 'connected'
    this.noteConnection()
    this.waiters.wakeAll()
  }

  /** From HostStream. Where nobody waits, nothing more is told until somebody does. */
  hostReady(events: number): void {
    const host = this.#host
    let told = events
    if (this.state === 'connecting') this.#settle(host!)
    else if (this.waiters.isEmpty) host?.unwatch()
    else told = host?.unlimited(events) ?? events
    if (told !== 0) this.waiters.wakeAll(withNormalBits(told))
  }

  override readiness(): number {
    if (this.#host === undefined || this.state === 'connecting') return super.readiness()
    this.#host.watch()
    return withNormalBits(this.#host.unlimited(this.#host.poll()))
  }

  override send(sending: Sending): readonly WaitQueue[] | undefined {
    if (this.#host === undefined || this.state === 'connecting') return super.send(sending)
    return this.#host.send(sending) ? undefined : [this.waiters]
  }

  override receive(reading: Reading): boolean {
    if (this.#host === undefined || this.state === 'connecting') return super.receive(reading)
    return this.#host.receive(reading, this.options.lowWater)
  }

  override read(target: Uint8Array, flags: number): number {
    return this.state === 'connected' && this.#host !== undefined
      ? this.#host.read(target, flags)
      : super.read(target, flags)
  }

  override write(source: Uint8Array): number {
    return this.state === 'connected' && this.#host !== undefined
      ? this.#host.write(source)
      : super.write(source)
  }

  /** A host socket says what it takes only when it is asked to send. */
  override get sendableBytes(): number {
    return this.#host === undefined ? super.sendableBytes : 0
  }

  override shutDown(how: number): void {
    if (this.#host === undefined || this.state === 'connecting') {
      super.shutDown(how)
      return
    }
    this.#host.shutDown(how)
    this.shutdown |= how
    this.waiters.wakeAll()
  }

  override takeError(): number {
    return super.takeError() || (this.state === 'connected' ? (this.#host?.takeError() ?? 0) : 0)
  }

  override refuse(error: number): void {
    this.#leaveHost()
    super.refuse(error)
    // No program has it.
    if (this.#isArrival) this.close()
  }

  override disconnect(): void {
    this.#leaveHost()
    super.disconnect()
  }

  override get receivableBytes(): number {
    return this.#host?.count(FIONREAD) ?? super.receivableBytes
  }

  override get unsentBytes(): number {
    return this.#host?.count(TIOCOUTQ) ?? super.unsentBytes
  }

  override close(): void {
    this.#leaveHost()
    super.close()
  }

  #leaveHost(): void {
    this.#attempt = undefined
    this.#host?.close()
    this.#host = undefined
  }
}

/** A connect(2) whose question is under way: if its socket has given it up, the answer is dropped. */
class Attempt implements Applicant {
  readonly #socket: HostTcpSocket
  readonly #run: Task['process']['run']
  readonly #call: number
  /** Whose connect(2) waits for the answer. */
  readonly #waiting: Task | undefined

  constructor(socket: HostTcpSocket, task: Task, mayWait: boolean) {
    this.#socket = socket
    this.#run = task.process.run
    this.#call = task.context.callNumber
    this.#waiting = mayWait ? task : undefined
  }

  opened(fd: number): void {
    this.#socket.opened(this, fd)
  }

  failed(errno: number, needs: string | undefined): void {
    if (errno === EACCES) this.#run.counters.countRefused(this.#call, needs)
    if (errno === EACCES && this.#waiting !== undefined) this.#waiting.refusal = needs ?? ''
    this.#socket.failed(this, errno)
  }
}
