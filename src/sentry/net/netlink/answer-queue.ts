// AnswerQueue: datagrams that wait at a netlink socket, counted in the budget.

import {type Budget, COST} from '../../../vfs/budget.ts'

const costOf = (datagram: Uint8Array): number => COST.socketMessage + datagram.length

export class AnswerQueue {
  readonly #budget: Budget
  readonly #datagrams: Uint8Array[] = []
  #cost = 0

  constructor(budget: Budget) {
    this.#budget = budget
  }

  get length(): number {
    return this.#datagrams.length
  }

  get first(): Uint8Array | undefined {
    return this.#datagrams[0]
  }

  /** @param limit SO_RCVBUF, which the last datagram may exceed @returns false: there is no room */
  add(datagram: Uint8Array, limit: number): boolean {
    const cost = costOf(datagram)
    if (this.#cost > limit || !this.#budget.hasRoom(cost)) return false
    this.#budget.note(cost)
    this.#cost += cost
    this.#datagrams.push(datagram)
    return true
  }

  remove(): void {
    const datagram = this.#datagrams.shift()
    if (datagram === undefined) return
    this.#cost -= costOf(datagram)
    this.#budget.give(costOf(datagram))
  }
}
