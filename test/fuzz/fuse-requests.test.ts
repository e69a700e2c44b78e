// A hostile machine against a share over FUSE: random requests, whole and broken (helpers/hostile-share.ts).

import {test} from 'vitest'
import {ESTALE} from '../../src/abi/errno.ts'
import {Server} from '../../src/machine/fuse/server.ts'
import type {Location} from '../../src/vfs/location.ts'
import {u32} from '../helpers/fields.ts'
import {hostileRequest} from '../helpers/fuse-hostile.ts'
import {Answer, Op, request} from '../helpers/fuse-message.ts'
import {type Game, OPEN_FILES, play, SEED, TIMEOUT_MS, trees} from '../helpers/hostile-share.ts'
import type {Random} from '../helpers/mutate.ts'

const LIMITS = {nodes: 64, openFiles: OPEN_FILES}
const ROOT = 1
const UNANSWERED: readonly number[] = [Op.forget, Op.batchForget, Op.interrupt]
const MAKE_ENTRIES: readonly number[] = [Op.lookup, Op.symlink, Op.mknod, Op.mkdir, Op.link, Op.create]

class Requests implements Game {
  readonly server: Server
  readonly mostAnswerBytes = 16 + (512 << 10)
  /** The nodes and handles that the machine has. */
  readonly #nodes = new Set<number>()
  readonly #handles = new Set<number>()

  constructor(root: Location) {
    this.server = new Server(root, LIMITS)
  }

  begin(): void {
    this.server.answer(request(Op.init, {}, u32(7), u32(38), u32(0), u32(0xffff_ffff)))
    this.#nodes.clear()
    this.#nodes.add(ROOT)
    this.#handles.clear()
  }

  request(_count: number, random: Random): Uint8Array {
    return hostileRequest(random, {nodes: this.#nodes, handles: this.#handles})
  }

  isSilent([, , , , opcode]: Uint8Array): boolean {
    return UNANSWERED.includes(opcode)
  }

  isRefused(bytes: Uint8Array, given: Buffer): boolean {
    // Missing fields are 0.
    const sent = Buffer.concat([bytes, new Uint8Array(44)])
    const [opcode, answer] = [sent[4], new Answer(given)]
    if (answer.error === ESTALE) this.#nodes.delete(sent.readUInt32LE(16))
    if (answer.error !== 0) return true
    if (MAKE_ENTRIES.includes(opcode)) this.#nodes.add(answer.entry().node)
    if (opcode === Op.create || opcode === Op.open || opcode === Op.opendir) this.#handles.add(answer.u64())
    if (opcode === Op.release) this.#handles.delete(sent.readUInt32LE(40))
    if (opcode === Op.readdirplus)
      for (const {entry} of answer.listing(true)) if (entry!.node !== 0) this.#nodes.add(entry!.node)
    return false
  }
}

test.each(trees)(
  `%s answers each request (seed ${SEED})`,
  (_, create) => play(create, (root) => new Requests(root)),
  TIMEOUT_MS,
)
