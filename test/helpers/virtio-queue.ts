// DriverQueue: the driver's end of a split virtqueue: descriptors, offers, and what comes back.

import {Register, VIRTIO_F_INDIRECT_DESC} from '../../src/machine/virtio/registers.ts'
import type {VirtioDriver} from './virtio-driver.ts'

const NEXT = 1
const WRITE = 2
const INDIRECT = 4

export interface Buffer {
  address: number
  length: number
  isWritable: boolean
}

/** A chain that the device gave back. */
export interface Used {
  written: number
  /** A copy of all writable buffers, joined. */
  bytes: Uint8Array
}

interface Offered {
  buffers: Buffer[]
  descriptors: number[]
  used(used: Used): void
}

export class DriverQueue {
  readonly size: number
  readonly index: number
  /** Notifications that the device had not suppressed. */
  notifications = 0
  readonly #driver: VirtioDriver
  readonly #table: DataView
  readonly #available: Uint16Array
  readonly #used: DataView
  readonly #free: number[]
  readonly #offered = new Map<number, Offered>()
  readonly #memory = new Map<number, number[]>()
  #availableIndex = 0
  #usedIndex = 0

  constructor(driver: VirtioDriver, index: number, size: number, addresses: readonly number[]) {
    this.#driver = driver
    this.index = index
    this.size = size
    this.#free = Array.from({length: size}, (_, i) => i)
    const [table, available, used] = [size * 16, 6 + 2 * size, 6 + 8 * size].map((bytes, i) => {
      const view = driver.memory.view(addresses[i], bytes)
      view.fill(0)
      return view
    })
    this.#table = new DataView(table.buffer, table.byteOffset, table.length)
    this.#available = new Uint16Array(available.buffer, available.byteOffset, available.length / 2)
    this.#used = new DataView(used.buffer, used.byteOffset, used.length)
  }

  get freeDescriptors(): number {
    return this.#free.length
  }

  /** One request: what the device reads, then how many bytes it may write, buffer by buffer. */
  request(readable: readonly Uint8Array[], writable: readonly number[] = []): Promise<Used> {
    const buffers = [
      ...readable.map((bytes) => this.#bufferOf(bytes)),
      ...writable.map((length) => ({address: this.#allocate(length), length, isWritable: true})),
    ]
    return new Promise((resolve) => this.#offer(buffers, resolve))
  }

  /** Takes what the device has handed back. */
  collect(): void {
    do {
      while (this.#usedIndex !== this.#used.getUint16(2, true)) this.#collectOne()
      if (this.#driver.hasEventIndex) this.#available[2 + this.size] = this.#usedIndex
    } while (this.#usedIndex !== this.#used.getUint16(2, true))
  }

  #collectOne(): void {
    const slot = 4 + 8 * (this.#usedIndex % this.size)
    const head = this.#used.getUint32(slot, true)
    const written = this.#used.getUint32(slot + 4, true)
    const offered = this.#offered.get(head)
    if (offered === undefined) throw new Error(`the device gave back ${head}, which it does not have`)
    this.#offered.delete(head)
    this.#free.push(...offered.descriptors)
    this.#usedIndex = (this.#usedIndex + 1) & 0xffff
    const writable = offered.buffers.filter(({isWritable}) => isWritable)
    const bytes = Buffer.concat(
      writable.map(({address, length}) => this.#driver.memory.view(address, length)),
    )
    for (const buffer of offered.buffers) this.#release(buffer)
    if (written > bytes.length) throw new Error(`the device wrote ${written} bytes of ${bytes.length}`)
    offered.used({written, bytes: new Uint8Array(bytes)})
  }

  #offer(buffers: Buffer[], used: (used: Used) => void): void {
    const isIndirect = (this.#driver.features & VIRTIO_F_INDIRECT_DESC) !== 0n && buffers.length > 1
    const count = isIndirect ? 1 : buffers.length
    if (this.#free.length < count) throw new Error('the ring is full')
    const descriptors = this.#free.splice(0, count)
    if (isIndirect) buffers = [...buffers, this.#offerIndirect(descriptors[0], buffers)]
    else
      for (const [i, buffer] of buffers.entries())
        this.#describe(this.#table, descriptors[i], buffer, descriptors[i + 1])
    this.#offered.set(descriptors[0], {buffers, descriptors, used})
    this.#available[2 + (this.#availableIndex % this.size)] = descriptors[0]
    const before = this.#availableIndex
    this.#availableIndex = (before + 1) & 0xffff
    Atomics.store(this.#available, 1, this.#availableIndex)
    if (!this.#wantsNotification(before)) return
    this.notifications++
    this.#driver.write(Register.queueNotify, this.index)
  }

  #wantsNotification(before: number): boolean {
    if (!this.#driver.hasEventIndex) return (this.#used.getUint16(0, true) & 1) === 0
    const event = this.#used.getUint16(4 + 8 * this.size, true)
    return ((this.#availableIndex - event - 1) & 0xffff) < ((this.#availableIndex - before) & 0xffff)
  }

  #offerIndirect(descriptor: number, buffers: readonly Buffer[]): Buffer {
    const length = buffers.length * 16
    const address = this.#allocate(length)
    const view = this.#driver.memory.view(address, length)
    const table = new DataView(view.buffer, view.byteOffset, length)
    for (const [i, buffer] of buffers.entries())
      this.#describe(table, i, buffer, i + 1 < buffers.length ? i + 1 : undefined)
    this.#describe(this.#table, descriptor, {address, length, isWritable: false}, undefined, INDIRECT)
    return {address, length, isWritable: false}
  }

  #describe(table: DataView, index: number, buffer: Buffer, next: number | undefined, flags = 0): void {
    const all = flags | (buffer.isWritable ? WRITE : 0) | (next === undefined ? 0 : NEXT)
    table.setBigUint64(index * 16, BigInt(buffer.address), true)
    table.setUint32(index * 16 + 8, buffer.length, true)
    table.setUint16(index * 16 + 12, all, true)
    table.setUint16(index * 16 + 14, next ?? 0, true)
  }

  #bufferOf(bytes: Uint8Array): Buffer {
    const address = this.#allocate(bytes.length)
    this.#driver.memory.view(address, bytes.length).set(bytes)
    return {address, length: bytes.length, isWritable: false}
  }

  #allocate(bytes: number): number {
    return this.#memory.get(bytes)?.pop() ?? this.#driver.allocate(bytes)
  }

  #release({address, length}: Buffer): void {
    const free = this.#memory.get(length) ?? []
    free.push(address)
    this.#memory.set(length, free)
  }
}
