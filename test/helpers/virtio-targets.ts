// The virtio devices that a hostile driver plays against: their payloads, and what the host does meanwhile.

import {type Duplex, duplexPair, PassThrough} from 'node:stream'
import {Server} from '../../src/machine/9p/server.ts'
import {MachineInput, MachineOutput} from '../../src/machine/console/streams.ts'
import {StreamBackend} from '../../src/machine/devices/network-backend.ts'
import {Virtio9p} from '../../src/machine/devices/virtio-9p.ts'
import {VirtioBlock} from '../../src/machine/devices/virtio-block.ts'
import {VirtioConsole} from '../../src/machine/devices/virtio-console.ts'
import {VirtioEntropy} from '../../src/machine/devices/virtio-entropy.ts'
import {VirtioFs} from '../../src/machine/devices/virtio-fs.ts'
import {VirtioNetwork} from '../../src/machine/devices/virtio-network.ts'
import {VirtioVsock} from '../../src/machine/devices/virtio-vsock.ts'
import {makeHeader, Op, STREAM} from '../../src/machine/devices/vsock-packet.ts'
import {Server as FuseServer} from '../../src/machine/fuse/server.ts'
import type {DeviceModel} from '../../src/machine/virtio/model.ts'
import {Tmpfs} from '../../src/vfs/fs/tmpfs.ts'
import {mountRoot} from '../../src/vfs/mount-tree.ts'
import {nativeHost} from '../../src/vfs/native-host.ts'
import {VirtualFileSystem} from '../../src/vfs/virtual-file-system.ts'
import {hostileMessage, NO_FID} from './9p-hostile.ts'
import {message, u32} from './9p-message.ts'
import {hostileRequest} from './fuse-hostile.ts'
import {Op as FuseOp, request} from './fuse-message.ts'
import {memoryFile} from './memory-file.ts'
import {MemoryStore} from './memory-store.ts'
import type {Random} from './mutate.ts'
import type {VirtioDriver} from './virtio-driver.ts'
import {GUEST, GuestSockets} from './virtio-guest-sockets.ts'
import type {Payload} from './virtio-hostile.ts'

export interface Subject {
  model: DeviceModel
  payload: Payload
  /** Makes something happen on the host's side. */
  stir(random: Random): void
  /** Uses the device as a well-behaved driver does; false: in vain. */
  works(driver: VirtioDriver): Promise<boolean>
  close(): void
}

export interface Target {
  name: string
  make(random: Random): Subject
}

const anyBytes: Payload = (random) => Uint8Array.from({length: 1 + random(64)}, () => random(256))
const nothing = () => {}

function makeBlock(random: Random): Subject {
  const store = new MemoryStore(new Uint8Array(1 << 20), random(4) === 0)
  const payload: Payload = () => {
    const header = Buffer.alloc(16)
    header.writeUInt32LE([0, 0, 1, 1, 4, 8, 11, 13, random(256)][random(9)], 0)
    header.writeUInt32LE(random(2100), 8)
    if (random(20) === 0) header.writeUInt32LE(random(0xffffffff), 12)
    return header
  }
  const works = async ({queues}: VirtioDriver) => {
    const {bytes} = await queues[0].request([new Uint8Array(16)], [512, 1])
    return bytes[512] === 0
  }
  return {model: new VirtioBlock(store), payload, works, stir: nothing, close: nothing}
}

function makeVsock(): Subject {
  const vsock = new VirtioVsock()
  const streams = new Set<Duplex>()
  const keep = (stream: Duplex) => {
    streams.add(stream)
    stream.once('close', () => streams.delete(stream))
  }
  for (const port of [0, 1, 2]) vsock.listen(port, keep)
  const payload: Payload = (random) => {
    const data = new Uint8Array(random(2) * random(3000))
    const header = makeHeader({
      sourceCid: random(30) === 0 ? random(5) : GUEST,
      destinationCid: random(30) === 0 ? random(5) : 2,
      sourcePort: random(4),
      destinationPort: random(6) === 0 ? 0x80000000 + random(40) : random(4),
      length: random(10) === 0 ? random(100_000) : data.length,
      type: random(30) === 0 ? random(4) : STREAM,
      op: random(3) === 0 ? random(9) : Op.data,
      flags: random(4),
      bufferBytes: [0, 1, 65_536, 1 << 20, 0xffffffff][random(5)],
      forwarded: random(2) * random(0xffffffff),
    })
    return Buffer.concat([header, data])
  }
  const stir = (random: Random) => {
    const what = random(20)
    const stream = [...streams][random(Math.max(1, streams.size))]
    if (what === 0) keep(vsock.connect(random(4)))
    else if (what === 1) stream?.destroy()
    else if (what === 2) stream?.end()
    else if (what < 8) stream?.read()
    else if (stream?.writable && !stream.writableNeedDrain) stream.write(new Uint8Array(random(20_000)))
  }
  const works = async (driver: VirtioDriver) => {
    const guest = new GuestSockets(driver, 8)
    // Requests for streams that the host has made meanwhile come first.
    await guest.send(2, 999, Op.request)
    for (;;) {
      const {op, destinationPort} = await guest.next()
      if (destinationPort === 999) return op === Op.response
    }
  }
  return {model: vsock, payload, stir, works, close: () => streams.forEach((stream) => void stream.destroy())}
}

function makeNetwork(random: Random): Subject {
  const [end, other] = duplexPair({highWaterMark: 4096})
  if (random(2) === 0) other.resume()
  const model = new VirtioNetwork(new StreamBackend(end))
  const payload: Payload = (next) => new Uint8Array(12 + next(1600))
  const stir = (next: Random) => {
    other.read()
    const frame = Buffer.alloc(4 + 14 + next(1600))
    frame.writeUInt32BE(next(3000) === 0 ? next(0xffffffff) : frame.length - 4)
    if (!other.writableNeedDrain && !other.destroyed) other.write(frame)
  }
  const works = async ({queues}: VirtioDriver) => {
    other.resume()
    return (await queues[1].request([new Uint8Array(72)])).written === 0
  }
  return {model, payload, stir, works, close: () => void end.destroy()}
}

function makeShare(): Subject {
  const server = new Server(
    mountRoot(new Tmpfs(memoryFile(4 << 20)), new VirtualFileSystem(nativeHost)).top,
    {fids: 32, openFiles: 8},
  )
  const fids = new Set([0, 1, 2, 3])
  const payload: Payload = (random) => {
    const first = random(8)
    if (first === 0) return message(100, 0xffff, u32(8192), '9P2000.L')
    if (first === 1) return message(104, 1, u32(0), u32(NO_FID), 'user', '', u32(0))
    return hostileMessage(random, fids)
  }
  const works = async ({queues}: VirtioDriver) => {
    const {bytes} = await queues[0].request([message(100, 0xffff, u32(8192), '9P2000.L')], [100])
    return bytes[4] === 101
  }
  return {model: new Virtio9p(server, 'share'), payload, works, stir: nothing, close: () => server.close()}
}

function makeFuseShare(): Subject {
  const server = new FuseServer(
    mountRoot(new Tmpfs(memoryFile(4 << 20)), new VirtualFileSystem(nativeHost)).top,
    {nodes: 32, openFiles: 8},
  )
  const known = {nodes: new Set([1, 2, 3, 4]), handles: new Set([1, 2, 3])}
  const init = request(FuseOp.init, {}, u32(7), u32(31), u32(0), u32(0xffff_ffff))
  const payload: Payload = (random) => (random(8) === 0 ? init : hostileRequest(random, known))
  const works = async ({queues}: VirtioDriver) => {
    const {written} = await queues[1].request([init], [100])
    return written === 80
  }
  return {model: new VirtioFs(server, 'share'), payload, works, stir: nothing, close: () => server.close()}
}

function makeConsole(): Subject {
  const stdin = new PassThrough()
  const output = new MachineOutput((bytes) => bytes.length)
  const model = new VirtioConsole(new MachineInput(() => stdin), output)
  const works = async ({queues}: VirtioDriver) => {
    await output.flush()
    const sent = await queues[1].request([Buffer.from('words')])
    stdin.write('key')
    return sent.written === 0 && (await queues[0].request([], [9])).written > 0
  }
  const stir = (random: Random): void => {
    if (random(2) === 0) stdin.write(Buffer.alloc(1 + random(100)))
    else void output.flush()
  }
  return {model, payload: anyBytes, stir, works, close: () => stdin.destroy()}
}

export const targets: readonly Target[] = [
  {
    name: 'entropy',
    make: () => ({
      model: new VirtioEntropy(),
      payload: anyBytes,
      stir: nothing,
      works: async ({queues}) => (await queues[0].request([], [9])).written === 9,
      close: nothing,
    }),
  },
  {name: 'block', make: makeBlock},
  {name: 'console', make: makeConsole},
  {name: 'vsock', make: makeVsock},
  {name: 'network', make: makeNetwork},
  {name: 'share', make: makeShare},
  {name: 'share by FUSE', make: makeFuseShare},
]
