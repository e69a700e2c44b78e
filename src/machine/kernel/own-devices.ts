// The devices of a machine's owner: virtio devices, which are plugged, and devices at places of their own on the bus.

import {attempt, badArgument} from '../../errors.ts'
import type {GuestMemory} from '../../vm/guest-memory.ts'
import type {Device} from '../bus.ts'
import type {DeviceModel} from '../virtio/model.ts'

export interface OwnDevices {
  readonly models: readonly DeviceModel[]
  readonly onBus: readonly Device[]
}

export function sortDevices(devices: readonly (DeviceModel | Device)[] = []): OwnDevices {
  const isOnBus = (device: DeviceModel | Device): device is Device => 'place' in device
  return {
    models: devices.filter((device): device is DeviceModel => !isOnBus(device)),
    onBus: devices.filter(isOnBus),
  }
}

/** @throws HvError BAD_ARGUMENT when one would go on without its state */
export function requireSavable(devices: readonly (DeviceModel | Device)[] = []): void {
  for (const device of devices) {
    if (device.save !== undefined && device.restore !== undefined) continue
    const name = 'place' in device ? device.place.name : device.name
    throw badArgument(`${name} cannot be saved`, 'give it `save` and `restore`')
  }
}

/**
 * Accesses to memory, and to the machine's own devices, would never reach a device there.
 * @throws HvError BAD_ARGUMENT
 */
export function requirePlaces(
  onBus: readonly Device[],
  others: readonly Device[],
  memory: Pick<GuestMemory, 'view'>,
): void {
  const isMemory = (address: number): boolean => attempt(() => memory.view(address, 1)) !== undefined
  for (const [index, {place}] of onBus.entries()) {
    const {name, space, first, length} = place
    const isPlace = Number.isSafeInteger(first) && first >= 0 && Number.isSafeInteger(length) && length > 0
    if (!isPlace) throw badArgument(`the place of ${name} is none: ${length} bytes at ${first}`)
    const other = [...others, ...onBus.slice(0, index)].find(
      (each) =>
        each.place.space === space &&
        each.place.first < first + length &&
        first < each.place.first + each.place.length,
    )
    const taken =
      other?.place.name ??
      (space === 'memory' && (isMemory(first) || isMemory(first + length - 1)) && 'memory')
    if (taken) throw badArgument(`at the place of ${name} there is ${taken}`, 'give it another place')
  }
}
