// shareLine: the level of a line that several devices have is the OR of theirs.

import {expect, test} from 'vitest'
import {VirtioEntropy} from '../../../../src/machine/devices/virtio-entropy.ts'
import {VirtioMmio} from '../../../../src/machine/virtio/mmio.ts'
import {Interrupt, Register} from '../../../../src/machine/virtio/registers.ts'
import {shareLine} from '../../../../src/machine/virtio/shared-line.ts'
import {seededRandom} from '../../../helpers/mutate.ts'
import {FakeLine, FakeMemory} from '../../../helpers/virtio-driver.ts'

const SEED = 20261203

test('it is up while any of them wants it up, however often each says so', () => {
  const line = new FakeLine()
  const newInput = shareLine(line)
  const inputs = Array.from({length: 4}, newInput)
  const levels = inputs.map(() => false)
  const random = seededRandom(SEED)
  for (let step = 0; step < 1000; step++) {
    const index = random(inputs.length)
    levels[index] = random(2) === 1
    if (levels[index]) inputs[index].raise()
    else inputs[index].lower()
    expect(line.isRaised).toBe(levels.includes(true))
  }
  // It rose only when it was down.
  expect(line.raises).toBeLessThan(500)
})

test('devices that are restored or reset keep the level of the others', () => {
  const line = new FakeLine()
  const newInput = shareLine(line)
  const memory = new FakeMemory(1 << 16)
  const devices = Array.from({length: 2}, () => {
    return new VirtioMmio(new VirtioEntropy(), {first: 0x1000, memory, line: newInput()})
  })
  const saved = {...devices[0].save(), interruptStatus: Interrupt.usedBuffer}
  for (const device of devices) device.restore(saved)
  expect(line.isRaised).toBe(true)
  devices[0].write(Register.interruptAck, Interrupt.usedBuffer)
  expect(line.isRaised).toBe(true)
  devices[1].reset()
  expect(line.isRaised).toBe(false)
})
