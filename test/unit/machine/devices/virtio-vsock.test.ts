// VirtioVsock: streams between Node and a guest's sockets: both ways, credit, ends, resets.

import {once} from 'node:events'
import type {Duplex} from 'node:stream'
import {expect, test} from 'vitest'
import {VirtioVsock} from '../../../../src/machine/devices/virtio-vsock.ts'
import {BOTH, NO_SEND, Op} from '../../../../src/machine/devices/vsock-packet.ts'
import {Register} from '../../../../src/machine/virtio/registers.ts'
import {settle} from '../../../helpers/settle.ts'
import {VirtioDriver} from '../../../helpers/virtio-driver.ts'
import {GuestSockets, GuestStream, type Heard} from '../../../helpers/virtio-guest-sockets.ts'

const PORT = 1234
const GUEST_PORT = 77
const BUFFER = 1 << 18

function makeSockets(buffers?: number) {
  const vsock = new VirtioVsock()
  const driver = new VirtioDriver(vsock).begin()
  return {vsock, driver, guest: new GuestSockets(driver, buffers)}
}

/** Both ends of a stream that the guest has opened to the host. */
async function accepted() {
  const made = makeSockets()
  const streams: Duplex[] = []
  made.vsock.listen(PORT, (stream) => streams.push(stream))
  await made.guest.send(PORT, GUEST_PORT, Op.request)
  const inGuest = new GuestStream(made.guest, await made.guest.next())
  return {...made, stream: streams[0], inGuest, streams}
}

/** A stream that the host has opened to the guest. */
async function connected() {
  const made = makeSockets()
  const stream = made.vsock.connect(GUEST_PORT)
  const request = await made.guest.next()
  const inGuest = new GuestStream(made.guest, request)
  await inGuest.send(Op.response)
  return {...made, stream, request, inGuest}
}

async function readAll(stream: Duplex): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}

const codeOf = async (stream: Duplex): Promise<string> => {
  const [error] = await once(stream, 'error')
  return (error as NodeJS.ErrnoException).code!
}

const megabytes = (count: number): Uint8Array =>
  Uint8Array.from({length: count << 20}, (_, i) => (i * 7 + (i >> 12)) % 251)

test('the guest has CID 3', () => {
  const {driver} = makeSockets()
  expect([driver.config(0, 4), driver.config(4, 4)]).toEqual([3, 0])
})

test('a program of the guest’s connects to a port of the host’s, and both speak', async () => {
  const {stream, inGuest, guest} = await accepted()
  await inGuest.send(Op.data, {payload: new Uint8Array(Buffer.from('ping'))})
  expect(String((await once(stream, 'data'))[0])).toBe('ping')
  stream.write('pong')
  await settle()
  expect([inGuest.text, guest.heard]).toEqual(['pong', []])
})

test('the host connects to a port of the guest’s, and both speak', async () => {
  const {stream, inGuest, request} = await connected()
  expect([request.op, request.sourceCid, request.destinationCid, request.destinationPort]).toEqual([
    Op.request,
    2,
    3,
    GUEST_PORT,
  ])
  stream.write('hello')
  await settle()
  await inGuest.send(Op.data, {payload: new Uint8Array(Buffer.from('world'))})
  expect([inGuest.text, String(stream.read() ?? (await once(stream, 'data'))[0])]).toEqual(['hello', 'world'])
})

test('what was written, and ended, before the guest has answered comes in its order', async () => {
  const {vsock, guest} = makeSockets()
  const stream = vsock.connect(GUEST_PORT)
  stream.end('early')
  const request = await guest.next()
  await settle()
  expect(guest.heard).toEqual([])
  const inGuest = new GuestStream(guest, request)
  await inGuest.send(Op.response)
  await settle()
  expect([inGuest.text, inGuest.shutdown]).toEqual(['early', NO_SEND])
})

test('a connection that was made before a driver is there waits for it', async () => {
  const vsock = new VirtioVsock()
  vsock.connect(GUEST_PORT)
  // There is no transport yet, either.
  await settle()
  const driver = new VirtioDriver(vsock)
  const guest = new GuestSockets(driver.begin())
  expect((await guest.next()).op).toBe(Op.request)
})

test('megabytes come from the guest, and a host that does not read holds it up', async () => {
  const {stream, inGuest} = await accepted()
  const bytes = megabytes(3)
  let isSent = false
  const sent = inGuest.write(bytes).then(() => {
    isSent = true
    return inGuest.send(Op.shutdown, {flags: NO_SEND})
  })
  await settle()
  expect([isSent, stream.readableLength <= 1 << 16]).toEqual([false, true])
  const all = await readAll(stream)
  await sent
  expect(Buffer.compare(all, bytes)).toBe(0)
})

test('megabytes go to the guest, and a guest that does not read holds the host up', async () => {
  const {stream, inGuest} = await connected()
  const bytes = megabytes(3)
  inGuest.isReading = false
  let isWritten = false
  stream.end(bytes, () => {
    isWritten = true
  })
  await settle()
  expect([isWritten, inGuest.receivedBytes]).toEqual([false, 1 << 16])
  inGuest.isReading = true
  await inGuest.read()
  await once(stream, 'finish')
  await settle()
  expect([Buffer.compare(Buffer.concat(inGuest.received), bytes), inGuest.shutdown]).toEqual([0, NO_SEND])
})

test('a guest that ends its stream gets a reset once the host has ended it too', async () => {
  const {stream, inGuest} = await accepted()
  await inGuest.send(Op.data, {payload: Uint8Array.of(1)})
  await inGuest.send(Op.shutdown, {flags: BOTH})
  await settle()
  expect([inGuest.isReset, [...(await readAll(stream))]]).toEqual([true, [1]])
  if (!stream.closed) await once(stream, 'close')
  expect(stream.errored).toBeNull()
})

test('a host that ends its stream says so, reads on, and closes when the guest ends', async () => {
  const {stream, inGuest} = await connected()
  stream.end('bye')
  await settle()
  expect([inGuest.text, inGuest.shutdown, stream.destroyed]).toEqual(['bye', NO_SEND, false])
  await inGuest.send(Op.data, {payload: Uint8Array.of(5)})
  await inGuest.send(Op.shutdown, {flags: NO_SEND})
  expect([...(await readAll(stream))]).toEqual([5])
  await settle()
  expect([inGuest.shutdown, inGuest.isReset, stream.errored]).toEqual([BOTH, false, null])
  await inGuest.send(Op.reset)
})

test('nobody listens: the guest’s connection is refused, and so is the host’s', async () => {
  const {vsock, guest} = makeSockets()
  await guest.send(PORT, GUEST_PORT, Op.request)
  const {op, sourcePort, destinationPort} = await guest.next()
  expect([op, sourcePort, destinationPort]).toEqual([Op.reset, PORT, GUEST_PORT])
  const stream = vsock.connect(GUEST_PORT)
  const {sourcePort: hostPort} = await guest.next()
  const code = codeOf(stream)
  await guest.send(hostPort, GUEST_PORT, Op.reset)
  expect(await code).toBe('ECONNREFUSED')
})

test('a reset of the guest’s is an error for the host, which need not handle it', async () => {
  const {stream, inGuest} = await accepted()
  await inGuest.send(Op.reset)
  await settle()
  expect((stream.errored as NodeJS.ErrnoException).code).toBe('ECONNRESET')
})

test('a destroyed stream resets the guest’s', async () => {
  const {stream, inGuest} = await accepted()
  stream.destroy()
  await settle()
  expect(inGuest.isReset).toBe(true)
})

test('a device that was reset takes its streams along, and serves new ones', async () => {
  const {vsock, driver, stream, streams} = await accepted()
  const code = codeOf(stream)
  driver.write(Register.status, 0)
  expect(await code).toBe('ECONNRESET')
  const guest = new GuestSockets(driver.begin())
  await guest.send(PORT, GUEST_PORT, Op.request)
  expect([(await guest.next()).op, streams.length]).toEqual([Op.response, 2])
  expect(() => vsock.listen(PORT, () => {})).toThrow('vsock port 1234 is in use')
})

const misdeeds: [string, number, Partial<Heard>][] = [
  ['more than the buffer', Op.data, {payload: new Uint8Array(BUFFER + 1)}],
  ['a length behind its packet', Op.data, {payload: new Uint8Array(9), length: 10}],
  ['a length of 4 GiB', Op.data, {length: 0xffffffff}],
  ['a response to nothing', Op.response, {}],
  ['a second request', Op.request, {}],
  ['an unknown operation', 99, {}],
]

test.each(misdeeds)('%s ends the connection by a reset', async (_, op, packet) => {
  const {stream, inGuest} = await accepted()
  await inGuest.send(op, packet)
  await settle()
  expect([inGuest.isReset, (stream.errored as NodeJS.ErrnoException).code]).toEqual([true, 'EPROTO'])
})

test('packets of nobody are answered by a reset, those of strangers by nothing', async () => {
  const {guest} = makeSockets()
  await guest.send(1, 2, Op.data, {payload: Uint8Array.of(1)})
  await guest.send(3, 4, Op.request, {type: 9})
  await guest.send(5, 6, Op.reset)
  await guest.send(5, 6, Op.request, {sourceCid: 4})
  await guest.send(5, 6, Op.request, {destinationCid: 5})
  await settle()
  expect(guest.heard.map(({op, sourcePort, type}) => [op, sourcePort, type])).toEqual([
    [Op.reset, 1, 1],
    [Op.reset, 3, 9],
  ])
})

test('a guest has 256 streams at most, and unread ones count until the host has closed them', async () => {
  const {guest, inGuest, stream, streams} = await accepted()
  guest.onPacket = (packet) => guest.heard.push(packet)
  const {send} = guest
  for (let port = 1000; port < 1260; port++) await send.call(guest, PORT, port, Op.request)
  await settle()
  const resets = () => guest.heard.filter(({op}) => op === Op.reset).length
  expect([streams.length, resets()]).toEqual([256, 5])
  await inGuest.send(Op.data, {payload: Uint8Array.of(1)})
  await inGuest.send(Op.shutdown, {flags: BOTH})
  await send.call(guest, PORT, 5000, Op.request)
  expect(streams.length).toBe(256)
  await readAll(stream)
  await settle()
  await send.call(guest, PORT, 5000, Op.request)
  expect(streams.length).toBe(257)
})

test('a guest that takes no resets is not heard until it does', async () => {
  const {driver, guest} = makeSockets(0)
  for (let i = 0; i < 100; i++) void guest.send(1, i, Op.data)
  await settle()
  expect(driver.queues[1].freeDescriptors).toBe(128 - 36)
  for (let i = 0; i < 16; i++) void guest.receiveOne()
  await settle()
  expect([driver.queues[1].freeDescriptors, guest.heard.length]).toEqual([128, 100])
})
