// Freshness: the node whose attributes a file system read last, for the next question about it. It holds until the sentry waits again,
// as the host may change attributes meanwhile.

let turn = 0

/** The sentry has waited for something. */
export function nextTurn(): void {
  turn = (turn + 1) | 0
}

export abstract class Freshness<Node> {
  #fresh: Node | undefined
  #turn = 0

  get fresh(): Node | undefined {
    return this.#turn === turn ? this.#fresh : undefined
  }

  set fresh(node: Node | undefined) {
    this.#fresh = node
    this.#turn = turn
  }
}
