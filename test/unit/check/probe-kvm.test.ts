// The addon's probe: what it asks a VM, and which questions it refuses.

import {accessSync, constants} from 'node:fs'
import {expect, test} from 'vitest'
import {addon} from '../../../src/addon.ts'
import {QUESTIONS} from '../../../src/check/arm64/capabilities.ts'

const canOpenKvm = (() => {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK)
    return true
  } catch {
    return false
  }
})()

test.skipIf(!canOpenKvm)('every question gets its answer, a refusal being one', () => {
  const probe = addon.probeKvm('/dev/kvm', [3], QUESTIONS)
  expect(probe).toMatchObject({openErrno: 0, apiVersion: 12, createVmErrno: 0, extensions: [1]})
  expect(probe.devices).toHaveLength(QUESTIONS.devices.length)
  expect(probe.attributes).toHaveLength(QUESTIONS.attributes.length / 2)
  expect(probe.registers).toHaveLength(QUESTIONS.registers.length)
})

test('a device that does not open has answered nothing else', () => {
  expect(addon.probeKvm('/no/such/device', [3], QUESTIONS)).toEqual({
    openErrno: 2,
    apiVersion: -1,
    createVmErrno: 0,
    extensions: [],
    devices: [],
    attributes: [],
    registers: [],
    guestXfeatures: null,
  })
})

// A 32-bit register: KVM would write fewer bytes than are read. A 2048-bit one: more than there is room for.
test.each([5n, 0x6020_0000_0013_c039n, 0x6080_0000_0013_c039n, -1n, 1n << 64n])(
  'register %s is refused',
  (register) => {
    const ask = () => addon.probeKvm('/dev/kvm', [], {devices: [], attributes: [], registers: [register]})
    expect(ask).toThrow(TypeError)
  },
)
