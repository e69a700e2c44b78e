// Disk: a driver of a virtio block device.

import type {BlockStore} from '../../src/machine/devices/block-store.ts'
import {VirtioBlock} from '../../src/machine/devices/virtio-block.ts'
import {type DriverMemory, FakeMemory, VirtioDriver} from './virtio-driver.ts'

export const SECTOR = 512
export const [IN, OUT, FLUSH, GET_ID, DISCARD, WRITE_ZEROES] = [0, 1, 4, 8, 11, 13]
/** A flag of a range whose blocks may be given back. */
export const UNMAP = 1
export const [OK, IO_ERROR, UNSUPPORTED] = [0, 1, 2]

export class Disk {
  readonly model: VirtioBlock
  readonly driver: VirtioDriver

  constructor(store: BlockStore, without = 0n, memory: DriverMemory = new FakeMemory(1 << 25)) {
    this.model = new VirtioBlock(store, 'disk-7')
    this.driver = new VirtioDriver(this.model, {without, memory}).begin()
  }

  /** @returns the status, and the bytes read */
  async ask(type: number, sector: number | bigint, readable: Uint8Array[] = [], writable: number[] = []) {
    const header = new DataView(new ArrayBuffer(16))
    header.setUint32(0, type, true)
    header.setBigUint64(8, BigInt.asUintN(64, BigInt(sector)), true)
    const parts = [new Uint8Array(header.buffer), ...readable]
    const {bytes, written} = await this.driver.queues[0].request(parts, [...writable, 1])
    return {status: bytes.at(-1), data: bytes.subarray(0, -1), written}
  }

  async statusOf(...args: Parameters<Disk['ask']>): Promise<number | undefined> {
    return (await this.ask(...args)).status
  }

  range(type: number, sector: number, sectors: number, flags = 0): Promise<number | undefined> {
    const range = new DataView(new ArrayBuffer(16))
    range.setBigUint64(0, BigInt(sector), true)
    range.setUint32(8, sectors, true)
    range.setUint32(12, flags, true)
    return this.statusOf(type, 0, [new Uint8Array(range.buffer)])
  }
}
