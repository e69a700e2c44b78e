// Services: names that the embedder answers: each has an address of its own, a line in the guest's /etc/hosts, and a listener for each port.

import {AF_INET, SOMAXCONN} from '../../../abi/socket.ts'
import type {Waiter} from '../../../vfs/wait-queue.ts'
import type {Kernel} from '../../core/kernel.ts'
import type {InetFamily} from '../../net/inet/inet-family.ts'
import {TcpSocket} from '../../net/inet/tcp/tcp-socket.ts'
import type {Socket} from '../../net/socket.ts'
import {textOf} from './guest-address.ts'

/** One port of a name. */
export interface ServiceName {
  name: string
  port: number
}

/** 127.83.0.1 is the first name's, and so on: of lo, where the guest's programs seldom bind, and never to one of these ports. */
const FIRST_ADDRESS = 0x7f53_0001

/** The address of each name. */
export function serviceAddresses(services: readonly ServiceName[]): Map<string, number> {
  const names = new Set(services.map(({name}) => name))
  return new Map([...names].map((name, index) => [name, FIRST_ADDRESS + index]))
}

/** Lines of /etc/hosts. */
export function hostsLines(services: readonly ServiceName[]): string {
  return [...serviceAddresses(services)].map(([name, ip]) => `${textOf(ip)}\t${name}\n`).join('')
}

/** Gets connections to one port of a name. */
export interface ServiceOwner {
  /** It takes one more connection now; it calls `Services.admit` when it does again. */
  readonly mayAccept: boolean
  /** @param service its index; the socket is the owner's */
  accepted(service: number, socket: Socket): void
}

export class Services {
  readonly #listeners: readonly ServiceListener[]

  /** @throws Errno ENFILE */
  constructor({socketFamilies}: Kernel, services: readonly ServiceName[], owner: ServiceOwner) {
    const family = socketFamilies.find(AF_INET) as InetFamily
    const addresses = serviceAddresses(services)
    this.#listeners = services.map(({name, port}, index) => {
      const socket = listenerOf(family, addresses.get(name)!, port)
      return new ServiceListener(index, socket, owner)
    })
  }

  /** Accepts what waits, as long as the owner does. */
  admit(): void {
    for (const listener of this.#listeners) listener.wake()
  }

  close(): void {
    for (const listener of this.#listeners) listener.close()
  }
}

class ServiceListener implements Waiter {
  readonly #index: number
  readonly #socket: TcpSocket
  readonly #owner: ServiceOwner
  /** An accept(2) makes room for others, and so wakes it. */
  #isBusy = false

  constructor(index: number, socket: TcpSocket, owner: ServiceOwner) {
    this.#index = index
    this.#socket = socket
    this.#owner = owner
    socket.waiters.join(this)
  }

  wake(): void {
    if (this.#isBusy) return
    this.#isBusy = true
    while (this.#owner.mayAccept) {
      const connection = this.#socket.accept()
      if (connection === undefined) break
      this.#owner.accepted(this.#index, connection)
    }
    this.#isBusy = false
  }

  close(): void {
    this.#socket.waiters.leave(this)
    this.#socket.close()
  }
}

/** It is there before any program, so its port is free. */
function listenerOf(family: InetFamily, ip: number, port: number): TcpSocket {
  const socket = new TcpSocket(family)
  socket.isService = true
  socket.local = {ip, port}
  socket.ports.join(socket, port)
  socket.state = 'listening'
  socket.maxBacklog = SOMAXCONN
  return socket
}
