// Memberships: the multicast groups that sockets have joined, all of them on `lo`: ip(7), ipv6(7).

import {EADDRINUSE, EADDRNOTAVAIL, ENOBUFS, Errno} from '../../../abi/errno.ts'
import {MAX_MEMBERSHIPS} from '../../../abi/inet.ts'
import {type Budget, COST} from '../../../vfs/budget.ts'
import type {IpAddress} from './address.ts'

/** All hosts (224.0.0.1), all nodes (ff01::1, ff02::1): each interface is a member. */
const OF_THE_INTERFACE: readonly IpAddress[] = [
  0xe000_0001,
  `ff01${'0'.repeat(27)}1`,
  `ff02${'0'.repeat(27)}1`,
]

/** The groups that `lo` is a member of, by how many sockets. */
export class Groups {
  readonly budget: Budget
  readonly #members = new Map<IpAddress, number>()

  constructor(budget: Budget) {
    this.budget = budget
  }

  /** Whether a datagram for that group comes back from `lo`. */
  has(group: IpAddress): boolean {
    return this.#members.has(group) || OF_THE_INTERFACE.includes(group)
  }

  /** @throws Errno ENOBUFS */
  join(group: IpAddress): void {
    this.budget.take(COST.membership, ENOBUFS)
    this.#members.set(group, (this.#members.get(group) ?? 0) + 1)
  }

  leave(group: IpAddress): void {
    this.budget.give(COST.membership)
    const count = (this.#members.get(group) ?? 0) - 1
    if (count > 0) this.#members.set(group, count)
    else this.#members.delete(group)
  }
}

/** Those of one socket. */
export class Memberships {
  readonly #groups: Groups
  readonly #joined = new Set<IpAddress>()

  constructor(groups: Groups) {
    this.#groups = groups
  }

  has(group: IpAddress): boolean {
    return this.#joined.has(group)
  }

  /** @throws Errno EADDRINUSE, ENOBUFS */
  join(group: IpAddress): void {
    if (this.#joined.has(group)) throw new Errno(EADDRINUSE)
    if (this.#joined.size >= MAX_MEMBERSHIPS) throw new Errno(ENOBUFS)
    this.#groups.join(group)
    this.#joined.add(group)
  }

  /** @throws Errno EADDRNOTAVAIL */
  leave(group: IpAddress): void {
    if (!this.#joined.delete(group)) throw new Errno(EADDRNOTAVAIL)
    this.#groups.leave(group)
  }

  leaveAll(): void {
    for (const group of this.#joined) this.#groups.leave(group)
    this.#joined.clear()
  }
}
