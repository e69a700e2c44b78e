// UsageMeter: memory is looked through only for those who want to know.

import {expect, test} from 'vitest'
import {VirtioBalloon} from '../../../../src/machine/devices/virtio-balloon.ts'
import type {KernelRun} from '../../../../src/machine/kernel/kernel-run.ts'
import {UsageMeter} from '../../../../src/machine/kernel/usage-meter.ts'

test('has the memory of the machine that it is given', () => {
  const meter = new UsageMeter({balloon: new VirtioBalloon(), disks: [], networks: []})
  const vm = {memory: {residentBytes: 4096}} as KernelRun['vm']
  expect(meter.stats(vm)).toMatchObject({memoryBytes: 4096, boots: 0})
  expect(meter.stats(undefined)).not.toHaveProperty('memoryBytes')
})
