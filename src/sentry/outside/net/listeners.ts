// Listeners: at which ports a guest's programs can be reached, and when that has changed.

import {AF_INET} from '../../../abi/socket.ts'
import type {Waiter} from '../../../vfs/wait-queue.ts'
import type {Kernel} from '../../core/kernel.ts'
import type {InetFamily} from '../../net/inet/inet-family.ts'
import type {InetSocket} from '../../net/inet/inet-socket.ts'
import type {InetStack} from '../../net/inet/inet-stack.ts'
import {MOST_PORTS} from './connection-limits.ts'
import {textOf} from './guest-address.ts'
import type {SandboxPort} from './sandbox-port.ts'

/** Is given one list, and its version. */
export type PortsAnswer = (version: number, ports: SandboxPort[]) => void

export class Listeners implements Waiter {
  readonly #stack: InetStack
  #waiting: PortsAnswer[] = []

  constructor({socketFamilies}: Kernel) {
    this.#stack = (socketFamilies.find(AF_INET) as InetFamily).stack
    this.#stack.listening.waiters.join(this)
  }

  /** @param known the version that is not told again */
  ask(known: number | undefined, told: PortsAnswer): void {
    const {count} = this.#stack.listening
    if (known === count) this.#waiting.push(told)
    else told(count, this.#list())
  }

  wake(): void {
    const {count} = this.#stack.listening
    const waiting = this.#waiting
    if (waiting.length === 0) return
    this.#waiting = []
    const ports = this.#list()
    for (const told of waiting) told(count, ports)
  }

  #list(): SandboxPort[] {
    const ports: SandboxPort[] = []
    for (const [protocol, table] of [
      ['tcp', this.#stack.tcp],
      ['udp', this.#stack.udp],
    ] as const) {
      for (const socket of table.all()) {
        if (!isReachable(socket)) continue
        if (ports.length === MOST_PORTS) return ports
        ports.push({protocol, address: textOf(socket.local.ip), port: socket.local.port, pid: socket.pid})
      }
    }
    return ports
  }
}

const isReachable = (socket: InetSocket): boolean =>
  !socket.isService && (socket.isStream ? socket.isListening : socket.remote === undefined)
