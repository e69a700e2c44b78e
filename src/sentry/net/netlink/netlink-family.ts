// NetlinkFamily: makes a kernel's netlink sockets: netlink(7).

import {EPROTONOSUPPORT, Errno, ESOCKTNOSUPPORT} from '../../../abi/errno.ts'
import {AF_NETLINK, SOCK_DGRAM, SOCK_RAW} from '../../../abi/socket.ts'
import type {Budget} from '../../../vfs/budget.ts'
import type {SocketFamily} from '../socket.ts'
import {NetlinkSocket} from './netlink-socket.ts'
import type {NetlinkProtocol} from './protocol.ts'

/** Port ids that the kernel chooses, when the process id is taken, are negative numbers: netlink_autobind. */
const FIRST_CHOSEN = -4097
const LAST_CHOSEN = -0x8000_0000

export class NetlinkFamily implements SocketFamily {
  readonly number = AF_NETLINK
  /** libc asks with it for this machine's addresses, before it resolves a name. */
  readonly promise = 'inet'
  readonly budget: Budget
  readonly #protocols: ReadonlyMap<number, NetlinkProtocol>
  /** Sockets by protocol and port id. */
  readonly #byPort = new Map<string, NetlinkSocket>()
  #nextChosen = FIRST_CHOSEN

  constructor(budget: Budget, protocols: readonly NetlinkProtocol[]) {
    this.budget = budget
    this.#protocols = new Map(protocols.map((protocol) => [protocol.number, protocol]))
  }

  /** @throws Errno ESOCKTNOSUPPORT, EPROTONOSUPPORT, ENFILE */
  create(type: number, protocol: number): NetlinkSocket {
    if (type !== SOCK_RAW && type !== SOCK_DGRAM) throw new Errno(ESOCKTNOSUPPORT)
    const found = this.#protocols.get(protocol)
    if (found === undefined) throw new Errno(EPROTONOSUPPORT)
    return new NetlinkSocket(this, type, found)
  }

  /** @returns whether the port id was free */
  claim(socket: NetlinkSocket, port: number): boolean {
    const key = keyOf(socket.protocol, port)
    if (this.#byPort.has(key)) return false
    this.#byPort.set(key, socket)
    return true
  }

  /** Takes the process id, or else a port id of the kernel's choice. @returns it */
  claimAny(socket: NetlinkSocket, pid: number): number {
    if (this.claim(socket, pid)) return pid
    for (;;) {
      const port = this.#nextChosen >>> 0
      this.#nextChosen = this.#nextChosen === LAST_CHOSEN ? FIRST_CHOSEN : this.#nextChosen - 1
      if (this.claim(socket, port)) return port
    }
  }

  release({protocol}: NetlinkSocket, port: number): void {
    this.#byPort.delete(keyOf(protocol, port))
  }
}

const keyOf = (protocol: number, port: number): string => `${protocol}:${port}`
