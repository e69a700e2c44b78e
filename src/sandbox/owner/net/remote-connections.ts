// RemoteConnections: the owner's end of a sandbox's connections: which messages are due of each, and the sockets that they are for.

import {ECONNRESET, EPIPE} from '../../../abi/errno.ts'
import {HvError} from '../../../errors.ts'
import {CONNECTION_WINDOW_BYTES} from '../../../sentry/outside/net/connection-limits.ts'
import type {GuestEndpoint} from '../../../sentry/outside/net/guest-address.ts'
import type {ConnectionRequest} from '../../protocol/connection-messages.ts'
import type {ConnectionReply} from '../../protocol/messages.ts'
import {callListener} from '../call-listener.ts'
import {type ConnectionEnds, SandboxSocket, type SocketLink, socketError} from './sandbox-socket.ts'

/** Gets the connections that a guest makes to one port of a name. */
export type ServiceHandler = (socket: SandboxSocket) => void

export class RemoteConnections {
  readonly #send: (request: ConnectionRequest) => void
  readonly #handlers: readonly ServiceHandler[]
  readonly #most: number
  /** By number, until the sentry has closed them. */
  readonly #connections = new Map<number, RemoteConnection>()
  /** How many of them the owner began, and how many of those are not connected. */
  #own = 0
  #connecting = 0
  #lastOwn = 0
  #lastGuests = 0
  #isOver = false

  /** @param send drops what a sentry that is gone would not hear, but throws for `connect` */
  constructor(
    send: (request: ConnectionRequest) => void,
    handlers: readonly ServiceHandler[],
    maxConnections: number,
  ) {
    this.#send = send
    this.#handlers = handlers
    this.#most = maxConnections
  }

  /** A guest has not answered yet. */
  get isAsked(): boolean {
    return this.#connecting > 0
  }

  /** Never throws: the socket has what went wrong. */
  connect(to: GuestEndpoint, allowHalfOpen: boolean): SandboxSocket {
    const id = ++this.#lastOwn
    const connection = new RemoteConnection(id, this.#send, nameOf(to))
    const socket = connection.open(allowHalfOpen)
    try {
      if (this.#own === this.#most) throw full(this.#most)
      this.#send({kind: 'connect', connection: id, to})
      this.#connections.set(id, connection)
      this.#own++
      this.#connecting++
    } catch (error) {
      connection.end()
      socket.destroy(error as Error)
    }
    return socket
  }

  isDue(reply: ConnectionReply): boolean {
    if (reply.kind !== 'accepted') return this.#connections.get(reply.connection)?.isDue(reply) === true
    const {connection, service} = reply
    const guests = this.#connections.size - this.#own
    return connection === this.#lastGuests - 1 && service < this.#handlers.length && guests < this.#most
  }

  hear(reply: ConnectionReply): void {
    if (reply.kind === 'accepted') {
      if (!this.#isOver) this.#accept(reply)
      return
    }
    const connection = this.#connections.get(reply.connection)
    // Everything has ended already.
    if (connection === undefined) return
    const wasConnecting = connection.isConnecting
    connection.hear(reply)
    if (wasConnecting && !connection.isConnecting) this.#connecting--
    if (reply.kind === 'closed') this.#forget(reply.connection)
  }

  /** The sentry is gone, or told to end. Whoever disposed of it knows that. */
  fail(error: HvError): void {
    this.#isOver = true
    for (const connection of this.#connections.values()) connection.fail(error)
    this.#connections.clear()
    this.#own = this.#connecting = 0
  }

  #accept({connection: id, service, remote}: Extract<ConnectionReply, {kind: 'accepted'}>): void {
    this.#lastGuests = id
    const connection = new RemoteConnection(id, this.#send, '')
    this.#connections.set(id, connection)
    callListener(this.#handlers[service], connection.open(false, {remote}))
  }

  #forget(id: number): void {
    this.#connections.delete(id)
    if (id > 0) this.#own--
  }
}

/** One connection, and what is due of it. */
class RemoteConnection implements SocketLink {
  isConnecting = false
  readonly #id: number
  readonly #send: (request: ConnectionRequest) => void
  readonly #to: string
  #socket!: SandboxSocket
  /** How many bytes may come. */
  #room = CONNECTION_WINDOW_BYTES
  #hasEnded = false
  /** Nothing is said of it any longer. */
  #isOver = false

  constructor(id: number, send: (request: ConnectionRequest) => void, to: string) {
    this.#id = id
    this.#send = send
    this.#to = to
  }

  /** @param ends undefined: it is not connected yet */
  open(allowHalfOpen: boolean, ends?: ConnectionEnds): SandboxSocket {
    this.isConnecting = ends === undefined
    this.#socket = new SandboxSocket(this, allowHalfOpen, ends)
    return this.#socket
  }

  isDue(reply: Exclude<ConnectionReply, {kind: 'accepted'}>): boolean {
    if (reply.kind === 'connected') return this.isConnecting
    if (reply.kind !== 'data') return true
    const {length} = reply.bytes
    if (this.isConnecting || this.#hasEnded) return false
    return length <= this.#room && (length > 0 || reply.isEnd)
  }

  hear(reply: Exclude<ConnectionReply, {kind: 'accepted'}>): void {
    switch (reply.kind) {
      case 'connected':
        this.isConnecting = false
        this.#socket.connected(reply)
        break
      case 'data':
        this.#room -= reply.bytes.length
        this.#hasEnded = reply.isEnd
        this.#socket.received(reply.bytes, reply.isEnd)
        break
      case 'window':
        this.#socket.took(reply.bytes)
        break
      case 'closed':
        this.#closed(reply.errno)
    }
  }

  data(bytes: Uint8Array<ArrayBuffer>, isEnd: boolean): void {
    if (!this.#isOver) this.#send({kind: 'data', connection: this.#id, bytes, isEnd})
  }

  window(bytes: number): void {
    if (this.#isOver) return
    this.#room += bytes
    this.#send({kind: 'window', connection: this.#id, bytes})
  }

  close(isReset: boolean): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#send({kind: 'close', connection: this.#id, isReset})
  }

  /** It was never begun. */
  end(): void {
    this.#isOver = true
    this.isConnecting = false
  }

  fail(error: HvError): void {
    const isQuiet = error.code === 'DISPOSED' && !this.isConnecting
    this.end()
    this.#socket.destroy(isQuiet ? undefined : error)
  }

  #closed(errno: number): void {
    const wasConnecting = this.isConnecting
    this.end()
    const socket = this.#socket
    if (socket.destroyed || (errno === 0 && this.#hasEnded)) return
    const syscall = wasConnecting ? 'connect' : errno === EPIPE ? 'write' : 'read'
    socket.destroy(socketError(errno || ECONNRESET, syscall, this.#to))
  }
}

const nameOf = (to: GuestEndpoint): string =>
  'unix' in to ? to.unix : `${to.host ?? 'localhost'}:${to.port}`

function full(most: number): HvError {
  return new HvError(
    'SANDBOX_FULL',
    `there are ${most} connections to the sandbox, and no more at once`,
    'wait until one of them has closed, or raise `maxConnections`',
  )
}
