// virtio over a VM's memory: writes get there, and disposing of the VM in the middle harms nothing.

import {expect, test} from 'vitest'
import {Vm} from '../../../../src/vm/vm.ts'
import {MemoryStore} from '../../../helpers/memory-store.ts'
import {Disk, IN, OK, OUT, SECTOR} from '../../../helpers/virtio-disk.ts'
import {describeKvm} from '../../../helpers/vm.ts'

const MEMORY_BYTES = 1 << 22
const HIGH = 2 ** 32

describeKvm('the memory of a VM', () => {
  test('carries a disk’s requests', async () => {
    using vm = Vm.create({memoryBytes: MEMORY_BYTES})
    const content = new Uint8Array(8 * SECTOR)
    const disk = new Disk(new MemoryStore(content), 0n, vm.memory)
    const sector = Uint8Array.from({length: SECTOR}, (_, i) => i % 256)
    expect(await disk.statusOf(OUT, 2, [sector])).toBe(OK)
    expect(content.subarray(2 * SECTOR, 3 * SECTOR)).toEqual(sector)
    expect((await disk.ask(IN, 2, [], [SECTOR])).data).toEqual(sector)
    disk.driver.device.reset()
  })

  test('carries them above 4 GiB, rings and all', async () => {
    using vm = Vm.create({memoryBytes: MEMORY_BYTES})
    vm.addMemory({address: HIGH, bytes: MEMORY_BYTES})
    const high = {
      ...{base: HIGH, size: MEMORY_BYTES},
      view: (address: number | bigint, length: number) => vm.memory.view(address, length),
      views: (address: number, length: number) => vm.memory.views(address, length),
    }
    const disk = new Disk(new MemoryStore(new Uint8Array(8 * SECTOR)), 0n, high)
    const sector = Uint8Array.from({length: SECTOR}, (_, i) => i % 256)
    expect(await disk.statusOf(OUT, 2, [sector])).toBe(OK)
    expect((await disk.ask(IN, 2, [], [SECTOR])).data).toEqual(sector)
    disk.driver.device.reset()
  })

  test('may go while requests are in flight, even if nobody resets the device before', async () => {
    const vm = Vm.create({memoryBytes: MEMORY_BYTES})
    const disk = new Disk(new MemoryStore(new Uint8Array(8 * SECTOR)), 0n, vm.memory)
    const answer = disk.ask(IN, 0, [], [SECTOR])
    vm[Symbol.dispose]()
    await new Promise<void>((resolve) => disk.model.whenIdle(resolve))
    expect(await Promise.race([answer, 'dropped'])).toBe('dropped')
    disk.driver.device.reset()
  })
})
