// ServedConnections: the connections between a sandbox's owner and its guest: each with a number, in messages.

import {Errno} from '../../abi/errno.ts'
import type {OwnerFiles} from '../../sentry/outside/files/owner-files.ts'
import {type ConnectionEvents, EmbedderConnection} from '../../sentry/outside/net/connection.ts'
import {dial} from '../../sentry/outside/net/dial.ts'
import {endOf, type GuestEndpoint} from '../../sentry/outside/net/guest-address.ts'
import {type ServiceName, type ServiceOwner, Services} from '../../sentry/outside/net/services.ts'
import type {Sentry} from '../../sentry/outside/sentry.ts'
import type {ConnectionRequest} from '../protocol/connection-messages.ts'
import type {SentryPort} from './port.ts'

/** For reads: more goes in several messages. */
const BUFFER_BYTES = 1 << 16

type Socket = Parameters<ConnectionEvents['connected']>[1]

export class ServedConnections implements ConnectionEvents, ServiceOwner {
  readonly #port: SentryPort
  readonly #kernel: Sentry['kernel']
  readonly #files: OwnerFiles
  readonly #most: number
  readonly #services: Services
  readonly #connections = new Map<number, EmbedderConnection>()
  readonly #parts: ConstructorParameters<typeof EmbedderConnection>[2]
  /** Of the last connection that a guest began, and how many of those there are. */
  #last = 0
  #accepted = 0

  constructor(
    port: SentryPort,
    {kernel}: Sentry,
    files: OwnerFiles,
    {maxConnections, services = []}: {maxConnections: number; services?: readonly ServiceName[]},
  ) {
    this.#port = port
    this.#kernel = kernel
    this.#files = files
    this.#most = maxConnections
    this.#parts = {events: this, timers: kernel.timers, buffer: new Uint8Array(BUFFER_BYTES)}
    this.#services = new Services(kernel, services, this)
  }

  take(request: ConnectionRequest): void {
    const {connection: id} = request
    if (request.kind === 'connect') {
      this.#connect(id, request.to)
      return
    }
    const connection = this.#connections.get(id)
    if (request.kind === 'data') connection?.give(request.bytes, request.isEnd)
    else if (request.kind === 'window') connection?.addWindow(request.bytes)
    else connection?.close(request.isReset)
  }

  /** Resets all that are left. */
  close(): void {
    this.#services.close()
    for (const connection of [...this.#connections.values()]) connection.close(true)
  }

  /** The owner counts those that it begins itself. */
  get mayAccept(): boolean {
    return this.#accepted < this.#most
  }

  accepted(service: number, socket: Socket): void {
    const id = --this.#last
    this.#accepted++
    this.#port.post({kind: 'accepted', connection: id, service, remote: endOf(socket.peerName())!})
    this.#add(id, socket)
  }

  connected(connection: number, socket: Socket): void {
    const [local, remote] = [endOf(socket.name()), endOf(socket.peerName())]
    this.#port.post({kind: 'connected', connection, ...(local && {local}), ...(remote && {remote})})
  }

  data(connection: number, bytes: Uint8Array<ArrayBuffer>, isEnd: boolean): void {
    this.#port.post({kind: 'data', connection, bytes, isEnd})
  }

  taken(connection: number, bytes: number): void {
    this.#port.post({kind: 'window', connection, bytes})
  }

  closed(connection: number, errno: number): void {
    const wasFull = !this.mayAccept
    this.#connections.delete(connection)
    if (connection < 0) this.#accepted--
    this.#port.post({kind: 'closed', connection, errno})
    if (wasFull) this.#services.admit()
  }

  #connect(id: number, to: GuestEndpoint): void {
    try {
      this.#add(id, dial(this.#kernel, this.#files, to))
    } catch (error) {
      if (!(error instanceof Errno)) throw error
      this.closed(id, error.code)
    }
  }

  #add(id: number, socket: ConstructorParameters<typeof EmbedderConnection>[1]): void {
    const connection = new EmbedderConnection(id, socket, this.#parts)
    this.#connections.set(id, connection)
    connection.wake()
  }
}
