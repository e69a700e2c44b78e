// InetStack: what a kernel's internet sockets share: the ports of each protocol, and how many bytes its sockets may hold.

import type {Budget} from '../../../vfs/budget.ts'
import type {HostRandom} from '../../../vfs/host.ts'
import {PortTable} from './port-table.ts'

export class InetStack {
  readonly budget: Budget
  readonly tcp: PortTable
  readonly udp: PortTable

  constructor(random: HostRandom, budget: Budget) {
    this.budget = budget
    this.tcp = new PortTable(random)
    this.udp = new PortTable(random)
  }
}
