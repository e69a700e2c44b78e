// Freshness: of which node a file system read the attributes last, for the question that follows. It holds until the sentry waits again, as
// meanwhile the host may change them.

let turn = 0

/** The sentry has waited, for whatever came. */
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
