// Devices of a machine's owner: the example of docs/devices.md, and where devices on the bus may be.

import {readFileSync} from 'node:fs'
import {expect, test} from 'vitest'
import {root} from '../../../../ci/paths.mjs'
import {attempt} from '../../../../src/errors.ts'
import {Bus, type Device} from '../../../../src/machine/bus.ts'
import {requirePlaces, sortDevices} from '../../../../src/machine/kernel/own-devices.ts'
import {VirtioMmio} from '../../../../src/machine/virtio/mmio.ts'
import type {DeviceModel} from '../../../../src/machine/virtio/model.ts'
import {Vm} from '../../../../src/vm/vm.ts'
import {examplesOf, play} from '../../../helpers/examples.ts'
import {seededRandom} from '../../../helpers/mutate.ts'
import {FakeMemory, MEMORY_BASE, VirtioDriver} from '../../../helpers/virtio-driver.ts'
import {HOSTILE_BYTES, HostileDriver, RINGS_BYTES} from '../../../helpers/virtio-hostile.ts'
import {describeKvm} from '../../../helpers/vm.ts'

const page = readFileSync(`${root}/docs/devices.md`, 'utf8')
const [, source] = /```js\n(.*?)```/s.exec(page)!
const model = source.slice(source.indexOf('const ['), source.indexOf('const [kernel'))
const Shouter = new Function(`${model}\nreturn Shouter`)() as new () => DeviceModel

test('the example answers a driver in capitals, over several buffers', async () => {
  const {queues} = new VirtioDriver(new Shouter()).begin()
  const answers = [queues[0].request([], [3]), queues[0].request([], [64])]
  await queues[1].request([Buffer.from('hel')])
  await queues[1].request([Buffer.from('lo\n')])
  const texts = (await Promise.all(answers)).map(
    ({bytes, written}) => `${Buffer.from(bytes.subarray(0, written))}`,
  )
  expect(texts).toEqual(['HEL', 'LO\n'])
})

test('the example takes no more than it can answer, and forgets all at a reset', async () => {
  const driver = new VirtioDriver(new Shouter()).begin()
  const taken: number[] = []
  for (let i = 0; i < 20; i++) void driver.queues[1].request([Buffer.from('a\n')]).then(() => taken.push(i))
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(taken.length).toBe(16)
  const {queues} = driver.begin()
  const answer = queues[0].request([], [64])
  await queues[1].request([Buffer.from('new\n')])
  expect((await answer).written).toBe(4)
})

test('the example outlives hostile drivers, and works for the next one', async () => {
  for (let seed = 0; seed < 20; seed++) {
    const random = seededRandom(seed)
    const memory = new FakeMemory(HOSTILE_BYTES)
    const driver = new VirtioDriver(new Shouter(), {memory, reservedBytes: RINGS_BYTES})
    const text = (): Uint8Array => Buffer.from('a\nbcd\n'.repeat(1 + random(20)))
    const hostile = new HostileDriver(driver, random, text, 2)
    for (let i = 0; i < 500; i++) hostile.act()
    const {queues} = driver.begin()
    const answer = queues[0].request([], [64])
    await queues[1].request([Buffer.from('x\n')])
    expect((await answer).written, `seed ${seed}`).toBe(2)
    expect(memory.areGuardsWhole).toBe(true)
    driver.device.reset()
  }
})

const at = (first: number, length = 4, space: 'memory' | 'port' = 'memory'): Device => ({
  place: {name: 'mine', space, first, length, sizes: [4]},
  read: () => 0,
  write() {},
})
const memory = {
  view(address: number | bigint) {
    if (Number(address) < MEMORY_BASE || Number(address) >= MEMORY_BASE + 4096) throw new Error('none')
    return new Uint8Array(1)
  },
}

test('virtio devices and devices on the bus are told apart', () => {
  const own = [new Shouter(), at(0)]
  expect(sortDevices(own)).toEqual({models: [own[0]], onBus: [own[1]]})
  expect(sortDevices()).toEqual({models: [], onBus: []})
})

test.each<[string, Device[], string]>([
  ['in memory', [at(MEMORY_BASE)], 'at the place of mine there is memory'],
  ['with its end in memory', [at(MEMORY_BASE - 2)], 'at the place of mine there is memory'],
  ["over one of the machine's", [at(0xffe, 8)], 'at the place of mine there is mine'],
  ['over another', [at(64), at(66)], 'at the place of mine there is mine'],
  ['without a length', [at(64, 0)], 'the place of mine is none'],
  ['before all addresses', [at(-4)], 'the place of mine is none'],
  ['at no whole number', [at(0.5)], 'the place of mine is none'],
])('a device %s is refused', (_, devices, message) => {
  expect(() => requirePlaces(devices, [at(0x1000)], memory)).toThrow(message)
})

test('a port may have the number of an address', () => {
  expect(attempt(() => requirePlaces([at(0x1000, 4, 'port'), at(64)], [at(0x1000)], memory) ?? true)).toBe(
    true,
  )
})

describeKvm('the examples of devices', () => {
  const needsNoKernel = examplesOf('machine').filter(({code}) => !/Machine|kernel:/.test(code))
  test.each(needsNoKernel)('of $title print what they say', (example) => play(example, {Vm, Bus, VirtioMmio}))
  test('are some', () => expect(needsNoKernel.length).toBeGreaterThan(2))
})
