// HostileDriver: plays against a virtio device from a seed: registers in any order, rings and descriptors of all kinds, resets.

import {Register, Status, VIRTIO_F_VERSION_1} from '../../src/machine/virtio/registers.ts'
import type {Random} from './mutate.ts'
import {MEMORY_BASE, type VirtioDriver} from './virtio-driver.ts'

/** Each queue has its rings in 16 KiB: the table, the driver's ring, the device's, an indirect table. */
const QUEUE_BYTES = 0x4000
const [AVAILABLE, USED, INDIRECT] = [0x1000, 0x2000, 0x3000]
export const HOSTILE_BYTES = 1 << 20
/** The rings start at the beginning of memory, with room for as many queues as any device here has. */
export const RINGS_BYTES = 8 * QUEUE_BYTES
const DATA = HOSTILE_BYTES / 2
const REGISTERS = Object.values(Register)
const SIZES = [1, 8, 64, 128, 128, 128, 256]
const [NEXT, WRITE, TO_TABLE] = [1, 2, 4]

/** Bytes as a driver of this kind of device might send them. */
export type Payload = (random: Random) => Uint8Array

export class HostileDriver {
  readonly #driver: VirtioDriver
  readonly #random: Random
  readonly #payload: Payload
  readonly #words: DataView
  readonly #queues: {size: number; offered: number; free: number}[]

  constructor(driver: VirtioDriver, random: Random, payload: Payload, queues: number) {
    this.#driver = driver
    this.#random = random
    this.#payload = payload
    const all = driver.memory.view(MEMORY_BASE, HOSTILE_BYTES)
    this.#words = new DataView(all.buffer, all.byteOffset, all.length)
    this.#queues = Array.from({length: queues}, () => ({size: 0, offered: 0, free: 0}))
  }

  /** One move. */
  act(): void {
    const random = this.#random
    const move = random(100)
    const isStopped = (this.#driver.status & Status.needsReset) !== 0
    if (move < 2 || (isStopped && move < 50)) this.#begin()
    else if (move < 4) this.#write(Register.status, 0)
    else if (move < 6) this.#write(this.#oneOf(REGISTERS), this.#value())
    else if (move < 8) this.#driver.read(random(0x200))
    else if (move < 9) this.#scribble()
    else if (move < 14) this.#write(Register.interruptAck, random(4))
    else if (move < 80) this.#offer()
    else this.#write(Register.queueNotify, random(this.#queues.length))
  }

  #write(offset: number, value: number): void {
    this.#driver.write(offset, value >>> 0)
  }

  #oneOf<T>(list: readonly T[]): T {
    return list[this.#random(list.length)]
  }

  #isLucky(of: number): boolean {
    return this.#random(of) === 0
  }

  /** Sets the device up, mostly correctly. */
  #begin(): void {
    const random = this.#random
    this.#write(Register.status, 0)
    this.#write(Register.status, Status.acknowledge | Status.driver)
    for (const select of [0, 1]) {
      this.#write(Register.deviceFeaturesSelect, select)
      this.#write(Register.driverFeaturesSelect, select)
      const offered = this.#driver.read(Register.deviceFeatures)
      const less = this.#isLucky(2)
        ? random(0xffffffff) | (select ? Number(VIRTIO_F_VERSION_1 >> 32n) : 0)
        : -1
      this.#write(Register.driverFeatures, this.#isLucky(20) ? this.#value() : offered & less)
    }
    this.#write(Register.status, Status.acknowledge | Status.driver | Status.featuresOk)
    for (const index of this.#queues.keys()) if (!this.#isLucky(15)) this.#setUp(index)
    if (!this.#isLucky(15)) this.#write(Register.status, 15)
  }

  #setUp(index: number): void {
    const queue = this.#queues[index]
    const at = MEMORY_BASE + index * QUEUE_BYTES
    queue.size = this.#isLucky(40) ? this.#value() & 0xffff : this.#oneOf(SIZES)
    queue.offered = queue.free = 0
    this.#words.setUint32(at - MEMORY_BASE + AVAILABLE, 0, true)
    this.#words.setUint32(at - MEMORY_BASE + USED, 0, true)
    this.#write(Register.queueSelect, index)
    this.#write(Register.queueSize, queue.size)
    for (const [register, address] of [
      [Register.queueDescriptorsLow, at],
      [Register.queueDriverLow, at + AVAILABLE],
      [Register.queueDeviceLow, at + USED],
    ]) {
      this.#write(register, this.#isLucky(60) ? this.#value() : address)
      this.#write(register + 4, this.#isLucky(100) ? this.#value() : 0)
    }
    this.#write(Register.queueReady, 1)
  }

  /** Offers a chain of up to eight buffers, seldom a broken one. */
  #offer(): void {
    const random = this.#random
    const index = random(this.#queues.length)
    const queue = this.#queues[index]
    const size = Math.max(1, Math.min(256, queue.size))
    const at = index * QUEUE_BYTES
    const isIndirect = this.#isLucky(4)
    const count = 1 + random(Math.min(isIndirect ? 8 : size, 8))
    const head = this.#isLucky(150) ? random(0x10000) : queue.free
    queue.free = (queue.free + (isIndirect ? 1 : count)) % size
    const writableFrom = this.#isLucky(8) || count === 1 ? random(count + 1) : 1 + random(count - 1)
    const table = at + INDIRECT + 128 * random(32)
    for (let i = 0; i < count; i++) {
      const flags = (i === count - 1 ? 0 : NEXT) | (i >= writableFrom ? WRITE : 0)
      const next = isIndirect ? i + 1 : (head + i + 1) % size
      this.#describe(isIndirect ? table + i * 16 : at + ((head + i) % size) * 16, flags, next)
    }
    if (isIndirect) {
      const length = this.#isLucky(40) ? this.#value() : count * 16
      this.#descriptor(at + (head % size) * 16, MEMORY_BASE + table, length, TO_TABLE, 0)
    }
    this.#words.setUint16(at + AVAILABLE + 4 + 2 * (queue.offered % size), head, true)
    queue.offered = (queue.offered + (this.#isLucky(200) ? random(0x10000) : 1)) & 0xffff
    this.#words.setUint16(at + AVAILABLE + 2, queue.offered, true)
    if (!this.#isLucky(4)) this.#write(Register.queueNotify, index)
  }

  #describe(entry: number, flags: number, next: number): void {
    const random = this.#random
    const length = this.#oneOf([1, 4, 8, 16, 44, 64, 512, 512, 1024, 4096, 1 + random(100_000)])
    const address = DATA + random(DATA - 131072)
    if ((flags & WRITE) === 0) {
      const bytes = this.#payload(random)
      this.#driver.memory.view(MEMORY_BASE + address, bytes.length).set(bytes)
      const exact = this.#isLucky(20) ? length : bytes.length
      this.#descriptor(entry, MEMORY_BASE + address, Math.max(1, exact), flags, next)
    } else this.#descriptor(entry, MEMORY_BASE + address, length, flags, next)
  }

  #descriptor(at: number, address: number, length: number, flags: number, next: number): void {
    const isBroken = this.#isLucky(300)
    this.#words.setUint32(at, isBroken ? this.#value() : address, true)
    this.#words.setUint32(at + 4, this.#isLucky(500) ? this.#value() : 0, true)
    this.#words.setUint32(at + 8, this.#isLucky(300) ? this.#value() : length, true)
    this.#words.setUint16(at + 12, this.#isLucky(200) ? this.#random(8) : flags, true)
    this.#words.setUint16(at + 14, this.#isLucky(200) ? this.#random(0x10000) : next, true)
  }

  /** Changes any word of the rings. */
  #scribble(): void {
    const at = this.#random(this.#queues.length) * QUEUE_BYTES + this.#random(QUEUE_BYTES / 2) * 2
    const isRing = this.#isLucky(8)
    this.#words.setUint16(isRing ? at & ~0xfff : at, this.#value() & 0xffff, true)
  }

  #value(): number {
    const random = this.#random
    const values = [0, 1, 2, 0xff, 0x100, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, MEMORY_BASE - 1]
    const inMemory = MEMORY_BASE + random(HOSTILE_BYTES + 4096)
    return this.#oneOf([...values, inMemory, inMemory, random(0x10000), random(0xffffffff)])
  }
}
