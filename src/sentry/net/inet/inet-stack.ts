// InetStack: what a kernel's internet sockets share: the ports of each protocol, the multicast groups, and how many bytes its sockets may hold.

import type {Budget} from '../../../vfs/budget.ts'
import type {Host, HostClock} from '../../../vfs/host.ts'
import {type Changes, WaitQueue} from '../../../vfs/wait-queue.ts'
import {InetCounters} from '../proc/inet-counters.ts'
import type {SocketFamily} from '../socket.ts'
import {Connections} from './connections.ts'
import type {HostConnections} from './host/connections.ts'
import type {InetSocket} from './inet-socket.ts'
import {Groups} from './memberships.ts'
import {PortTable} from './port-table.ts'
import {TimeWaits} from './tcp/time-wait.ts'

/** IPv4 or IPv6, as its sockets know it. */
export interface InternetProtocol extends SocketFamily {
  readonly stack: InetStack
}

export class InetStack {
  readonly budget: Budget
  readonly clock: HostClock
  readonly #tcp: PortTable
  readonly udp: PortTable
  readonly counters = new InetCounters()
  readonly groups: Groups
  readonly connections = new Connections()
  readonly timeWaits: TimeWaits
  /** Absent: nothing leads out of the sandbox. */
  hostConnections: HostConnections | undefined
  /** Of which TCP sockets listen. */
  readonly listening: Changes = {count: 0, waiters: new WaitQueue()}

  constructor({clock, random}: Pick<Host, 'clock' | 'random'>, budget: Budget) {
    this.budget = budget
    this.clock = clock
    this.#tcp = new PortTable(random)
    this.timeWaits = new TimeWaits(clock, this.#tcp, budget)
    this.udp = new PortTable(random)
    this.groups = new Groups(budget)
  }

  /** Without ends whose TIME_WAIT is over. */
  get tcp(): PortTable {
    this.timeWaits.dropExpired()
    return this.#tcp
  }

  /** Precondition: the socket has both endpoints. @returns whether there was no such connection */
  connect(socket: InetSocket): boolean {
    this.timeWaits.replace(socket.local, socket.remote!)
    return this.connections.add(socket)
  }

  /** A TCP socket listens from now on, or no longer. */
  listeningChanged(): void {
    const changes: {-readonly [Name in keyof Changes]: Changes[Name]} = this.listening
    changes.count++
    changes.waiters.wakeAll()
  }
}
