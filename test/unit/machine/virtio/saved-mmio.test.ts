// Virtio devices that save themselves: a driver goes on with another device, and no state that somebody else wrote does harm.

import {setImmediate as nextTurn} from 'node:timers/promises'
import {expect, test} from 'vitest'
import {HvError} from '../../../../src/errors.ts'
import type {BlockStore} from '../../../../src/machine/devices/block-store.ts'
import type {NetworkBackend} from '../../../../src/machine/devices/network-backend.ts'
import {VirtioBlock} from '../../../../src/machine/devices/virtio-block.ts'
import {VirtioFs} from '../../../../src/machine/devices/virtio-fs.ts'
import {VirtioNetwork} from '../../../../src/machine/devices/virtio-network.ts'
import {VirtioVsock} from '../../../../src/machine/devices/virtio-vsock.ts'
import {Register, VIRTIO_F_EVENT_IDX} from '../../../../src/machine/virtio/registers.ts'
import {FuseClient} from '../../../helpers/fuse-client.ts'
import {MemoryStore} from '../../../helpers/memory-store.ts'
import {seededRandom} from '../../../helpers/mutate.ts'
import {mutatedText} from '../../../helpers/mutate-text.ts'
import {fuseHostShare} from '../../../helpers/share.ts'
import {Disk, IN, OK, OUT, SECTOR} from '../../../helpers/virtio-disk.ts'
import {type FakeMemory, VirtioDriver} from '../../../helpers/virtio-driver.ts'
import {GuestSockets} from '../../../helpers/virtio-guest-sockets.ts'
import {codeOf} from '../../../helpers/vm.ts'

const SEED = 20261202
const MUTANTS = 400
const [TO_HOST, EVENTS] = [1, 2]
const newStore = (isReadOnly = false): MemoryStore => new MemoryStore(new Uint8Array(1 << 16), isReadOnly)

test.each([
  ['event indexes', 0n],
  ['flags', VIRTIO_F_EVENT_IDX],
])('a disk whose driver uses %s goes on', async (_, without) => {
  const store = newStore()
  const disk = new Disk(store, without)
  const sector = (byte: number) => new Uint8Array(SECTOR).fill(byte)
  for (const at of [1, 2, 3]) expect(await disk.statusOf(OUT, at, [sector(at)])).toBe(OK)
  disk.driver.moveTo(new VirtioBlock(store, 'disk-7'))
  for (const at of [1, 2, 3])
    expect(await disk.ask(IN, at, [], [SECTOR])).toMatchObject({status: OK, data: sector(at)})
  expect(await disk.statusOf(OUT, 4, [sector(4)])).toBe(OK)
})

test('requests that were made and not taken are answered by the other disk', async () => {
  const store = newStore()
  const disk = new Disk(store)
  const old = disk.driver.device
  disk.driver.device = Object.assign(Object.create(old), {write: () => {}})
  const answer = disk.statusOf(OUT, 1, [new Uint8Array(SECTOR)])
  disk.driver.device = old
  disk.driver.moveTo(new VirtioBlock(store))
  expect(await answer).toBe(OK)
})

/** Takes frames while it has room. */
class Wire implements NetworkBackend {
  readonly sent: Uint8Array[] = []
  hasRoom = true
  attach(): void {}
  send(frame: Uint8Array): boolean {
    if (this.hasRoom) this.sent.push(frame.slice())
    return this.hasRoom
  }
  onRoom(): void {}
}

test('a network card keeps its address, and the frame for which there was no room', async () => {
  const [full, empty] = [new Wire(), new Wire()]
  full.hasRoom = false
  const driver = new VirtioDriver(new VirtioNetwork(full, Uint8Array.of(2, 1, 2, 3, 4, 5))).begin()
  const sends = [1, 2].map((byte) =>
    driver.queues[TO_HOST].request([new Uint8Array(12), new Uint8Array(60).fill(byte)]),
  )
  await nextTurn()
  driver.moveTo(new VirtioNetwork(empty))
  await Promise.all(sends)
  expect(empty.sent.map(([byte]) => byte)).toEqual([1, 2])
  expect(driver.config(0, 4)).toBe(0x03020102)
})

test('sockets are reset: the driver hears of it, and then of new ones', async () => {
  const driver = new VirtioDriver(new VirtioVsock()).begin()
  const event = driver.queues[EVENTS].request([], [4])
  const guest = new GuestSockets(driver)
  const vsock = new VirtioVsock()
  driver.moveTo(vsock)
  vsock.connect(7)
  expect(await event).toEqual({written: 4, bytes: new Uint8Array(4)})
  expect(await guest.next()).toMatchObject({destinationPort: 7})
})

test('an interrupt that the driver has not taken is there again', async () => {
  const disk = new Disk(newStore())
  disk.driver.line.onRaise = () => {}
  void disk.ask(IN, 0, [], [SECTOR])
  while (!disk.driver.line.isRaised) await nextTurn()
  disk.driver.line.isRaised = false
  disk.driver.moveTo(new VirtioBlock(newStore()))
  expect([disk.driver.line.isRaised, disk.driver.read(Register.interruptStatus)]).toEqual([true, 1])
})

test('a share can be saved while it is not mounted', async () => {
  const share = await fuseHostShare()
  const model = new VirtioFs(share.server, 'stuff')
  const driver = new VirtioDriver(model, {memoryBytes: 1 << 23}).begin()
  expect(driver.saved()).toMatchObject({model: {}})
  await new FuseClient(share.server).mount()
  expect(() => driver.saved()).toThrow('has mounted a share')
  share.server.reset()
  expect(driver.saved()).toMatchObject({model: {}})
  driver.device.reset()
  share.dispose()
})

test('a state of other features, other queues, or no order of steps is refused', () => {
  const disk = new Disk(newStore())
  const state = disk.driver.saved()
  const [queue] = state.queues
  const restoring =
    (change: object, store: BlockStore = newStore()) =>
    () =>
      disk.driver.moveTo(new VirtioBlock(store), {...state, ...change})
  const wrong: object[] = [
    ...[
      {driverFeatures: 'ffffffffffffffff'},
      {driverFeatures: '0'},
      {status: 4},
      {status: 0x20},
      {queues: []},
    ],
    {queues: [{...queue, open: {...queue.open, heads: [1]}}]},
    {queues: [{...queue, open: {taken: 1, used: 0, heads: [256]}}]},
    {queues: [{...queue, setup: []}]},
    {queues: [{...queue, setup: [...queue.setup, [Register.queueDeviceHigh, 1]]}]},
    {interruptStatus: 4},
  ]
  for (const change of wrong) expect(codeOf(restoring(change)), JSON.stringify(change)).toBe('BAD_ARGUMENT')
  expect(codeOf(restoring({}, newStore(true)))).toBe('BAD_ARGUMENT')
})

test(`${MUTANTS} mutated states are refused, or the device does what a driver could have made it do`, async () => {
  const store = newStore()
  const disk = new Disk(store)
  await disk.statusOf(OUT, 1, [new Uint8Array(SECTOR)])
  const text = JSON.stringify(disk.driver.saved())
  let refused = 0
  for (let index = 0; index < MUTANTS; index++) {
    const mutant = mutatedText(text, seededRandom(SEED + index))
    try {
      disk.driver.moveTo(new VirtioBlock(store), JSON.parse(mutant))
      for (const at of [0, 0x34, 0x44, 0x60, 0x70, 0x100]) disk.driver.read(at)
      await nextTurn()
      disk.driver.write(Register.status, 0)
    } catch (error) {
      const isFine =
        error instanceof SyntaxError || (error instanceof HvError && error.code === 'BAD_ARGUMENT')
      if (!isFine) throw new Error(`mutant ${index}: ${mutant}`, {cause: error})
      refused++
    }
    expect((disk.driver.memory as FakeMemory).areGuardsWhole, `mutant ${index}`).toBe(true)
  }
  expect(refused).toBeGreaterThan(MUTANTS / 2)
})
