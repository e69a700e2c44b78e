// A hostile machine at a share by FUSE: random requests, whole and broken. Each is answered, at once, and nothing outside of the share is touched.
//
// HV_LONG=1 (`npm run test:long`): five minutes, by another seed each time. HV_SEED: this seed.

import {expect, test} from 'vitest'
import {ESTALE} from '../../src/abi/errno.ts'
import {Server} from '../../src/machine/fuse/server.ts'
import {disposeMounts, mountRoot} from '../../src/vfs/mount-tree.ts'
import {u32} from '../helpers/fields.ts'
import {hostileRequest} from '../helpers/fuse-hostile.ts'
import {Answer, Op, request} from '../helpers/fuse-message.ts'
import {makeTree, openDescriptors, tellOf, trees} from '../helpers/hostile-share.ts'
import {seededRandom} from '../helpers/mutate.ts'
import {hostDirectory} from '../helpers/vfs-backends.ts'

const isLong = process.env.HV_LONG === '1'
const SECONDS = isLong ? 300 : 2
const SEED = Number(process.env.HV_SEED ?? (isLong ? Date.now() % 1e9 : 20261128))
const TIMEOUT_MS = (SECONDS + 120) * 1000
/** Of one request, on a busy machine. */
const MOST_MS = 1000
const LIMITS = {nodes: 64, openFiles: 16}
/** Descriptors that a share may have besides: directories that it keeps open, and one new file's. */
const MOST_DESCRIPTORS = LIMITS.openFiles + 64 + 8
const MOST_ANSWER_BYTES = 16 + (512 << 10)
/** Requests. */
const LOOK_EVERY = 1024
const UNANSWERED: readonly number[] = [Op.forget, Op.batchForget, Op.interrupt]
const MAKE_ENTRIES: readonly number[] = [Op.lookup, Op.symlink, Op.mknod, Op.mkdir, Op.link, Op.create]

/** What the machine has, as far as the fuzzer cares. */
class Known {
  readonly nodes = new Set([1])
  readonly handles = new Set<number>()

  follow(sent: Uint8Array, answer: Answer): void {
    const opcode = sent[4]
    if (answer.error === ESTALE && sent.length > 20) this.nodes.delete(Buffer.from(sent).readUInt32LE(16))
    if (answer.error !== 0) return
    if (MAKE_ENTRIES.includes(opcode)) this.nodes.add(answer.entry().node)
    if (opcode === Op.create || opcode === Op.open || opcode === Op.opendir) this.handles.add(answer.u64())
    if (opcode === Op.readdirplus)
      for (const {entry} of answer.listing(true)) if (entry!.node !== 0) this.nodes.add(entry!.node)
    if (opcode === Op.release) this.handles.delete(Buffer.from(sent).readUInt32LE(40))
  }
}

test.each(trees)(
  `%s answers each request (seed ${SEED})`,
  async (_, create) => {
    const directory = hostDirectory()
    const {shared, outside, secret} = makeTree(directory.path)
    const fileSystem = create(shared)
    const before = {outside: tellOf(outside), descriptors: openDescriptors()}
    const root = mountRoot(fileSystem, {readOnly: fileSystem.readOnly}).top
    const server = new Server(root, LIMITS)
    const random = seededRandom(SEED)
    let known = new Known()
    const outcomes = {done: 0, refused: 0}
    const end = performance.now() + (SECONDS * 1000) / trees.length
    try {
      for (let count = 0; performance.now() < end; count++) {
        if (count % LOOK_EVERY === 0) {
          server.answer(request(Op.init, {}, u32(7), u32(38), u32(0), u32(0xffff_ffff)))
          known = new Known()
          expect(tellOf(outside)).toBe(before.outside)
          expect(openDescriptors() - before.descriptors).toBeLessThan(MOST_DESCRIPTORS)
          await new Promise((resolve) => setImmediate(resolve))
        }
        const bytes = hostileRequest(random, known)
        const start = performance.now()
        const promised = server.answer(bytes)
        const given = promised instanceof Promise ? await promised : promised
        expect(performance.now() - start).toBeLessThan(MOST_MS)
        if (given.length === 0) {
          expect(UNANSWERED).toContain(bytes[4])
          continue
        }
        const answer = new Answer(given)
        expect(answer.bytes.readUInt32LE(0)).toBe(answer.bytes.length)
        expect(answer.bytes.length).toBeLessThanOrEqual(MOST_ANSWER_BYTES)
        if (answer.bytes.includes(secret)) throw new Error(`request ${count} got the secret`)
        if (answer.error === 0) outcomes.done++
        else outcomes.refused++
        known.follow(bytes, answer)
      }
    } finally {
      server.close()
      disposeMounts(root.mount)
      directory.remove()
    }
    // Both are there in numbers, or the requests are of no use.
    expect(Math.min(outcomes.done, outcomes.refused) / (outcomes.done + outcomes.refused)).toBeGreaterThan(
      0.1,
    )
    expect(openDescriptors()).toBeLessThanOrEqual(before.descriptors)
  },
  TIMEOUT_MS,
)
