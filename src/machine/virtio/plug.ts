// plugVirtio: puts virtio devices where the machine has room for them.

import {badArgument} from '../../errors.ts'
import type {Vm} from '../../vm/vm.ts'
import type {PlacedDevice} from '../bus.ts'
import {VirtioMmio} from './mmio.ts'
import type {DeviceModel} from './model.ts'
import {REGISTER_BYTES, Register} from './registers.ts'
import {shareLine} from './shared-line.ts'

/** Where an architecture's machine has virtio devices. */
export interface VirtioPlaces {
  /** The guest physical address of the first one; the others follow every `stride` bytes. */
  readonly first: number
  readonly stride: number
  /** The first one's input of the interrupt controller; the others have the next ones, and share them when there are more devices. */
  readonly gsi: number
  readonly lines: number
  readonly most: number
}

export interface VirtioSlot {
  readonly device: VirtioMmio
  readonly placed: PlacedDevice
}

/**
 * Call it before the VM runs. A driver's notifications do not end runs, nor do its reads at each interrupt.
 * @throws HvError BAD_ARGUMENT when there are more than the machine has room for
 */
export function plugVirtio(vm: Vm, places: VirtioPlaces, models: readonly DeviceModel[]): VirtioSlot[] {
  if (models.length > places.most) {
    const message = `the machine has room for ${places.most} virtio devices, and not for ${models.length}`
    throw badArgument(message, 'give it fewer disks, shares, networks and devices')
  }
  const lines = Array.from({length: places.lines}, (_, line) =>
    shareLine(vm.irqchip!.line(places.gsi + line)),
  )
  return models.map((model, index) => {
    const first = places.first + index * places.stride
    const line = index % places.lines
    const latch = vm.latch({space: 'memory', first: first + Register.interruptStatus, length: 4})
    const device = new VirtioMmio(model, {
      first,
      memory: vm.memory,
      line: lines[line](),
      onInterruptStatus: (status) => latch.set(status),
    })
    hearNotifications(vm, device, model.queueSizes.length)
    return {device, placed: {kind: 'virtio', first, length: REGISTER_BYTES, gsi: places.gsi + line}}
  })
}

/**
 * Where it can, KVM reports notifications itself, and the vCPU does not even leave the host's kernel. They come before the exits that
 * follow them. One from another vCPU that comes after a reset has no effect, or makes the device look into a queue once more.
 */
function hearNotifications(vm: Vm, device: VirtioMmio, queues: number): void {
  const address = device.place.first + Register.queueNotify
  const notify = (queue: number): void => device.write(Register.queueNotify, queue)
  const {ioeventfd, listeners} = vm.eventfdLimits
  if (!ioeventfd || !listeners) {
    vm.post({space: 'memory', first: address, length: 4}, (_offset, queue) => notify(queue))
    return
  }
  for (let queue = 0; queue < queues; queue++) {
    vm.ioeventfd({space: 'memory', address, length: 4, value: queue}, () => notify(queue))
  }
}
