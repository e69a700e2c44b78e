// A hostile machine at a share: random messages, whole and broken. Each is answered, at once, and nothing outside of the share is touched.
//
// HV_LONG=1 (`npm run test:long`): five minutes, by another seed each time. HV_SEED: this seed.

import * as fs from 'node:fs'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import {Server} from '../../src/machine/9p/server.ts'
import type {FileSystem} from '../../src/vfs/file-system.ts'
import {openHostFs} from '../../src/vfs/fs/host.ts'
import {Overlay} from '../../src/vfs/fs/overlay.ts'
import {disposeMounts, mountRoot} from '../../src/vfs/mount-tree.ts'
import {type Field, message, u8, u16, u32, u64} from '../helpers/9p-message.ts'
import {memoryFile} from '../helpers/memory-file.ts'
import {type Random, seededRandom} from '../helpers/mutate.ts'
import {hostDirectory} from '../helpers/vfs-backends.ts'

const isLong = process.env.HV_LONG === '1'
const SECONDS = isLong ? 300 : 2
const SEED = Number(process.env.HV_SEED ?? (isLong ? Date.now() % 1e9 : 20261128))
const TIMEOUT_MS = (SECONDS + 120) * 1000
/** Of one message, on a busy machine. */
const MOST_MS = 1000
const MEMORY_BYTES = 16 << 20
const LIMITS = {fids: 64, openFiles: 16, messageBytes: 16384}
/** Descriptors that a share may have besides: directories that it keeps open, and one new file's. */
const MOST_DESCRIPTORS = LIMITS.openFiles + 64 + 8
/** Messages. */
const LOOK_EVERY = 1024
const ATTACH_EVERY = 16

const NAMES = [
  'a',
  'b',
  'c',
  'd',
  'link',
  '..',
  '.',
  '',
  '/',
  'a/b',
  '../outside',
  '\0',
  'x'.repeat(255),
  'x'.repeat(256),
]
const TARGETS = ['../outside', '/etc', '..', 'a', '', '/proc/self/root', 'y'.repeat(5000)]
/** More than are allowed at a time. */
const FIDS = 80
const NO_FID = 0xffff_ffff
const NUMBERS = [0, 1, 2, 7, 0x200, 4096, 65536, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]
const OFFSETS = [0, 0, 1, 5, 4096, 2 ** 31, 2 ** 32 + 1, 2 ** 52 - 1, 2 ** 52, -1, -(2 ** 62), 2 ** 62]
const MODES = [0o644, 0o755, 0o100600, 0o010600, 0o020666, 0o140755, 0o040755, 0o7777, 0xffff_ffff]
const FLAGS = [0, 1, 2, 3, 0o100, 0o302, 0o1002, 0o2001, 0o200000, 0o20200002, 0xffff_ffff]

type Kind =
  | 'fid'
  | 'newFid'
  | 'name'
  | 'target'
  | 'u8'
  | 'u16'
  | 'u32'
  | 'offset'
  | 'mode'
  | 'flags'
  | 'data'
  | 'names'

/** What the requests are made of. */
const LAYOUTS: readonly (readonly [type: number, weight: number, ...kinds: Kind[]])[] = [
  [8, 1, 'fid'],
  [12, 6, 'fid', 'flags'],
  [14, 6, 'fid', 'name', 'flags', 'mode', 'u32'],
  [16, 2, 'fid', 'name', 'target', 'u32'],
  [18, 2, 'fid', 'name', 'mode', 'u32', 'u32', 'u32'],
  [20, 2, 'fid', 'fid', 'name'],
  [22, 1, 'fid'],
  [24, 2, 'fid', 'offset'],
  [26, 3, 'fid', 'u32', 'mode', 'u32', 'u32', 'offset', 'offset', 'u32', 'u32', 'offset', 'u32', 'u32'],
  [30, 1, 'fid', 'newFid', 'target'],
  [32, 1, 'fid', 'name', 'offset', 'u32'],
  [40, 3, 'fid', 'offset', 'u32'],
  [50, 1, 'fid', 'u32'],
  [52, 2, 'fid', 'u8', 'u32', 'offset', 'offset', 'u32', 'name'],
  [54, 1, 'fid', 'u8', 'offset', 'offset', 'u32', 'name'],
  [70, 2, 'fid', 'fid', 'name'],
  [72, 3, 'fid', 'name', 'mode', 'u32'],
  [74, 3, 'fid', 'name', 'fid', 'name'],
  [76, 3, 'fid', 'name', 'u32'],
  [102, 1, 'fid', 'name', 'name', 'u32'],
  [108, 1, 'u16'],
  [110, 12, 'fid', 'newFid', 'names'],
  [116, 3, 'fid', 'offset', 'u32'],
  [118, 3, 'fid', 'offset', 'data'],
  [120, 3, 'fid'],
  [122, 1, 'fid'],
  [255, 1, 'u32'],
]
const [WALK, CLUNK, REMOVE] = [110, 120, 122]
const WEIGHTED = LAYOUTS.flatMap((layout) => Array.from({length: layout[1]}, () => layout))

/** @param live fids that the machine has */
function fieldOf(kind: Kind, random: Random, live: ReadonlySet<number>): Field[] {
  const pick = <T>(from: readonly T[]): T => from[random(from.length)]
  switch (kind) {
    case 'fid':
      return [u32(random(8) === 0 ? random(FIDS) : ([...live][random(live.size)] ?? 0))]
    case 'newFid':
      return [u32(random(20) === 0 ? NO_FID : random(FIDS))]
    case 'name':
      return [pick(random(3) === 0 ? NAMES : NAMES.slice(0, 5))]
    case 'target':
      return [pick(TARGETS)]
    case 'u8':
      return [u8(random(4))]
    case 'u16':
      return [u16(random(32))]
    case 'u32':
      return [u32(random(2) === 0 ? pick(NUMBERS) : random(512))]
    case 'offset':
      return [u64(pick(OFFSETS))]
    case 'mode':
      return [u32(pick(MODES))]
    case 'flags':
      return [u32(pick(FLAGS))]
    case 'data': {
      const bytes = new Uint8Array(random(500)).fill(random(256))
      return [u32(random(20) === 0 ? pick(NUMBERS) : bytes.length), bytes]
    }
    case 'names': {
      const names = Array.from({length: random(20) === 0 ? random(40) : random(3)}, () =>
        pick(NAMES.slice(0, 7)),
      )
      return [u16(random(20) === 0 ? random(65536) : names.length), ...names]
    }
  }
}

/** One of ten is broken besides: cut, grown, or a byte of it changed. */
function hostileMessage(random: Random, live: ReadonlySet<number>): Uint8Array {
  const [type, , ...kinds] = WEIGHTED[random(WEIGHTED.length)]
  const bytes = Buffer.from(message(type, random(8), ...kinds.flatMap((kind) => fieldOf(kind, random, live))))
  if (random(10) > 0) return bytes
  const how = random(3)
  if (how === 0) return bytes.subarray(0, random(bytes.length + 1))
  if (how === 1) bytes.writeUInt32LE(NUMBERS[random(NUMBERS.length)], 0)
  else bytes[random(bytes.length)] = random(256)
  return bytes
}

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

const openDescriptors = (): number => fs.readdirSync('/proc/self/fd').length

/** Of what is outside of the share: names, sizes, times. */
function tellOf(folder: string): string {
  return fs
    .readdirSync(folder)
    .map((name) => {
      const {size, mode, mtimeMs, ctimeMs, nlink} = fs.lstatSync(join(folder, name))
      return [name, size, mode, mtimeMs, ctimeMs, nlink].join(' ')
    })
    .join('\n')
}

/** A share with secrets beside it. */
function makeTree(path: string): {shared: string; outside: string; secret: string} {
  const [shared, outside] = [join(path, 'share'), join(path, 'outside')]
  fs.mkdirSync(join(shared, 'a/b/c'), {recursive: true})
  fs.mkdirSync(outside)
  const secret = 'a secret that lies beside the share'
  fs.writeFileSync(join(outside, 'secret'), secret)
  fs.writeFileSync(join(shared, 'd'), 'content')
  fs.symlinkSync('../outside', join(shared, 'link'))
  return {shared, outside, secret}
}

const trees: readonly [string, (path: string) => FileSystem][] = [
  ['a directory', (path) => openHostFs(path, {readOnly: false, memory: memoryFile(MEMORY_BYTES)})],
  ['a read-only directory', (path) => openHostFs(path, {readOnly: true, memory: memoryFile(MEMORY_BYTES)})],
  [
    'an overlay',
    (path) => {
      const memory = memoryFile(MEMORY_BYTES)
      return new Overlay(openHostFs(path, {readOnly: true, memory}), memory)
    },
  ],
]

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
