// LongRequests: a machine's requests that take more than one turn of the event loop, and their promised answers.

import {UnfinishedError} from '../../vfs/unfinished.ts'

/** The most at a time. */
const MOST = 64

/** Answers a request, or throws UnfinishedError: called again, it goes on from where it was. */
export type Attempt = () => Uint8Array

export class LongRequests<Key> {
  readonly #answers = new Map<Key, Promise<Uint8Array>>()

  /** The promised answer of a request that is under way. */
  of(key: Key): Promise<Uint8Array> | undefined {
    return this.#answers.get(key)
  }

  /**
   * @param attempt at a request whose bytes do not change
   * @returns undefined when there are too many
   */
  start(key: Key, attempt: Attempt): Promise<Uint8Array> | undefined {
    if (this.#answers.size >= MOST) return undefined
    const answer = finish(attempt).finally(() => this.#answers.delete(key))
    this.#answers.set(key, answer)
    return answer
  }
}

async function finish(attempt: Attempt): Promise<Uint8Array> {
  for (;;) {
    await new Promise((resolve) => setImmediate(resolve))
    try {
      return copyOf(attempt())
    } catch (error) {
      if (!(error instanceof UnfinishedError)) throw error
    }
  }
}

/** Not slice(): a Buffer's slice shares its memory. */
export function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes)
}
