// Virtio9p: a driver mounts a share, and does there what a client without a ring does.

import * as fs from 'node:fs'
import {join} from 'node:path'
import {afterEach, beforeEach, expect, test} from 'vitest'
import {S_IFREG} from '../../../../src/abi/file-mode.ts'
import {Virtio9p} from '../../../../src/machine/devices/virtio-9p.ts'
import {UNFINISHED} from '../../../../src/vfs/unfinished.ts'
import {Client} from '../../../helpers/9p-client.ts'
import {message, u32, u64} from '../../../helpers/9p-message.ts'
import {failure} from '../../../helpers/failure.ts'
import {type HostShare, hostShare} from '../../../helpers/share.ts'
import {errorOf} from '../../../helpers/vfs.ts'
import {MEMORY_BASE, VirtioDriver} from '../../../helpers/virtio-driver.ts'

const MESSAGE_BYTES = 32768
const HEADER = 23
const MEMORY_BYTES = 1 << 23

let share: HostShare
let driver: VirtioDriver
let client: Client

beforeEach(async () => {
  share = await hostShare()
  driver = new VirtioDriver(new Virtio9p(share.server, 'stuff'), {memoryBytes: MEMORY_BYTES}).begin()
  client = await new Client({answer: throughRing}).mount({messageBytes: MESSAGE_BYTES})
})
afterEach(() => {
  driver.device.reset()
  share.dispose()
})

/** As Linux does with large messages: the data goes into buffers of its own. */
async function throughRing(bytes: Uint8Array): Promise<Uint8Array> {
  const parts = bytes.length > HEADER ? [bytes.subarray(0, HEADER), bytes.subarray(HEADER)] : [bytes]
  const {written, bytes: answer} = await driver.queues[0].request(parts, [11, MESSAGE_BYTES - 11])
  return answer.subarray(0, written)
}

test('the driver reads what to mount', () => {
  expect(driver.read(8)).toBe(9)
  expect(driver.features & 1n).toBe(1n)
  expect(driver.config(0, 2)).toBe(5)
  expect(String.fromCharCode(...Array.from({length: 5}, (_, i) => driver.config(2 + i, 1)))).toBe('stuff')
})

test.each(['', 'x'.repeat(255), 'a\0b'])('a share cannot be called %j', (tag) => {
  expect(errorOf(() => new Virtio9p(share.server, tag))).toBe('BAD_ARGUMENT')
})

test('files, names and attributes come and go through the ring', async () => {
  const content = Buffer.alloc(300_000, 'content ')
  await client.mkdir('d')
  await client.writeFile('d/f', content)
  expect(fs.readFileSync(join(share.path, 'd/f')).equals(content)).toBe(true)
  expect((await client.readFile('d/f')).equals(content)).toBe(true)
  expect(await client.stat('d/f')).toMatchObject({size: 300_000, mode: S_IFREG | 0o644})
  expect(await failure(client.walk('none'))).toBe('ENOENT')
})

test('100 requests at once are all answered, in turns', async () => {
  fs.writeFileSync(join(share.path, 'f'), 'x'.repeat(1000))
  const fid = await client.open('f')
  const answers = Array.from({length: 100}, (_, i) =>
    driver.queues[0].request([message(116, i, u32(fid), u64(i), u32(10))], [100]),
  )
  for (const [i, answer] of (await Promise.all(answers)).entries()) {
    expect(answer.written).toBe(21)
    expect([answer.bytes[4], answer.bytes[5]]).toEqual([117, i])
  }
})

test('an answer that has no room is an error, and one that has none for that is empty', async () => {
  const [queue] = driver.queues
  const request = message(24, 5, u32(0), u64(0x3fff))
  const small = await queue.request([request], [100])
  expect([small.written, small.bytes[4], small.bytes[5], small.bytes[7]]).toEqual([11, 7, 5, 90])
  expect((await queue.request([request], [10])).written).toBe(0)
  expect((await queue.request([request])).written).toBe(0)
  expect(await client.names('')).toEqual([])
})

test('a message that is too long, or none, is refused and no more', async () => {
  const [queue] = driver.queues
  const long = message(118, 5, u32(0), u64(0), u32(1 << 20), new Uint8Array(1 << 20))
  expect((await queue.request([long], [100])).bytes[4]).toBe(7)
  expect((await queue.request([Uint8Array.of(1)], [100])).bytes[4]).toBe(7)
  expect((await queue.request([], [100])).bytes[4]).toBe(7)
  expect(await client.names('')).toEqual([])
})

test('a driver that begins anew has no fids, and what was open is closed', async () => {
  const before = fs.readdirSync('/proc/self/fd').length
  for (let i = 0; i < 10; i++) await client.create(`f${i}`)
  driver.begin()
  // One of the share's directories may stay open.
  expect(fs.readdirSync('/proc/self/fd').length - before).toBeLessThan(2)
  expect(await failure(client.walk(''))).toBe('EPROTO')
  await client.mount({messageBytes: MESSAGE_BYTES})
  expect(await client.names('')).toHaveLength(10)
})

test('what a driver that has reset waited for is not written into its memory', async () => {
  fs.writeFileSync(join(share.path, 'f'), '')
  const inode = share.root.inode.lookup('f')
  inode.open = () => {
    throw UNFINISHED
  }
  const fid = await client.walk('f')
  let isAnswered = false
  const pending = driver.queues[0].request([message(12, 5, u32(fid), u32(0))], [100])
  void pending.then(() => {
    isAnswered = true
  })
  const memory = Buffer.from(driver.memory.view(MEMORY_BASE, MEMORY_BYTES).buffer)
  driver.device.reset()
  const before = Buffer.from(memory)
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve))
  expect(isAnswered).toBe(false)
  expect(memory.equals(before)).toBe(true)
})
