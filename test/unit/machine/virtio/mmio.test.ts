// VirtioMmio: registers, status and features, reset, the interrupt's level.

import {expect, test} from 'vitest'
import {Bus} from '../../../../src/machine/bus.ts'
import type {DeviceModel, Transport} from '../../../../src/machine/virtio/model.ts'
import type {Queue} from '../../../../src/machine/virtio/queue.ts'
import {
  Register,
  Status,
  VIRTIO_F_EVENT_IDX,
  VIRTIO_F_INDIRECT_DESC,
  VIRTIO_F_VERSION_1,
} from '../../../../src/machine/virtio/registers.ts'
import {VirtioDriver} from '../../../helpers/virtio-driver.ts'

const OWN_FEATURE = 1n << 5n

/** Does what a test tells it, and records what it is told. */
class Model implements DeviceModel {
  readonly name = 'the device under test'
  readonly id = 42
  readonly features = OWN_FEATURE
  readonly queueSizes = [4, 256]
  readonly maxChainBytes = 1 << 16
  readonly config = Uint8Array.of(1, 2, 3, 4, 5)
  readonly seen: string[] = []
  transport!: Transport

  attach(transport: Transport): void {
    this.transport = transport
  }

  start(features: bigint): void {
    this.seen.push(`start ${features.toString(16)}`)
  }

  serve(_: Queue, index: number): undefined {
    this.seen.push(`notify ${index}`)
  }

  stop(): void {
    this.seen.push('stop')
  }
}

function makeDriver(without = 0n) {
  const model = new Model()
  return {model, driver: new VirtioDriver(model, {without})}
}

function begun(without = 0n) {
  const made = makeDriver(without)
  made.driver.begin()
  made.model.seen.length = 0
  return made
}

test('it says what it is', () => {
  const {driver} = makeDriver()
  const {magic, version, deviceId, queueSizeMax, sharedLengthLow} = Register
  expect([magic, version, deviceId, queueSizeMax, sharedLengthLow].map((at) => driver.read(at))).toEqual([
    0x74726976, 2, 42, 4, 0xffffffff,
  ])
  driver.write(Register.queueSelect, 2)
  expect([driver.read(Register.queueSizeMax), driver.read(Register.queueReady)]).toEqual([0, 0])
})

test('configuration is read in pieces of any size, and is zero behind its end', () => {
  const {driver} = makeDriver()
  expect([driver.config(0, 4), driver.config(1, 2), driver.config(4, 1), driver.config(4, 4)]).toEqual([
    0x04030201, 0x0302, 5, 5,
  ])
  expect(driver.config(0xfc, 4)).toBe(0)
  driver.write(Register.config, 0xff)
  expect(driver.config(0, 1)).toBe(1)
})

test('the Bus reads and writes it, and names it when an access is too wide', () => {
  const {driver} = makeDriver()
  const bus = new Bus([driver.device])
  const access = (offset: number, bytes: number[], isWrite = false) => {
    const exit = {
      kind: 'mmio' as const,
      isWrite,
      address: driver.device.place.first + offset,
      data: Uint8Array.from(bytes),
    }
    bus.handle(exit)
    return [...exit.data]
  }
  expect([access(0, [0, 0, 0, 0]), access(0x101, [0, 0]), access(0x1ff, [9])]).toEqual([
    [0x76, 0x69, 0x72, 0x74],
    [2, 3],
    [0],
  ])
  access(Register.status, [1, 0, 0, 0], true)
  expect(driver.status).toBe(1)
  expect(() => access(0x100, [0, 0, 0, 0, 0, 0, 0, 0])).toThrow('the device under test takes 1 or 2 or 4')
})

test('a driver gets what it accepts, and that is what the device starts with', () => {
  const all = OWN_FEATURE | VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX | VIRTIO_F_INDIRECT_DESC
  const seen = [0n, VIRTIO_F_EVENT_IDX | OWN_FEATURE].map((without) => {
    const {model, driver} = makeDriver(without)
    driver.begin()
    return [model.seen[1], driver.status]
  })
  const less = VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT_DESC
  expect(seen).toEqual([
    [`start ${all.toString(16)}`, 15],
    [`start ${less.toString(16)}`, 15],
  ])
})

test('a driver of the legacy interface, and one that wants what was not offered, does not get FEATURES_OK', () => {
  for (const [low, high] of [
    [0, 0],
    [1, 1],
    [0, 3],
  ]) {
    const {driver} = makeDriver()
    for (const [select, value] of [low, high].entries()) {
      driver.write(Register.driverFeaturesSelect, select)
      driver.write(Register.driverFeatures, value)
    }
    driver.write(Register.status, Status.acknowledge | Status.driver | Status.featuresOk | Status.driverOk)
    expect(driver.status).toBe(Status.acknowledge | Status.driver)
  }
})

test('features are fixed once they were accepted', () => {
  const {driver, model} = makeDriver()
  driver.write(Register.driverFeaturesSelect, 1)
  driver.write(Register.driverFeatures, 1)
  driver.write(Register.status, 11)
  driver.write(Register.driverFeatures, 0)
  driver.write(Register.status, 15)
  expect([model.seen[0], driver.status]).toEqual(['start 100000000', 15])
})

test('notifications reach the device between DRIVER_OK and a reset, for queues that it has', () => {
  const {driver, model} = makeDriver()
  driver.write(Register.queueNotify, 0)
  driver.begin()
  for (const index of [1, 2, 0xffffffff]) driver.write(Register.queueNotify, index)
  driver.write(Register.status, 0)
  driver.write(Register.queueNotify, 1)
  expect(model.seen.slice(2)).toEqual(['notify 0', 'notify 1', 'notify 1', 'stop'])
})

test('the line is up while the interrupt status is not zero', async () => {
  const {driver, model} = begun()
  driver.line.onRaise = () => {}
  driver.queues[0].request([Uint8Array.of(1)])
  model.transport.queues[0].next()!.complete()
  model.transport.fail('as the test says')
  expect([driver.read(Register.interruptStatus), driver.line.isRaised, driver.line.raises]).toEqual([
    3,
    true,
    1,
  ])
  driver.write(Register.interruptAck, 1)
  expect([driver.read(Register.interruptStatus), driver.line.isRaised]).toEqual([2, true])
  driver.write(Register.interruptAck, 0xff)
  expect([driver.read(Register.interruptStatus), driver.line.isRaised]).toEqual([0, false])
})

test('a reset drops what is in flight, lowers the line, and the device can begin anew', async () => {
  const {driver, model} = begun()
  driver.line.onRaise = () => {}
  driver.queues[0].request([Uint8Array.of(1)])
  model.transport.queues[0].next()!.complete()
  const used = driver.queues[0].request([], [8])
  const chain = model.transport.queues[0].next()!
  driver.write(Register.status, 0)
  chain.put(new Uint8Array(8).fill(1))
  chain.complete()
  expect([chain.isLive, driver.status, driver.line.isRaised, model.seen.at(-1)]).toEqual([
    false,
    0,
    false,
    'stop',
  ])
  driver.begin()
  expect(driver.status).toBe(15)
  expect(await Promise.race([used.then(() => 'used'), 'dropped'])).toBe('dropped')
})

test('a queue that moves while in use stops the device, and only a reset mends it', async () => {
  const {driver, model} = begun()
  driver.write(Register.queueSelect, 1)
  driver.write(Register.queueDeviceLow, 0)
  await Promise.resolve()
  expect([driver.status, model.seen, driver.configChanges]).toEqual([15 | Status.needsReset, ['stop'], 1])
  expect(driver.device.brokenBy).toBe('queue 1: it moved while in use')
  driver.write(Register.status, 15)
  driver.write(Register.queueNotify, 0)
  driver.write(Register.queueReady, 1)
  expect([driver.status, driver.read(Register.queueReady)]).toEqual([15 | Status.needsReset, 0])
  driver.begin()
  expect([driver.status, driver.device.brokenBy]).toEqual([15, undefined])
})

test('a broken ring names its queue and its defect', () => {
  const {driver, model} = begun()
  driver.queues[1].request([new Uint8Array(65537)])
  expect(model.transport.queues[1].next()).toBeUndefined()
  expect(driver.device.brokenBy).toBe('queue 1: a chain of 65537 bytes')
  expect(model.transport.queues[0].isOpen).toBe(false)
})

test('a driver that gives up the device stops it', () => {
  const {driver, model} = begun()
  driver.addStatus(Status.failed)
  driver.write(Register.queueNotify, 0)
  expect([driver.status, model.seen]).toEqual([15 | Status.failed, ['stop']])
})

test('a queue can be taken out of use, and is ready only behind the features', () => {
  const {driver, model} = begun()
  driver.write(Register.queueSelect, 1)
  driver.write(Register.queueReady, 0)
  expect([driver.read(Register.queueReady), model.transport.queues[1].isOpen]).toEqual([0, false])
  driver.write(Register.status, 0)
  driver.write(Register.queueReady, 1)
  expect([driver.status, driver.device.brokenBy]).toEqual([Status.needsReset, 'a queue before the features'])
})

test('a change of the configuration is told to the driver, with a new generation', async () => {
  const {model, driver} = begun()
  expect(driver.read(Register.configGeneration)).toBe(0)
  model.config[0] = 9
  model.transport.configChanged()
  await Promise.resolve()
  expect([driver.configChanges, driver.read(Register.configGeneration), driver.config(0, 1)]).toEqual([
    1, 1, 9,
  ])
  const other = new Model()
  driver.moveTo(other)
  expect(driver.read(Register.configGeneration)).toBe(1)
})

test('without a driver nobody is interrupted for a change of the configuration', () => {
  const {model, driver} = makeDriver()
  model.transport.configChanged()
  expect([driver.line.raises, driver.read(Register.interruptStatus)]).toEqual([0, 0])
})

test('what a driver stores into the configuration is for the model, if it takes any', () => {
  const stored: number[][] = []
  const model = Object.assign(new Model(), {writeConfig: (...store: number[]) => stored.push(store)})
  const driver = new VirtioDriver(model).begin()
  driver.write(Register.config + 4, 7)
  begun().driver.write(Register.config, 7)
  expect(stored).toEqual([[4, 7]])
})
