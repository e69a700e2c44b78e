// The virtio devices that a hostile driver plays against: what its payloads look like, and what the host does meanwhile.

import {PassThrough, Writable} from 'node:stream'
import {MemoryStore} from '../../src/machine/devices/block-store.ts'
import {VirtioBlock} from '../../src/machine/devices/virtio-block.ts'
import {VirtioConsole} from '../../src/machine/devices/virtio-console.ts'
import {VirtioEntropy} from '../../src/machine/devices/virtio-entropy.ts'
import type {DeviceModel} from '../../src/machine/virtio/model.ts'
import type {Random} from './mutate.ts'
import type {VirtioDriver} from './virtio-driver.ts'
import type {Payload} from './virtio-hostile.ts'

export interface Subject {
  model: DeviceModel
  payload: Payload
  /** Something happens at the host's side. */
  stir(random: Random): void
  /** A driver that behaves uses it; false: in vain. */
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

function makeConsole(): Subject {
  const streams = () => ({
    input: new PassThrough({highWaterMark: 4096}),
    output: new Writable({highWaterMark: 4096, write: (_chunk, _encoding, done) => void setImmediate(done)}),
  })
  const all = [streams(), streams(), streams()]
  const model = new VirtioConsole({
    ...all[0],
    size: {columns: 80, rows: 24},
    ports: [
      {name: 'one', ...all[1]},
      {name: 'two', ...all[2]},
    ],
  })
  const payload: Payload = (random) => {
    const message = Buffer.alloc(8)
    message.writeUInt32LE(random(10) === 0 ? random(0xffffffff) : random(4), 0)
    message.writeUInt16LE(random(9), 4)
    message.writeUInt16LE(random(2), 6)
    return message
  }
  const stir = (random: Random) => {
    const {input, output} = all[random(3)]
    const what = random(300)
    if (what === 0) input.end()
    else if (what === 1) output.destroy()
    else if (what < 10) model.resize({columns: random(300), rows: random(100)})
    else if (!input.writableEnded && !input.writableNeedDrain) input.write(Buffer.alloc(1 + random(3000)))
  }
  const works = async ({queues}: VirtioDriver) => (await queues[1].request([new Uint8Array(9)])).written === 0
  return {model, payload, stir, works, close: () => model.close()}
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
]
