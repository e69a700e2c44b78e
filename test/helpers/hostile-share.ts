// A hostile machine plays against a share, over either protocol: each request is answered at once, and nothing outside of the share is touched.
//
// HV_LONG=1 (`npm run test:long`): five minutes, with another seed each time. HV_SEED: this seed.

import * as fs from 'node:fs'
import {join} from 'node:path'
import {expect} from 'vitest'
import type {FileSystem} from '../../src/vfs/file-system.ts'
import {openHostFs} from '../../src/vfs/fs/host.ts'
import {Overlay} from '../../src/vfs/fs/overlay.ts'
import type {Location} from '../../src/vfs/location.ts'
import {disposeMounts, mountRoot} from '../../src/vfs/mount-tree.ts'
import {nativeHost} from '../../src/vfs/native-host.ts'
import {VirtualFileSystem} from '../../src/vfs/virtual-file-system.ts'
import {memoryFile} from './memory-file.ts'
import {type Random, seededRandom} from './mutate.ts'
import {hostDirectory} from './vfs-backends.ts'

const isLong = process.env.HV_LONG === '1'
const SECONDS = isLong ? 300 : 2
export const SEED = Number(process.env.HV_SEED ?? (isLong ? Date.now() % 1e9 : 20261128))
export const TIMEOUT_MS = (SECONDS + 120) * 1000
/** The most that one request may take on a busy machine. */
const MOST_MS = 1000
const MEMORY_BYTES = 16 << 20
export const OPEN_FILES = 16
/** Descriptors that a share may have: open files, directories that it keeps open, and one new file's. */
const MOST_DESCRIPTORS = OPEN_FILES + 64 + 8
/** Requests between two looks. */
const LOOK_EVERY = 1024

/** File systems to share, read-only or not. */
export const trees: readonly [string, (path: string) => FileSystem][] = [
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

/** One protocol's part. */
export interface Game {
  readonly server: {answer(request: Uint8Array): Uint8Array | Promise<Uint8Array>; close(): void}
  readonly mostAnswerBytes: number
  /** Begins a new session. */
  begin(): void
  request(count: number, random: Random): Uint8Array
  /** Learns from an answer, whose size field is right. @returns whether the request was refused */
  isRefused(request: Uint8Array, answer: Buffer): boolean
  /** Whether the request gets no answer. */
  isSilent(request: Uint8Array): boolean
}

/** Plays for this tree's share of the seconds for all trees. */
export async function play(
  create: (path: string) => FileSystem,
  gameOf: (root: Location) => Game,
): Promise<void> {
  const directory = hostDirectory()
  const {shared, outside, secret} = makeTree(directory.path)
  const fileSystem = create(shared)
  const before = {outside: tellOf(outside), descriptors: openDescriptors()}
  const root = mountRoot(fileSystem, new VirtualFileSystem(nativeHost), {readOnly: fileSystem.readOnly}).top
  const game = gameOf(root)
  const random = seededRandom(SEED)
  const outcomes = {done: 0, refused: 0}
  const end = performance.now() + (SECONDS * 1000) / trees.length
  try {
    for (let count = 0; performance.now() < end; count++) {
      if (count % LOOK_EVERY === 0) {
        game.begin()
        expect(tellOf(outside)).toBe(before.outside)
        expect(openDescriptors() - before.descriptors).toBeLessThan(MOST_DESCRIPTORS)
        await new Promise((resolve) => setImmediate(resolve))
      }
      const request = game.request(count, random)
      const start = performance.now()
      const promised = game.server.answer(request)
      const answer = Buffer.from(promised instanceof Promise ? await promised : promised)
      expect(performance.now() - start).toBeLessThan(MOST_MS)
      if (answer.length === 0 && game.isSilent(request)) continue
      expect(answer.readUInt32LE(0)).toBe(answer.length)
      expect(answer.length).toBeLessThanOrEqual(game.mostAnswerBytes)
      if (answer.includes(secret)) throw new Error(`request ${count} got the secret`)
      outcomes[game.isRefused(request, answer) ? 'refused' : 'done']++
    }
  } finally {
    game.server.close()
    disposeMounts(root.mount)
    directory.remove()
  }
  // Both must be frequent, or the requests are useless.
  const share = Math.min(outcomes.done, outcomes.refused) / (outcomes.done + outcomes.refused)
  expect(share).toBeGreaterThan(0.1)
  expect(openDescriptors()).toBeLessThanOrEqual(before.descriptors)
}

const openDescriptors = (): number => fs.readdirSync('/proc/self/fd').length

/** Names, sizes and times of the files outside of the share. */
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
