// Pl031: what a driver of the PrimeCell clock reads and sets.

import {expect, test} from 'vitest'
import {Pl031} from '../../../../src/machine/devices/pl031.ts'

const [DATA, LOAD, CONTROL] = [0x00, 0x08, 0x0c]

test('it runs with the host, and with what the guest has set', () => {
  let now = 1_700_000_000_900
  const clock = new Pl031(() => now)
  expect(clock.read(DATA)).toBe(1_700_000_000)
  expect(clock.read(CONTROL)).toBe(1)
  clock.write(LOAD, 1000)
  now += 2100
  expect(clock.read(DATA)).toBe(1003)
})

test('it says that it is a PL031 of Arm', () => {
  const clock = new Pl031()
  const identity = Array.from({length: 8}, (_, index) => clock.read(0xfe0 + 4 * index))
  expect(identity).toEqual([0x31, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1])
})
