// RateLimiter: operations and bytes per second of disks and network cards, whatever the driver does.

import {afterEach, beforeEach, expect, test, vi} from 'vitest'
import type {NetworkGuest} from '../../../../src/machine/devices/network-backend.ts'
import {RateLimiter, type RateLimits} from '../../../../src/machine/devices/rate-limiter.ts'
import {VirtioBlock} from '../../../../src/machine/devices/virtio-block.ts'
import {VirtioNetwork} from '../../../../src/machine/devices/virtio-network.ts'
import {Turns} from '../../../../src/machine/virtio/turns.ts'
import {MemoryStore} from '../../../helpers/memory-store.ts'
import {VirtioDriver} from '../../../helpers/virtio-driver.ts'

const SECTOR = 512
const [IN, WRITE_ZEROES] = [0, 13]
const HEADER = new Uint8Array(12)

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function header(type: number, sector = 0): Uint8Array {
  const bytes = Buffer.alloc(16)
  bytes.writeUInt32LE(type, 0)
  bytes.writeBigUInt64LE(BigInt(sector), 8)
  return bytes
}

/** A driver that asks for `count` sectors, one by one. @returns how many it has got so far */
function reader(limits: RateLimits, count: number) {
  const model = new VirtioBlock(new MemoryStore(new Uint8Array(64 * SECTOR)), 'disk', limits)
  const driver = new VirtioDriver(model).begin()
  let done = 0
  const read = () => void driver.queues[0].request([header(IN)], [SECTOR, 1]).then(() => done++)
  for (let index = 0; index < count; index++) read()
  return {model, driver, read, done: () => done}
}

test('a disk takes as many requests and bytes per second as it may, after a burst of a tenth', async () => {
  for (const limits of [{iops: 100}, {bytesPerSecond: 100 * SECTOR}, {iops: 100, bytesPerSecond: 1e9}]) {
    const {done} = reader(limits, 200)
    await vi.advanceTimersByTimeAsync(0)
    expect(done()).toBe(10)
    await vi.advanceTimersByTimeAsync(1000)
    expect(done()).toBeGreaterThan(105)
    expect(done()).toBeLessThanOrEqual(111)
  }
})

test('a reset gives a driver no more than it had, and what waits is not in flight', async () => {
  const {model, driver} = reader({iops: 10}, 5)
  await vi.advanceTimersByTimeAsync(0)
  expect(model.isIdle).toBe(true)
  let done = 0
  for (let times = 0; times < 20; times++) {
    driver.begin()
    void driver.queues[0].request([header(IN)], [SECTOR, 1]).then(() => done++)
    await vi.advanceTimersByTimeAsync(50)
  }
  expect(done).toBeLessThanOrEqual(11)
})

test('a range of zeroes counts as the bytes that are written', async () => {
  const {driver, read, done} = reader({bytesPerSecond: 64 * SECTOR}, 0)
  const range = Buffer.alloc(16)
  range.writeUInt32LE(64, 8)
  await driver.queues[0].request([Buffer.concat([header(WRITE_ZEROES), range])], [1])
  read()
  await vi.advanceTimersByTimeAsync(800)
  expect(done()).toBe(0)
  await vi.advanceTimersByTimeAsync(200)
  expect(done()).toBe(1)
})

test('a card has a limit for each direction, and one that waits does not hold the other up', async () => {
  let sent = 0
  let guest: NetworkGuest | undefined
  const backend = {
    attach(given: NetworkGuest) {
      guest = given
    },
    send: () => ++sent > 0,
    onRoom() {},
  }
  const driver = new VirtioDriver(new VirtioNetwork(backend, undefined, {iops: 10})).begin()
  const [toGuest, toHost] = driver.queues
  for (let index = 0; index < 20; index++) void toHost.request([HEADER, new Uint8Array(60)])
  await vi.advanceTimersByTimeAsync(0)
  expect(sent).toBe(1)
  let received = 0
  for (let index = 0; index < 20; index++) {
    void toGuest.request([], [1526]).then(() => received++)
    guest?.receive(new Uint8Array(60))
  }
  await vi.advanceTimersByTimeAsync(1000)
  for (const count of [sent, received]) {
    expect(count).toBeGreaterThanOrEqual(10)
    expect(count).toBeLessThanOrEqual(12)
  }
})

test('a debt of years is waited for without a busy loop, and a limit of the other kind stays infinite', async () => {
  const limiter = new RateLimiter({bytesPerSecond: 1})
  limiter.charge(1, 2 ** 32)
  const step = vi.fn(() => void limiter.admits(turns))
  const turns = new Turns(step)
  turns.wake()
  await vi.advanceTimersByTimeAsync(10_000)
  expect(step.mock.calls.length).toBeLessThanOrEqual(12)
  const free = new RateLimiter()
  free.charge(1e9, 1e15)
  expect(free.admits(turns)).toBe(true)
})
