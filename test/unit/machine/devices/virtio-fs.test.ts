// VirtioFs: a driver mounts a share, and does there what a client without a ring does.

import * as fs from 'node:fs'
import {join} from 'node:path'
import {afterEach, beforeEach, expect, test} from 'vitest'
import {VirtioFs} from '../../../../src/machine/devices/virtio-fs.ts'
import {UNFINISHED} from '../../../../src/vfs/unfinished.ts'
import {failure} from '../../../helpers/failure.ts'
import {u32, u64} from '../../../helpers/fields.ts'
import {FuseClient, ROOT} from '../../../helpers/fuse-client.ts'
import {Answer, Op, request} from '../../../helpers/fuse-message.ts'
import {type FuseHostShare, fuseHostShare} from '../../../helpers/share.ts'
import {errorOf} from '../../../helpers/vfs.ts'
import {VirtioDriver} from '../../../helpers/virtio-driver.ts'

const HEADER = 80
const ANSWER_BYTES = 16 + (512 << 10)
const MEMORY_BYTES = 1 << 23
const [HIPRIO, REQUESTS] = [0, 1]

let share: FuseHostShare
let driver: VirtioDriver
let client: FuseClient

beforeEach(async () => {
  share = await fuseHostShare()
  driver = new VirtioDriver(new VirtioFs(share.server, 'stuff'), {memoryBytes: MEMORY_BYTES}).begin()
  client = await new FuseClient({answer: throughRing}).mount()
})
afterEach(() => {
  driver.device.reset()
  share.dispose()
})

/** As Linux does: the data goes into buffers of its own, and requests without an answer go through the other queue. */
async function throughRing(bytes: Uint8Array): Promise<Uint8Array> {
  const isForget = bytes[4] === Op.forget
  const parts = bytes.length > HEADER ? [bytes.subarray(0, HEADER), bytes.subarray(HEADER)] : [bytes]
  const queue = driver.queues[isForget ? HIPRIO : REQUESTS]
  const {written, bytes: answer} = await queue.request(parts, isForget ? [] : [16, ANSWER_BYTES - 16])
  return answer.subarray(0, written)
}

test('the driver reads what to mount, and how many queues there are', () => {
  expect(driver.read(8)).toBe(26)
  const tag = String.fromCharCode(...Array.from({length: 36}, (_, i) => driver.config(i, 1)))
  expect(tag).toBe('stuff'.padEnd(36, '\0'))
  expect(driver.config(36, 4)).toBe(1)
})

test.each(['', 'x'.repeat(37), 'a\0b'])('a share cannot be called %j', (tag) => {
  expect(errorOf(() => new VirtioFs(share.server, tag))).toBe('BAD_ARGUMENT')
})

test('files, names and attributes come and go through the rings', async () => {
  const content = Buffer.alloc(1_300_000, 'content ')
  await client.mkdir('d')
  await client.writeFile('d/f', content)
  expect(fs.readFileSync(join(share.path, 'd/f')).equals(content)).toBe(true)
  expect((await client.readFile('d/f')).equals(content)).toBe(true)
  expect(await client.stat('d/f')).toMatchObject({size: 1_300_000, mode: 0o100644})
  expect(await failure(client.walk('none'))).toBe('ENOENT')
})

test('100 requests at once are all answered, in turns', async () => {
  fs.writeFileSync(join(share.path, 'f'), 'x'.repeat(1000))
  const file = await client.open('f')
  const answers = Array.from({length: 100}, (_, i) => {
    const fields = [u64(file), u64(i), u32(10), u32(0), u64(0), u32(0), u32(0)]
    return driver.queues[REQUESTS].request([request(Op.read, {unique: i}, ...fields)], [100])
  })
  for (const [i, {written, bytes}] of (await Promise.all(answers)).entries())
    expect([written, new Answer(bytes).unique]).toEqual([26, i])
})

test('what is forgotten is, without an answer', async () => {
  const {node} = await client.lookup(ROOT, await client.mkdir('d').then(() => 'd'))
  const {written} = await driver.queues[HIPRIO].request([request(Op.forget, {node}, u64(1))])
  expect(written).toBe(0)
  expect(await failure(client.getattrOf(node))).toBe('ESTALE')
})

test('an answer that has no room is an error, and one that has none for that is empty', async () => {
  const queue = driver.queues[REQUESTS]
  const getattr = request(Op.getattr, {unique: 5}, u32(0), u32(0), u64(0))
  const small = await queue.request([getattr], [100])
  expect(small.written).toBe(16)
  expect([new Answer(small.bytes).error, new Answer(small.bytes).unique]).toEqual([90, 5])
  expect((await queue.request([getattr], [15])).written).toBe(0)
  expect((await queue.request([getattr])).written).toBe(0)
  expect(await client.names('')).toEqual([])
})

test('a request that is too long, or none, is refused and no more', async () => {
  const queue = driver.queues[REQUESTS]
  const long = request(Op.write, {}, u64(1), u64(0), u32(1 << 20), new Uint8Array(20 + (1 << 20)))
  for (const parts of [[long], [Uint8Array.of(1)], []])
    expect(new Answer((await queue.request(parts, [100])).bytes).error).toBe(71)
  expect(await client.names('')).toEqual([])
})

test('a driver that begins anew knows no file, and what was open is closed', async () => {
  const before = fs.readdirSync('/proc/self/fd').length
  for (let i = 0; i < 10; i++) await client.create(`f${i}`)
  driver.begin()
  // One of the share's directories may stay open.
  expect(fs.readdirSync('/proc/self/fd').length - before).toBeLessThan(2)
  expect(await failure(client.stat(''))).toBe('EPROTO')
  await client.mount()
  expect(await client.names('')).toHaveLength(10)
})

test('what takes several turns is answered later, and not to a driver that has begun anew meanwhile', async () => {
  await client.writeFile('f', 'x')
  const inode = share.root.inode.lookup('f')
  const open = inode.open.bind(inode)
  let turns = 0
  inode.open = (flags) => {
    if (++turns % 5 > 0) throw UNFINISHED
    return open(flags)
  }
  const {node} = await client.lookup(ROOT, 'f')
  expect((await client.call(Op.open, node, u32(0), u32(0))).u64()).toBeGreaterThan(0)
  expect(turns).toBe(5)
  void client.call(Op.open, node, u32(0), u32(0)).catch(() => {})
  driver.begin()
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve))
  await client.mount()
  expect(await client.names('')).toEqual(['f'])
})
