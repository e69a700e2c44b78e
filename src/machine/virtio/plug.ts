// plugVirtio: puts virtio devices where the machine has room for them.

import {badArgument} from '../../errors.ts'
import type {Vm} from '../../vm/vm.ts'
import type {PlacedDevice} from '../bus.ts'
import {VirtioMmio} from './mmio.ts'
import type {DeviceModel} from './model.ts'
import {REGISTER_BYTES, Register} from './registers.ts'

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
 * Call it before the VM runs. A driver's notifications do not end runs, nor does its interrupt handler.
 * @throws HvError BAD_ARGUMENT when there are more than the machine has room for
 */
export function plugVirtio(vm: Vm, places: VirtioPlaces, models: readonly DeviceModel[]): VirtioSlot[] {
  if (models.length > places.most) {
    const message = `the machine has room for ${places.most} virtio devices, and not for ${models.length}`
    throw badArgument(message, 'give it fewer disks, shares, networks and devices')
  }
  return models.map((model, index) => {
    const first = places.first + index * places.stride
    const gsi = places.gsi + (index % places.lines)
    const status = first + Register.interruptStatus
    const acknowledge = first + Register.interruptAck
    const line = vm.irqchip!.status(gsi, {space: 'memory', status, acknowledge})
    const device = new VirtioMmio(model, {first, memory: vm.memory, line})
    hearNotifications(vm, device, model.queueSizes.length)
    return {device, placed: {kind: 'virtio', first, length: REGISTER_BYTES, gsi}}
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
