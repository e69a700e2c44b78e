// VirtioDriver: a well-behaved driver of a virtio-mmio device that sets up and uses split rings as Linux does.

import {HvError} from '../../src/errors.ts'
import {VirtioMmio} from '../../src/machine/virtio/mmio.ts'
import type {DeviceModel} from '../../src/machine/virtio/model.ts'
import {
  Interrupt,
  Register,
  Status,
  VIRTIO_F_EVENT_IDX,
  VIRTIO_F_VERSION_1,
} from '../../src/machine/virtio/registers.ts'
import type {SavedMmio} from '../../src/machine/virtio/saved-mmio.ts'
import type {GuestMemory} from '../../src/vm/guest-memory.ts'
import type {InterruptLine} from '../../src/vm/irqchip.ts'
import {DriverQueue} from './virtio-queue.ts'

export const MEMORY_BASE = 0x40000000
const FIRST = 0x0a000000
/** Guards around the guest's memory: a changed guard shows a write outside. */
export const GUARD_BYTES = 4096
const GUARD = 0xa5

/** Guest memory as a plain buffer, between two guards: two slots, one right after the other. */
export class FakeMemory {
  readonly base = MEMORY_BASE
  readonly size: number
  /** The guest's part begins after a guard, at GUARD_BYTES. */
  readonly buffer: ArrayBuffer | SharedArrayBuffer

  /** @param isShared another thread may change it meanwhile, as a vCPU does */
  constructor(size: number, isShared = false) {
    this.size = size
    const bytes = size + 2 * GUARD_BYTES
    this.buffer = isShared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes)
    for (const guard of this.#guards()) guard.fill(GUARD)
  }

  view(address: number | bigint, length: number): Uint8Array {
    const offset = Number(address) - this.base
    const end = offset + length
    if (!(offset >= 0 && length >= 0 && end <= this.size && Number.isSafeInteger(end)))
      throw new HvError('MEMORY_RANGE', `${length} bytes at ${address} are not all memory`)
    return new Uint8Array(this.buffer, GUARD_BYTES + offset, length)
  }

  views(address: number, length: number): Uint8Array[] {
    const whole = this.view(address, length)
    const inFirst = this.base + this.size / 2 - address
    return inFirst > 0 && inFirst < length ? [whole.subarray(0, inFirst), whole.subarray(inFirst)] : [whole]
  }

  get areGuardsWhole(): boolean {
    return this.#guards().every((guard) => guard.every((byte) => byte === GUARD))
  }

  /** Makes the memory like a disposed VM's. */
  detach(): void {
    structuredClone(this.buffer, {transfer: [this.buffer as ArrayBuffer]})
  }

  #guards(): Uint8Array[] {
    return [0, GUARD_BYTES + this.size].map((at) => new Uint8Array(this.buffer, at, GUARD_BYTES))
  }
}

/** An interrupt line that knows its level. */
export class FakeLine implements InterruptLine {
  isRaised = false
  raises = 0
  onRaise: () => void = () => {}

  raise(): void {
    this.isRaised = true
    this.raises++
    this.onRaise()
  }

  lower(): void {
    this.isRaised = false
  }

  pulse(): void {
    throw new Error('virtio-mmio is level-triggered')
  }
}

export interface DriverOptions {
  /** Feature bits that the driver does not accept. */
  without?: bigint
  queueSize?: number
  memoryBytes?: number
  /** Default: a fake memory of that size. */
  memory?: DriverMemory
  /** Bytes at the beginning of memory that the driver does not use. */
  reservedBytes?: number
}

/** What a driver needs from its memory. */
export type DriverMemory = Pick<GuestMemory, 'base' | 'size' | 'view' | 'views'>

export class VirtioDriver {
  readonly memory: DriverMemory
  readonly line = new FakeLine()
  device: VirtioMmio
  /** The features that both sides have accepted. */
  features = 0n
  queues: DriverQueue[] = []
  configChanges = 0
  readonly #options: DriverOptions
  #allocated = 0

  constructor(model: DeviceModel, options: DriverOptions = {}) {
    this.#options = options
    this.memory = options.memory ?? new FakeMemory(options.memoryBytes ?? 1 << 22)
    this.device = new VirtioMmio(model, {first: FIRST, memory: this.memory, line: this.line})
    // A vCPU takes an interrupt later, not in the middle of the device's code.
    this.line.onRaise = () => queueMicrotask(() => this.#takeInterrupt())
  }

  /** What the device saves, as it comes out of a snapshot. */
  saved(): SavedMmio {
    return JSON.parse(JSON.stringify(this.device.save()))
  }

  /** Goes on with a new device in place of the old one, as after a snapshot. */
  moveTo(model: DeviceModel, state: unknown = this.saved()): void {
    this.device = new VirtioMmio(model, {first: FIRST, memory: this.memory, line: this.line})
    this.device.restore(state)
  }

  /** Sets the device up, from reset to DRIVER_OK. */
  begin(): this {
    this.features = 0n
    this.#allocated = this.#options.reservedBytes ?? 0
    this.write(Register.status, 0)
    this.write(Register.status, Status.acknowledge)
    this.addStatus(Status.driver)
    this.#negotiate()
    this.queues = []
    for (let index = 0; this.#select(index) > 0; index++) this.queues.push(this.#setUpQueue(index))
    this.addStatus(Status.driverOk)
    return this
  }

  read(offset: number): number {
    return this.device.read(offset)
  }

  write(offset: number, value: number): void {
    this.device.write(offset, value)
  }

  get status(): number {
    return this.read(Register.status)
  }

  addStatus(bit: number): void {
    this.write(Register.status, this.status | bit)
  }

  config(at: number, bytes: number): number {
    return this.read(Register.config + at) % 256 ** bytes
  }

  /** @returns the address of that many free bytes */
  allocate(bytes: number, alignment = 16): number {
    const at = Math.ceil(this.#allocated / alignment) * alignment
    this.#allocated = at + bytes
    if (this.#allocated > this.memory.size) throw new Error('the driver has no memory left')
    return this.memory.base + at
  }

  #negotiate(): void {
    for (const select of [0, 1]) {
      this.write(Register.deviceFeaturesSelect, select)
      this.features |= BigInt(this.read(Register.deviceFeatures)) << BigInt(32 * select)
    }
    this.features &= ~(this.#options.without ?? 0n)
    for (const select of [0, 1]) {
      this.write(Register.driverFeaturesSelect, select)
      this.write(Register.driverFeatures, Number((this.features >> BigInt(32 * select)) & 0xffffffffn))
    }
    this.addStatus(Status.featuresOk)
    const isAccepted = (this.status & Status.featuresOk) !== 0
    if (isAccepted !== ((this.features & VIRTIO_F_VERSION_1) !== 0n)) throw new Error('FEATURES_OK')
  }

  /** @returns how many descriptors the queue may have; 0: no such queue exists */
  #select(index: number): number {
    this.write(Register.queueSelect, index)
    return this.read(Register.queueSizeMax)
  }

  #setUpQueue(index: number): DriverQueue {
    const size = Math.min(this.#options.queueSize ?? 256, this.#select(index))
    const addresses = [size * 16, 6 + 2 * size, 6 + 8 * size].map((bytes) => this.allocate(bytes))
    this.write(Register.queueSize, size)
    for (const [i, low] of [
      Register.queueDescriptorsLow,
      Register.queueDriverLow,
      Register.queueDeviceLow,
    ].entries()) {
      this.write(low, addresses[i])
      this.write(low + 4, 0)
    }
    const queue = new DriverQueue(this, index, size, addresses)
    this.write(Register.queueReady, 1)
    return queue
  }

  #takeInterrupt(): void {
    const causes = this.read(Register.interruptStatus)
    this.write(Register.interruptAck, causes)
    if ((causes & Interrupt.configChange) !== 0) this.configChanges++
    if ((causes & Interrupt.usedBuffer) !== 0) for (const queue of this.queues) queue.collect()
  }

  get hasEventIndex(): boolean {
    return (this.features & VIRTIO_F_EVENT_IDX) !== 0n
  }
}
