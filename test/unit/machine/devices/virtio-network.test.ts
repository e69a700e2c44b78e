// VirtioNetwork: frames between a driver and a backend, and the stream that carries them.

import {duplexPair} from 'node:stream'
import {expect, test} from 'vitest'
import {HvError} from '../../../../src/errors.ts'
import {
  type GuestOffloads,
  type NetworkBackend,
  type NetworkGuest,
  StreamBackend,
} from '../../../../src/machine/devices/network-backend.ts'
import {VirtioNetwork} from '../../../../src/machine/devices/virtio-network.ts'
import {Register} from '../../../../src/machine/virtio/registers.ts'
import {settle} from '../../../helpers/settle.ts'
import {VirtioDriver} from '../../../helpers/virtio-driver.ts'

const [TO_GUEST, TO_HOST] = [0, 1]
const HEADER = new Uint8Array(12)
const BUFFER_BYTES = 1526

const frameOf = (length: number, seed = 0): Uint8Array =>
  Uint8Array.from({length}, (_, i) => (i + seed) % 251)

/** Takes frames while it has room. */
class Wire implements NetworkBackend {
  readonly sent: Uint8Array[] = []
  room = Number.POSITIVE_INFINITY
  roomCalls = 0
  guest!: NetworkGuest

  attach(guest: NetworkGuest): void {
    this.guest = guest
  }

  send(frame: Uint8Array): boolean {
    if (this.sent.length >= this.room) return false
    this.sent.push(frame.slice())
    return true
  }

  onRoom(): void {
    this.roomCalls++
  }
}

function makeCard(mac?: Uint8Array) {
  const wire = new Wire()
  const model = new VirtioNetwork(wire, mac)
  const driver = new VirtioDriver(model).begin()
  const receive = async () => {
    const {bytes, written} = await driver.queues[TO_GUEST].request([], [BUFFER_BYTES])
    return bytes.subarray(0, written)
  }
  const send = (...parts: Uint8Array[]) => driver.queues[TO_HOST].request([HEADER, ...parts])
  return {wire, model, driver, receive, send}
}

test('it has an address, and a link that is up', () => {
  const {driver} = makeCard(Uint8Array.of(2, 1, 2, 3, 4, 5))
  expect([driver.config(0, 4), driver.config(4, 2), driver.config(6, 2)]).toEqual([0x03020102, 0x0504, 1])
})

test.each([new Uint8Array(5), Uint8Array.of(1, 2, 3, 4, 5, 6)])('a card is not made with %o', (mac) => {
  expect(() => makeCard(mac)).toThrow(HvError)
})

test('frames go out as they are, and come in behind a header for one buffer', async () => {
  const {wire, receive, send} = makeCard()
  await send(frameOf(14), frameOf(100, 14))
  expect(wire.sent).toEqual([frameOf(114)])
  const received = receive()
  wire.guest.receive(frameOf(1514))
  expect(await received).toEqual(new Uint8Array([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, ...frameOf(1514)]))
})

test('a frame is with the driver, or the backend, before the call ends that brought it', () => {
  const {wire, model, receive, send} = makeCard()
  void receive()
  wire.guest.receive(frameOf(60))
  void send(frameOf(60))
  expect([model.counts.receivedFrames, wire.sent.length]).toEqual([1, 1])
})

test('a frame that waits is a copy: the backend reuses its memory', async () => {
  const {wire, receive} = makeCard()
  const frame = frameOf(60)
  for (const byte of [1, 2]) wire.guest.receive(frame.fill(byte))
  expect([(await receive())[12], (await receive())[12]]).toEqual([1, 2])
})

test('a frame that waits for the backend is not sent when the driver has disabled its queue', async () => {
  const {wire, driver, send} = makeCard()
  wire.room = 0
  void send(frameOf(60))
  driver.write(Register.queueSelect, TO_HOST)
  driver.write(Register.queueReady, 0)
  wire.room = 1
  wire.guest.onRoom()
  await settle()
  expect(wire.sent).toEqual([])
})

test('frames that were carried are counted, and lost ones are not', async () => {
  const {model, wire, receive, send, driver} = makeCard()
  await send(frameOf(114))
  await send(frameOf(5))
  const received = receive()
  wire.guest.receive(frameOf(200))
  await received
  const lost = driver.queues[TO_GUEST].request([], [100])
  wire.guest.receive(frameOf(200))
  await lost
  expect(model.counts).toEqual({receivedFrames: 1, receivedBytes: 200, sentFrames: 1, sentBytes: 114})
  const offloading = Object.assign(new Wire(), {hasOffloads: true})
  const other = new VirtioNetwork(offloading)
  await new VirtioDriver(other).begin().queues[TO_HOST].request([HEADER, frameOf(114)])
  expect(other.counts).toMatchObject({sentFrames: 1, sentBytes: 114})
})

test('a backend that takes offloads gets the driver’s header, too, and the driver is offered them', async () => {
  const wire = Object.assign(new Wire(), {hasOffloads: true})
  const driver = new VirtioDriver(new VirtioNetwork(wire)).begin()
  expect(driver.features & 0x1801n).toBe(0x1801n)
  const header = Uint8Array.of(1, 1, 54, 0, 0xb4, 5, 34, 0, 16, 0, 0, 0)
  await driver.queues[TO_HOST].request([header, frameOf(60_000)])
  await driver.queues[TO_HOST].request([header, frameOf(13)])
  await driver.queues[TO_HOST].request([header.subarray(4)])
  expect(wire.sent).toEqual([new Uint8Array([...header, ...frameOf(60_000)])])
  expect(makeCard().driver.features & 0x1801n).toBe(0n)
})

/** Takes what the host leaves to the guest. */
function makeOffloadingCard(without = 0n) {
  const taken: GuestOffloads[] = []
  const setGuestOffloads = (offloads: GuestOffloads) => void taken.push(offloads)
  const wire = Object.assign(new Wire(), {hasOffloads: true, setGuestOffloads})
  const model = new VirtioNetwork(wire)
  const driver = new VirtioDriver(model, {without}).begin()
  const offer = (count: number) =>
    Array.from({length: count}, () => driver.queues[TO_GUEST].request([], [BUFFER_BYTES]))
  return {taken, wire, model, driver, offer}
}
const ASKS = Uint8Array.of(1, 1, 54, 0, 0xb4, 5, 34, 0, 16, 0, 0, 0)
const MERGED_BUFFERS = 1n << 15n
const GUEST_CHECKSUMS = 1n << 1n

test('a frame of 60,000 bytes takes forty buffers, one turn and one interrupt', async () => {
  const {wire, model, driver, offer} = makeOffloadingCard()
  const buffers = offer(45)
  wire.guest.receive(new Uint8Array([...ASKS, ...frameOf(60_000)]))
  const used = await Promise.all(buffers.slice(0, 40))
  const bytes = Buffer.concat(used.map(({bytes, written}) => bytes.subarray(0, written)))
  expect(bytes.subarray(0, 12)).toEqual(Buffer.from([...ASKS.subarray(0, 10), 40, 0]))
  expect(bytes.subarray(12)).toEqual(Buffer.from(frameOf(60_000)))
  expect([driver.line.raises, model.counts.receivedFrames, model.counts.receivedBytes]).toEqual([
    1, 1, 60_000,
  ])
})

test('a frame for which there are too few buffers waits for the others, and the driver sees none of it', async () => {
  const {wire, driver, offer} = makeOffloadingCard()
  const buffers = offer(1)
  wire.guest.receive(new Uint8Array([...ASKS, ...frameOf(3000)]))
  await settle()
  expect(driver.line.raises).toBe(0)
  const written = (await Promise.all([...buffers, ...offer(1)])).map((used) => used.written)
  expect(written).toEqual([BUFFER_BYTES, 12 + 3000 - BUFFER_BYTES])
})

test('chains that were taken for a frame are taken again after a reset', async () => {
  const {wire, driver, offer} = makeOffloadingCard()
  offer(1)
  wire.guest.receive(new Uint8Array([...ASKS, ...frameOf(3000)]))
  await settle()
  driver.begin()
  const [buffer] = offer(1)
  wire.guest.receive(new Uint8Array([...ASKS, ...frameOf(60)]))
  expect((await buffer).written).toBe(12 + 60)
})

test('the host leaves to the guest what the driver takes', async () => {
  expect(makeOffloadingCard().taken).toEqual([{checksums: true, tcp4: true, tcp6: true}])
  const {taken, wire, offer} = makeOffloadingCard(GUEST_CHECKSUMS | (1n << 8n) | MERGED_BUFFERS)
  expect(taken).toEqual([{checksums: false, tcp4: true, tcp6: false}])
  const [small, next] = offer(2)
  wire.guest.receive(new Uint8Array([...ASKS, ...frameOf(60_000)]))
  expect((await small).written).toBe(0)
  wire.guest.receive(new Uint8Array([...ASKS, ...frameOf(60)]))
  expect((await next).bytes.subarray(0, 12)).toEqual(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0))
})

test('a backend without room holds the guest up, and loses nothing', async () => {
  const {wire, send} = makeCard()
  wire.room = 3
  const all = Promise.all(Array.from({length: 50}, (_, i) => send(frameOf(60, i))))
  await settle()
  expect(wire.sent.length).toBe(3)
  wire.room = 50
  wire.guest.onRoom()
  await all
  expect(wire.sent).toEqual(Array.from({length: 50}, (_, i) => frameOf(60, i)))
})

test('a guest without room holds the backend up, which hears when there is some', async () => {
  const {wire, receive} = makeCard()
  const taken = Array.from({length: 70}, (_, i) => wire.guest.receive(frameOf(60, i)))
  expect([taken.filter(Boolean).length, wire.roomCalls]).toEqual([64, 0])
  for (let i = 0; i < 40; i++) expect((await receive()).subarray(12)).toEqual(frameOf(60, i))
  await settle()
  expect([wire.roomCalls, wire.guest.receive(frameOf(60))]).toEqual([1, true])
})

test('what is no frame is dropped: too short, too long, too large for the guest’s buffer', async () => {
  const {wire, driver, receive, send} = makeCard()
  await Promise.all([send(frameOf(13)), send(frameOf(65_536)), driver.queues[TO_HOST].request([HEADER])])
  expect(wire.sent).toEqual([])
  const small = driver.queues[TO_GUEST].request([], [100])
  wire.guest.receive(frameOf(89))
  expect((await small).written).toBe(0)
  const next = receive()
  wire.guest.receive(frameOf(60))
  expect((await next).length).toBe(72)
})

test('without a driver, frames go nowhere', () => {
  const {wire, driver} = makeCard()
  driver.write(Register.status, 0)
  expect(Array.from({length: 100}, () => wire.guest.receive(frameOf(60))).every(Boolean)).toBe(true)
})

test('a backend may speak before the device is anywhere', async () => {
  const wire = new Wire()
  const model = new VirtioNetwork(wire)
  wire.guest.onRoom()
  await settle()
  expect([wire.guest.receive(frameOf(60)), new VirtioDriver(model).config(6, 2)]).toEqual([true, 1])
})

test('a reset lets a backend that waited go on', async () => {
  const {wire, driver} = makeCard()
  for (let i = 0; i < 65; i++) wire.guest.receive(frameOf(60))
  driver.write(Register.status, 0)
  await settle()
  expect(wire.roomCalls).toBe(1)
})

test('two cards over a stream exchange hundreds of frames of all sizes', async () => {
  const cards = duplexPair().map((end) => new VirtioDriver(new VirtioNetwork(new StreamBackend(end))).begin())
  const frames = Array.from({length: 500}, (_, i) => frameOf(14 + ((i * 37) % 1500), i))
  const received: Uint8Array[][] = [[], []]
  const listen = async (side: number): Promise<void> => {
    const {bytes, written} = await cards[side].queues[TO_GUEST].request([], [BUFFER_BYTES])
    received[side].push(bytes.subarray(12, written))
    await listen(side)
  }
  for (const side of [0, 1]) for (let i = 0; i < 8; i++) void listen(side)
  const talk = async (side: number) => {
    for (const frame of frames) await cards[side].queues[TO_HOST].request([HEADER, frame])
  }
  await Promise.all([talk(0), talk(1)])
  while (received.some((list) => list.length < frames.length)) await settle()
  expect(received.map((list) => Buffer.compare(Buffer.concat(list), Buffer.concat(frames)))).toEqual([0, 0])
})

test.each([0, 13, 65_536, 0xffffffff])(
  'a stream that speaks of a frame of %i bytes is ended',
  async (length) => {
    const [end, other] = duplexPair()
    const failed = new Promise((resolve) => end.once('error', resolve))
    const driver = new VirtioDriver(new VirtioNetwork(new StreamBackend(end))).begin()
    const bytes = Buffer.alloc(40)
    bytes.writeUInt32BE(length)
    other.write(bytes)
    expect(String(await failed)).toBe(`Error: a frame of ${length} bytes`)
    expect((await driver.queues[TO_HOST].request([HEADER, frameOf(60)])).written).toBe(0)
  },
)

test('frames in pieces are put together', async () => {
  const [end, other] = duplexPair()
  const driver = new VirtioDriver(new VirtioNetwork(new StreamBackend(end))).begin()
  const received = driver.queues[TO_GUEST].request([], [BUFFER_BYTES])
  for (const byte of [0, 0, 0, 20, ...frameOf(20)]) {
    other.write(Uint8Array.of(byte))
    await settle()
  }
  expect((await received).bytes.subarray(12, 32)).toEqual(frameOf(20))
})
