// InetStack: what a kernel's internet sockets share: the ports of each protocol, and how many bytes its sockets may hold.

import type {Budget} from '../../../vfs/budget.ts'
import type {HostRandom} from '../../../vfs/host.ts'
import {type Changes, WaitQueue} from '../../../vfs/wait-queue.ts'
import {PortTable} from './port-table.ts'

export class InetStack {
  readonly budget: Budget
  readonly tcp: PortTable
  readonly udp: PortTable
  /** Of which TCP sockets listen. */
  readonly listening: Changes = {count: 0, waiters: new WaitQueue()}

  constructor(random: HostRandom, budget: Budget) {
    this.budget = budget
    this.tcp = new PortTable(random)
    this.udp = new PortTable(random)
  }

  /** A TCP socket listens from now on, or no longer. */
  listeningChanged(): void {
    const changes: {-readonly [Name in keyof Changes]: Changes[Name]} = this.listening
    changes.count++
    changes.waiters.wakeAll()
  }
}
