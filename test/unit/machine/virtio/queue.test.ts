// Queue: a driver's chains, sound and broken.

import {expect, test} from 'vitest'
import {Queue} from '../../../../src/machine/virtio/queue.ts'
import {VIRTIO_F_EVENT_IDX, VIRTIO_F_INDIRECT_DESC} from '../../../../src/machine/virtio/registers.ts'
import {FakeMemory, MEMORY_BASE} from '../../../helpers/virtio-driver.ts'

const SIZE = 8
const MAX_SIZE = 256
const [TABLE, AVAILABLE, USED, INDIRECT, DATA] = [0, 0x1000, 0x2000, 0x3000, 0x5000].map(
  (at) => MEMORY_BASE + at,
)
const [NEXT, WRITE, TO_TABLE] = [1, 2, 4]
const NO_INTERRUPT = 1
const NO_NOTIFY = 1

function makeQueue(features = VIRTIO_F_INDIRECT_DESC, layout = {}) {
  const memory = new FakeMemory(1 << 16)
  const all = memory.view(MEMORY_BASE, 1 << 16)
  const words = new DataView(all.buffer, all.byteOffset, all.length)
  const seen = {interrupts: 0, broken: [] as string[]}
  const queue = new Queue({
    memory,
    maxSize: MAX_SIZE,
    maxBytes: 0x8000,
    onInterrupt: () => seen.interrupts++,
    onBroken: (reason) => seen.broken.push(reason),
    serve: () => undefined,
  })
  queue.open({size: SIZE, descriptors: TABLE, driver: AVAILABLE, device: USED, ...layout}, features)
  let offered = 0
  return {
    queue,
    seen,
    memory,
    describe(index: number, address: number | bigint, length: number, flags = 0, next = 0, table = TABLE) {
      const at = table - MEMORY_BASE + 16 * index
      words.setBigUint64(at, BigInt(address), true)
      words.setUint32(at + 8, length, true)
      words.setUint16(at + 12, flags, true)
      words.setUint16(at + 14, next, true)
    },
    offer(head: number, index = offered + 1) {
      words.setUint16(0x1004 + 2 * (offered % SIZE), head, true)
      offered = index & 0xffff
      words.setUint16(0x1002, offered, true)
    },
    available: {
      flags: (value: number) => words.setUint16(0x1000, value, true),
      usedEvent: (value: number) => words.setUint16(0x1004 + 2 * SIZE, value, true),
    },
    used: {
      flags: () => words.getUint16(0x2000, true),
      index: () => words.getUint16(0x2002, true),
      element: (i: number) => [words.getUint32(0x2004 + 8 * i, true), words.getUint32(0x2008 + 8 * i, true)],
      availEvent: () => words.getUint16(0x2004 + 8 * SIZE, true),
    },
  }
}

test('a chain is its readable and its writable parts, and goes back with what was written', () => {
  const {queue, describe, offer, used, seen, memory} = makeQueue()
  describe(3, DATA, 4, NEXT, 1)
  describe(1, DATA + 16, 2, NEXT | WRITE, 5)
  describe(5, DATA + 32, 3, WRITE)
  offer(3)
  memory.view(DATA, 4).set([1, 2, 3, 4])
  const chain = queue.next()!
  expect([chain.readableBytes, chain.writableBytes, [...chain.take(3)], [...chain.take(9)]]).toEqual([
    4,
    5,
    [1, 2, 3],
    [4],
  ])
  expect([chain.put(Uint8Array.of(9, 8, 7, 6)), chain.leftToPut]).toEqual([4, 1])
  chain.putLast(5)
  chain.complete()
  expect([...memory.view(DATA + 16, 2), ...memory.view(DATA + 32, 3)]).toEqual([9, 8, 7, 6, 5])
  expect([used.index(), used.element(0), seen.interrupts, chain.isLive]).toEqual([1, [3, 4], 1, false])
  chain.complete()
  expect([used.index(), queue.next()]).toEqual([1, undefined])
})

test('an indirect table stands for its descriptors, behind direct ones too', () => {
  const {queue, describe, offer, seen} = makeQueue()
  describe(0, DATA, 4, NEXT, 1)
  describe(1, INDIRECT, 32, TO_TABLE | WRITE)
  describe(0, DATA + 8, 8, NEXT, 1, INDIRECT)
  describe(1, DATA + 64, 8, WRITE, 0, INDIRECT)
  offer(0)
  const chain = queue.next()!
  expect([chain.readable.length, chain.readableBytes, chain.writableBytes, seen.broken]).toEqual([
    2,
    12,
    8,
    [],
  ])
})

test('a chain as long as the ring is fine, and in an indirect table one as long as the device’s largest ring', () => {
  const {queue, describe, offer, seen} = makeQueue()
  for (let i = 0; i < SIZE; i++) describe(i, DATA + i, 1, i < SIZE - 1 ? NEXT : 0, i + 1)
  offer(0)
  expect(queue.next()?.readable.length).toBe(SIZE)
  for (let i = 0; i < MAX_SIZE; i++) describe(i, DATA, 1, i < MAX_SIZE - 1 ? NEXT : 0, i + 1, INDIRECT)
  describe(0, INDIRECT, 16 * MAX_SIZE, TO_TABLE)
  offer(0)
  expect([queue.next()?.readable.length, seen.broken]).toEqual([MAX_SIZE, []])
})

test('indices wrap at 65536', () => {
  const {queue, describe, offer, used} = makeQueue()
  describe(0, DATA, 1, WRITE)
  for (let i = 0; i < 65540; i++) {
    offer(0)
    queue.next()!.complete()
  }
  expect([used.index(), queue.next()]).toEqual([4, undefined])
})

test('without an event index, flags suppress interrupts and notifications', () => {
  const {queue, describe, offer, available, used, seen} = makeQueue()
  describe(0, DATA, 1, WRITE)
  available.flags(NO_INTERRUPT)
  offer(0)
  queue.next()!.complete()
  expect([seen.interrupts, used.flags()]).toEqual([0, NO_NOTIFY])
  expect([queue.next(), used.flags()]).toEqual([undefined, 0])
  available.flags(0)
  offer(0)
  queue.next()!.complete()
  expect(seen.interrupts).toBe(1)
})

test('with an event index, each side says which index it wants to hear of', () => {
  const {queue, describe, offer, available, used, seen} = makeQueue(VIRTIO_F_EVENT_IDX)
  describe(0, DATA, 1, WRITE)
  available.usedEvent(2)
  const interrupts = [1, 2, 3, 4].map(() => {
    offer(0)
    queue.next()!.complete()
    return seen.interrupts
  })
  expect(interrupts).toEqual([0, 0, 1, 1])
  expect([queue.next(), used.availEvent(), used.flags()]).toEqual([undefined, 4, 0])
})

test('what was in flight when a queue closed is never written to', () => {
  const {queue, describe, offer, used, memory} = makeQueue()
  describe(0, DATA, 4, WRITE)
  offer(0)
  const chain = queue.next()!
  queue.close()
  expect([chain.isLive, chain.put(Uint8Array.of(1, 2)), chain.take(1).length]).toEqual([false, 0, 0])
  chain.putLast(7)
  chain.complete()
  expect([used.index(), ...memory.view(DATA, 4)]).toEqual([0, 0, 0, 0, 0])
})

test('a queue of a VM that was disposed is closed', () => {
  const {queue, describe, offer, memory, seen} = makeQueue()
  describe(0, DATA, 4, WRITE)
  offer(0)
  const chain = queue.next()!
  memory.detach()
  chain.put(Uint8Array.of(1))
  chain.complete()
  expect([chain.isLive, queue.next(), queue.isOpen, seen]).toEqual([
    false,
    undefined,
    false,
    {interrupts: 0, broken: []},
  ])
})

type Made = ReturnType<typeof makeQueue>
const hostile: [string, (made: Made) => void][] = [
  ['a chain that loops', ({describe}) => describe(0, DATA, 1, NEXT, 0)],
  ['a next descriptor outside of the table', ({describe}) => describe(0, DATA, 1, NEXT, SIZE)],
  ['an empty buffer', ({describe}) => describe(0, DATA, 0)],
  ['an address below memory', ({describe}) => describe(0, MEMORY_BASE - 1, 2)],
  ['a buffer that leaves memory', ({describe}) => describe(0, MEMORY_BASE + 0xfffc, 5)],
  ['a range that wraps', ({describe}) => describe(0, 2n ** 64n - 1n, 2)],
  ['an address whose lower half is memory', ({describe}) => describe(0, 2n ** 53n + BigInt(DATA), 1)],
  ['more bytes than the device takes', ({describe}) => describe(0, MEMORY_BASE, 0x8001)],
  [
    'four gigabytes in pieces',
    ({describe}) => {
      for (let i = 0; i < SIZE; i++) describe(i, DATA, 0x1001, i < SIZE - 1 ? NEXT : 0, i + 1)
    },
  ],
  [
    'readable bytes behind writable ones',
    ({describe}) => {
      describe(0, DATA, 1, NEXT | WRITE, 1)
      describe(1, DATA, 1)
    },
  ],
  ['an empty indirect table', ({describe}) => describe(0, INDIRECT, 0, TO_TABLE)],
  ['half a descriptor in an indirect table', ({describe}) => describe(0, INDIRECT, 24, TO_TABLE)],
  ['an indirect table longer than any ring', ({describe}) => describe(0, INDIRECT, 16 * 257, TO_TABLE)],
  [
    'an indirect table and a descriptor, together longer than any ring',
    ({describe}) => {
      for (let i = 0; i < MAX_SIZE; i++) describe(i, DATA, 1, i < MAX_SIZE - 1 ? NEXT : 0, i + 1, INDIRECT)
      describe(0, DATA, 1, NEXT, 1)
      describe(1, INDIRECT, 16 * MAX_SIZE, TO_TABLE)
    },
  ],
  ['an indirect table outside of memory', ({describe}) => describe(0, 0x1000, 16, TO_TABLE)],
  ['an indirect table that is not aligned', ({describe}) => describe(0, INDIRECT + 2, 16, TO_TABLE)],
  ['a chain behind its indirect table', ({describe}) => describe(0, INDIRECT, 16, TO_TABLE | NEXT, 1)],
  [
    'an indirect table in an indirect table',
    ({describe}) => {
      describe(0, INDIRECT, 16, TO_TABLE)
      describe(0, INDIRECT, 16, TO_TABLE, 0, INDIRECT)
    },
  ],
  [
    'a loop in an indirect table',
    ({describe}) => {
      describe(0, INDIRECT, 16, TO_TABLE)
      describe(0, DATA, 1, NEXT, 0, INDIRECT)
    },
  ],
  [
    'an indirect chain that goes on behind its table',
    ({describe}) => {
      describe(0, INDIRECT, 16, TO_TABLE)
      describe(0, DATA, 1, NEXT, 1, INDIRECT)
    },
  ],
]

test.each(hostile)('%s breaks the ring, once', (_, make) => {
  const made = makeQueue()
  make(made)
  made.offer(0)
  expect([made.queue.next(), made.queue.next(), made.seen.broken.length]).toEqual([undefined, undefined, 1])
  expect([made.queue.isOpen, made.used.index()]).toEqual([false, 0])
})

test('a head outside of the table, and an index that jumps, break the ring', () => {
  for (const [head, index] of [
    [SIZE, 1],
    [0xffff, 1],
    [0, SIZE + 1],
    [0, 0xffff],
  ]) {
    const {queue, describe, offer, seen} = makeQueue()
    describe(0, DATA, 1)
    offer(head, index)
    expect([queue.next(), seen.broken.length]).toEqual([undefined, 1])
  }
})

test('a driver that offers more chains than it has descriptors breaks the ring', () => {
  const {queue, describe, offer, seen} = makeQueue()
  describe(0, DATA, 1)
  for (let i = 0; i <= SIZE; i++) {
    offer(0)
    queue.next()
  }
  expect(seen.broken).toEqual(['more chains than descriptors'])
})

test('an indirect table that was not negotiated breaks the ring', () => {
  const {queue, describe, offer, seen} = makeQueue(0n)
  describe(0, INDIRECT, 16, TO_TABLE)
  describe(0, DATA, 1, 0, 0, INDIRECT)
  offer(0)
  expect([queue.next(), seen.broken.length]).toEqual([undefined, 1])
})

test.each([
  {size: 0},
  {size: 3},
  {size: 512},
  {size: 2 ** 31},
  {descriptors: TABLE + 8},
  {driver: AVAILABLE + 1},
  {device: USED + 2},
  {descriptors: 0x1000},
  {driver: MEMORY_BASE + 0xfffe},
  {device: 2 ** 63},
])('a ring laid out as %o is broken from the start', (layout) => {
  const {queue, seen} = makeQueue(0n, layout)
  expect([queue.isOpen, queue.next(), seen.broken.length]).toEqual([false, undefined, 1])
})
