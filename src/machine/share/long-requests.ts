// LongRequests: the requests of a machine that take more than one turn of the event loop, and their answers to come.

import {Unfinished} from '../../vfs/unfinished.ts'

/** At a time. */
const MOST = 64

/** Answers a request, or throws Unfinished: called again, it goes on where it was. */
export type Attempt = () => Uint8Array

export class LongRequests<Key> {
  readonly #answers = new Map<Key, Promise<Uint8Array>>()

  /** The answer to come of a request that is under way. */
  of(key: Key): Promise<Uint8Array> | undefined {
    return this.#answers.get(key)
  }

  /**
   * @param attempt of a request whose bytes stay as they are
   * @returns undefined: there are too many
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
      if (!(error instanceof Unfinished)) throw error
    }
  }
}

/** Not slice(): that of a Buffer shares its memory. */
export function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes)
}
