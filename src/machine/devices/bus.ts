// Bus: finds the device that an exit accesses, or reports that there is none.

import {HvError} from '../../errors.ts'
import type {IoExit, MmioExit} from '../../vm/exit.ts'
import type {Device} from './device.ts'

export class Bus {
  readonly #devices: readonly Device[]
  readonly #onNobody: (() => void) | undefined

  /** @param onNobody called when no device answers: reads then return all bits set, as on a PC; without it, that is an error */
  constructor(devices: readonly Device[], onNobody?: () => void) {
    this.#devices = devices
    this.#onNobody = onNobody
  }

  /** Carries out the exit's accesses, in order. @throws HvError VCPU_FAILED when no device answers */
  handle(exit: IoExit | MmioExit): void {
    const isPort = exit.kind === 'io'
    const address = isPort ? exit.port : exit.address
    const size = isPort ? exit.size : exit.data.length
    const isWrite = isPort ? exit.direction === 'out' : exit.isWrite
    const device = this.#find(isPort ? 'port' : 'memory', address, size, isWrite)
    if (device === undefined) {
      if (!isWrite) exit.data.fill(0xff)
      return
    }
    const offset = address - device.first
    for (let at = 0; at < exit.data.length; at += size) {
      const item = exit.data.subarray(at, at + size)
      if (isWrite) device.write(offset, toNumber(item))
      else fill(item, device.read(offset))
    }
  }

  #find(space: Device['space'], address: number, size: number, isWrite: boolean): Device | undefined {
    const found = this.#devices.find(
      (device) => device.space === space && address >= device.first && address < device.first + device.length,
    )
    if (found?.sizes.includes(size)) return found
    if (this.#onNobody !== undefined) {
      this.#onNobody()
      return undefined
    }

    const access = `${isWrite ? 'wrote' : 'read'} ${size} byte${size === 1 ? '' : 's'}`
    const place = `${space === 'port' ? 'port' : 'guest physical address'} 0x${address.toString(16)}`
    const defect =
      found === undefined ? 'there is no device' : `${found.name} takes ${found.sizes.join(' or ')}`
    throw new HvError('VCPU_FAILED', `the guest ${access} at ${place}, where ${defect}`, 'correct the guest')
  }
}

/** Exact for up to 4 bytes, and no device takes more. */
function toNumber(bytes: Uint8Array): number {
  return bytes.reduceRight((value, byte) => value * 256 + byte, 0)
}

function fill(bytes: Uint8Array, value: number): void {
  for (let i = 0; i < bytes.length; i++) bytes[i] = Math.floor(value / 256 ** i) % 256
}
