// A hostile machine against a share over 9P: random messages, whole and broken (helpers/hostile-share.ts).

import {test} from 'vitest'
import {Server} from '../../src/machine/9p/server.ts'
import type {Location} from '../../src/vfs/location.ts'
import {CLUNK, hostileMessage, NO_FID, REMOVE, WALK} from '../helpers/9p-hostile.ts'
import {message, u32} from '../helpers/9p-message.ts'
import {type Game, OPEN_FILES, play, SEED, TIMEOUT_MS, trees} from '../helpers/hostile-share.ts'
import type {Random} from '../helpers/mutate.ts'

const MESSAGE_BYTES = 16384
const LIMITS = {fids: 64, openFiles: OPEN_FILES, messageBytes: MESSAGE_BYTES}
/** Messages between two attaches. */
const ATTACH_EVERY = 16

class Messages implements Game {
  readonly server: Server
  readonly mostAnswerBytes = MESSAGE_BYTES
  /** Fids that the machine has. */
  readonly #live = new Set<number>()

  constructor(root: Location) {
    this.server = new Server(root, LIMITS)
  }

  begin(): void {
    this.server.answer(message(100, 0xffff, u32(8192), '9P2000.L'))
    this.#live.clear()
  }

  request(count: number, random: Random): Uint8Array {
    if (count % ATTACH_EVERY === 0) this.#attach()
    return hostileMessage(random, this.#live)
  }

  /** Makes the fid that everything begins with. */
  #attach(): void {
    if (!this.#live.has(0)) this.server.answer(message(104, 1, u32(0), u32(NO_FID), 'user', '', u32(0)))
    this.#live.add(0)
  }

  isSilent(): boolean {
    return false
  }

  isRefused(bytes: Uint8Array, answer: Buffer): boolean {
    // Missing fields are 0.
    const sent = Buffer.concat([bytes, new Uint8Array(17)])
    if (answer[4] === WALK + 1 && answer.readUInt16LE(7) === sent.readUInt16LE(15))
      this.#live.add(sent.readUInt32LE(11))
    if (answer[4] === CLUNK + 1 || sent[4] === REMOVE) this.#live.delete(sent.readUInt32LE(7))
    return answer[4] === 7
  }
}

test.each(trees)(
  `%s answers each message (seed ${SEED})`,
  (_, create) => play(create, (root) => new Messages(root)),
  TIMEOUT_MS,
)
