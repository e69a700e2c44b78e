// A hostile machine at a share: random messages, whole and broken. Each is answered, at once, and nothing outside of the share is touched.
//
// HV_LONG=1 (`npm run test:long`): five minutes, by another seed each time. HV_SEED: this seed.

import {expect, test} from 'vitest'
import {Server} from '../../src/machine/9p/server.ts'
import {disposeMounts, mountRoot} from '../../src/vfs/mount-tree.ts'
import {CLUNK, hostileMessage, NO_FID, REMOVE, WALK} from '../helpers/9p-hostile.ts'
import {message, u32} from '../helpers/9p-message.ts'
import {makeTree, openDescriptors, tellOf, trees} from '../helpers/hostile-share.ts'
import {seededRandom} from '../helpers/mutate.ts'
import {hostDirectory} from '../helpers/vfs-backends.ts'

const isLong = process.env.HV_LONG === '1'
const SECONDS = isLong ? 300 : 2
const SEED = Number(process.env.HV_SEED ?? (isLong ? Date.now() % 1e9 : 20261128))
const TIMEOUT_MS = (SECONDS + 120) * 1000
/** Of one message, on a busy machine. */
const MOST_MS = 1000
const LIMITS = {fids: 64, openFiles: 16, messageBytes: 16384}
/** Descriptors that a share may have besides: directories that it keeps open, and one new file's. */
const MOST_DESCRIPTORS = LIMITS.openFiles + 64 + 8
/** Messages. */
const LOOK_EVERY = 1024
const ATTACH_EVERY = 16

/** A session, with the fid that everything begins with. */
function begin(server: Server, live: Set<number>): void {
  server.answer(message(100, 0xffff, u32(8192), '9P2000.L'))
  live.clear()
  attach(server, live)
}

function attach(server: Server, live: Set<number>): void {
  if (!live.has(0)) server.answer(message(104, 1, u32(0), u32(NO_FID), 'user', '', u32(0)))
  live.add(0)
}

/** What the machine has after that, as far as the fuzzer cares. */
function follow(bytes: Uint8Array, answer: Buffer, live: Set<number>): void {
  // Fields that are not there are 0.
  const sent = Buffer.concat([bytes, new Uint8Array(17)])
  if (answer[4] === WALK + 1 && answer.readUInt16LE(7) === sent.readUInt16LE(15))
    live.add(sent.readUInt32LE(11))
  if (answer[4] === CLUNK + 1 || sent[4] === REMOVE) live.delete(sent.readUInt32LE(7))
}

test.each(trees)(
  `%s answers each message (seed ${SEED})`,
  async (_, create) => {
    const directory = hostDirectory()
    const {shared, outside, secret} = makeTree(directory.path)
    const fileSystem = create(shared)
    const before = {outside: tellOf(outside), descriptors: openDescriptors()}
    const root = mountRoot(fileSystem, {readOnly: fileSystem.readOnly}).top
    const server = new Server(root, LIMITS)
    const random = seededRandom(SEED)
    const live = new Set<number>()
    const outcomes = {done: 0, refused: 0}
    const end = performance.now() + (SECONDS * 1000) / trees.length
    try {
      for (let count = 0; performance.now() < end; count++) {
        if (count % LOOK_EVERY === 0) {
          begin(server, live)
          expect(tellOf(outside)).toBe(before.outside)
          expect(openDescriptors() - before.descriptors).toBeLessThan(MOST_DESCRIPTORS)
          await new Promise((resolve) => setImmediate(resolve))
        }
        if (count % ATTACH_EVERY === 0) attach(server, live)
        const bytes = hostileMessage(random, live)
        const start = performance.now()
        const promised = server.answer(bytes)
        const answer = Buffer.from(promised instanceof Promise ? await promised : promised)
        expect(performance.now() - start).toBeLessThan(MOST_MS)
        expect(answer.readUInt32LE(0)).toBe(answer.length)
        expect(answer.length).toBeLessThanOrEqual(LIMITS.messageBytes)
        if (answer.includes(secret)) throw new Error(`message ${count} got the secret`)
        follow(bytes, answer, live)
        if (answer[4] === 7) outcomes.refused++
        else outcomes.done++
      }
    } finally {
      server.close()
      disposeMounts(root.mount)
      directory.remove()
    }
    // Both are there in numbers, or the messages are of no use.
    expect(Math.min(outcomes.done, outcomes.refused) / (outcomes.done + outcomes.refused)).toBeGreaterThan(
      0.1,
    )
    expect(openDescriptors()).toBeLessThanOrEqual(before.descriptors)
  },
  TIMEOUT_MS,
)
