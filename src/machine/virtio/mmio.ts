// VirtioMmio: a virtio device's registers, its status and its interrupt (virtio 1.2, 4.2; not the legacy interface).

import type {InterruptStatus} from '../../vm/device-table.ts'
import type {InterruptLine} from '../../vm/irqchip.ts'
import type {Device, DevicePlace} from '../bus.ts'
import {LineStatus} from './line-status.ts'
import type {DeviceModel, ViewOfMemory} from './model.ts'
import {Queue} from './queue.ts'
import {
  COMMON_FEATURES,
  Interrupt,
  MAGIC,
  REGISTER_BYTES,
  Register,
  Status,
  VENDOR,
  VERSION,
  VIRTIO_F_VERSION_1,
  wordAt,
  wordOf,
} from './registers.ts'
import {LAYOUT_REGISTERS, layoutOf} from './rings.ts'
import {checkSaved, misfit, type SavedMmio} from './saved-mmio.ts'

/** Where a virtio device is, and what it needs of its VM. @see {@link VirtioMmio} */
export interface VirtioMmioOptions {
  /** Guest physical address of its 0x200 bytes of registers. */
  readonly first: number
  readonly memory: ViewOfMemory
  /**
   * Level-triggered: high while InterruptStatus is not 0. With an {@link InterruptStatus} at the device's two registers, a vCPU's thread
   * answers the driver's interrupt handler.
   */
  readonly line: InterruptLine | InterruptStatus
}

/** The bits that a driver may set itself. */
const DRIVERS_STATUS =
  Status.acknowledge | Status.driver | Status.driverOk | Status.featuresOk | Status.failed
const STOPPED = Status.needsReset | Status.failed
/** No shared memory region has this length, and this base (4.2.2). */
const NO_REGION = 0xffffffff

/**
 * A virtio device's registers (virtio 1.2, 4.2): with a model, a device for the {@link Bus} of your own machine. A kernel's machine makes
 * one for each of its models. Call `reset()` before the guest's memory goes: what is in flight is dropped.
 *
 * @example
 * const model: DeviceModel = {
 *   ...{name: 'zeroes', id: 4, features: 0n, queueSizes: [8], config: new Uint8Array()},
 *   serve: (queue) => (queue.next()?.complete(), undefined),
 * }
 * const line: InterruptLine = {raise() {}, lower() {}, pulse() {}}
 * const options: VirtioMmioOptions = {first: 0xd0000000, memory: vm.memory, line}
 * console.log(new VirtioMmio(model, options).read(8)) // 4
 */
export class VirtioMmio implements Device {
  readonly place: DevicePlace
  /** Why the device needs a reset, when it does. */
  brokenBy: string | undefined
  readonly #model: DeviceModel
  readonly #interrupts: InterruptStatus
  readonly #queues: readonly Queue[]
  /** For each queue, the values of its LAYOUT_REGISTERS that the driver has written. */
  readonly #setups: readonly Map<number, number>[]
  #status = 0
  #deviceFeaturesSelect = 0
  #driverFeaturesSelect = 0
  #driverFeatures = 0n
  #queueSelect = 0
  /** Of the configuration. */
  #generation = 0

  constructor(model: DeviceModel, {first, memory, line}: VirtioMmioOptions) {
    // A register takes 4 bytes; a smaller access reads its low bytes.
    this.place = {name: model.name, space: 'memory', first, length: REGISTER_BYTES, sizes: [1, 2, 4]}
    this.#model = model
    this.#interrupts = 'raise' in line ? new LineStatus(line) : line
    const {maxChainBytes: maxBytes = 2 ** 32 - 1} = model
    this.#queues = model.queueSizes.map((maxSize, index) => {
      const onInterrupt = () => this.#interrupts.add(Interrupt.usedBuffer)
      const onBroken = (reason: string) => this.#fail(`queue ${index}: ${reason}`)
      const serve = (queue: Queue) => model.serve(queue, index)
      return new Queue({memory, maxSize, maxBytes, onInterrupt, onBroken, serve})
    })
    this.#setups = this.#queues.map(() => new Map())
    const configChanged = () => this.#configChanged()
    model.attach?.({queues: this.#queues, memory, configChanged, fail: (reason) => this.#fail(reason)})
  }

  /** A reset as if by the driver: none of the guest's memory is touched afterwards, until a driver begins anew. */
  reset(): void {
    this.#stop()
    this.#status = 0
    this.#deviceFeaturesSelect = this.#driverFeaturesSelect = this.#queueSelect = 0
    this.#driverFeatures = 0n
    this.brokenBy = undefined
    for (const setup of this.#setups) setup.clear()
    this.#interrupts.remove(this.#interrupts.value)
  }

  /** @throws HvError BAD_ARGUMENT when its model cannot be saved now */
  save(): object {
    const saved: SavedMmio = {
      status: this.#status,
      interruptStatus: this.#interrupts.value,
      generation: this.#generation,
      driverFeatures: this.#driverFeatures.toString(16),
      select: [this.#deviceFeaturesSelect, this.#driverFeaturesSelect, this.#queueSelect],
      brokenBy: this.brokenBy,
      queues: this.#queues.map((queue, index) => ({setup: [...this.#setups[index]], open: queue.save()})),
      model: this.#model.save?.() ?? {},
    }
    return saved
  }

  /** @throws HvError BAD_ARGUMENT */
  restore(state: unknown): void {
    const saved = checkSaved(state, this.#model)
    this.#model.restore?.(saved.model)
    this.#driverFeatures = BigInt(`0x${saved.driverFeatures}`)
    ;[this.#deviceFeaturesSelect, this.#driverFeaturesSelect, this.#queueSelect] = saved.select
    this.#generation = saved.generation
    this.#status = saved.status & ~STOPPED
    for (const [index, {setup, open}] of saved.queues.entries()) {
      for (const [offset, value] of setup) this.#setups[index].set(offset, value)
      if (open) this.#queues[index].restore(open, layoutOf(this.#setups[index]), this.#driverFeatures)
    }
    if (this.brokenBy !== undefined) throw misfit(this.#model, this.brokenBy)
    ;({status: this.#status, brokenBy: this.brokenBy} = saved)
    if (this.#isRunning) this.#model.start?.(this.#driverFeatures)
    // Not now: the rest of the machine is not there yet.
    if (this.#isRunning) for (const {turns} of this.#queues) turns.wakeLater()
    this.#interrupts.add(saved.interruptStatus)
  }

  read(offset: number): number {
    // The Bus takes as many of the four bytes as were asked for.
    if (offset >= Register.config) return wordAt(this.#model.config, offset - Register.config)
    switch (offset) {
      case Register.magic:
        return MAGIC
      case Register.version:
        return VERSION
      case Register.deviceId:
        return this.#model.id
      case Register.vendorId:
        return VENDOR
      case Register.deviceFeatures:
        return wordOf(this.#offered, this.#deviceFeaturesSelect)
      case Register.queueSizeMax:
        return this.#selected?.maxSize ?? 0
      case Register.queueReady:
        return this.#selected?.isOpen ? 1 : 0
      case Register.interruptStatus:
        return this.#interrupts.value
      case Register.status:
        return this.#status
      case Register.sharedLengthLow:
      case Register.sharedLengthHigh:
      case Register.sharedBaseLow:
      case Register.sharedBaseHigh:
        return NO_REGION
      case Register.configGeneration:
        return this.#generation
      default:
        return 0
    }
  }

  write(offset: number, value: number): void {
    if (offset >= Register.config) {
      this.#model.writeConfig?.(offset - Register.config, value)
      return
    }
    switch (offset) {
      case Register.deviceFeaturesSelect:
        this.#deviceFeaturesSelect = value
        break
      case Register.driverFeaturesSelect:
        this.#driverFeaturesSelect = value
        break
      case Register.driverFeatures:
        this.#setDriverFeatures(value)
        break
      case Register.queueSelect:
        this.#queueSelect = value
        break
      case Register.queueReady:
        this.#setReady(value)
        break
      case Register.queueNotify:
        if (this.#isRunning && value < this.#queues.length) this.#queues[value].turns.wake()
        break
      case Register.interruptAck:
        this.#interrupts.remove(value)
        break
      case Register.status:
        this.#setStatus(value)
        break
      default:
        this.#setUpQueue(offset, value)
    }
  }

  get #offered(): bigint {
    return this.#model.features | COMMON_FEATURES
  }

  get #selected(): Queue | undefined {
    return this.#queues[this.#queueSelect]
  }

  get #isRunning(): boolean {
    return (this.#status & (Status.driverOk | STOPPED)) === Status.driverOk
  }

  #setDriverFeatures(value: number): void {
    const select = this.#driverFeaturesSelect
    if (select > 1 || (this.#status & Status.featuresOk) !== 0) return
    const shift = BigInt(32 * select)
    this.#driverFeatures = (this.#driverFeatures & ~(0xffffffffn << shift)) | (BigInt(value) << shift)
  }

  /** 2.1, 3.1.1: bits are only ever added, in order. */
  #setStatus(value: number): void {
    if (value === 0) {
      this.reset()
      return
    }
    const before = this.#status
    let status = before | (value & DRIVERS_STATUS)
    if ((before & Status.featuresOk) === 0 && !this.#hasFineFeatures) status &= ~Status.featuresOk
    if ((status & Status.featuresOk) === 0) status &= ~Status.driverOk
    this.#status = status
    if ((status & STOPPED) !== 0) this.#stop()
    else if ((status & ~before & Status.driverOk) !== 0) this.#start()
  }

  get #hasFineFeatures(): boolean {
    const accepted = this.#driverFeatures
    return (accepted & ~this.#offered) === 0n && (accepted & VIRTIO_F_VERSION_1) !== 0n
  }

  #start(): void {
    this.#model.start?.(this.#driverFeatures)
    // Chains that the driver offered before it was ready need no notification.
    for (const {turns} of this.#queues) if (this.#isRunning) turns.wake()
  }

  #stop(): void {
    for (const queue of this.#queues) {
      queue.turns.stop()
      queue.close()
    }
    this.#model.stop?.()
  }

  #setReady(value: number): void {
    const queue = this.#selected
    if (queue === undefined || (this.#status & STOPPED) !== 0) return
    if (value === 0) queue.close()
    else if ((this.#status & Status.featuresOk) === 0) this.#fail('a queue before the features')
    else if (!queue.isOpen) queue.open(layoutOf(this.#setups[this.#queueSelect]), this.#driverFeatures)
  }

  #setUpQueue(offset: number, value: number): void {
    const queue = this.#selected
    if (queue === undefined || !LAYOUT_REGISTERS.includes(offset)) return
    if (queue.isOpen) this.#fail(`queue ${this.#queueSelect}: it moved while in use`)
    else this.#setups[this.#queueSelect].set(offset, value)
  }

  #fail(reason: string): void {
    if ((this.#status & Status.needsReset) !== 0) return
    this.brokenBy = reason
    this.#status |= Status.needsReset
    this.#stop()
    if ((this.#status & Status.driverOk) !== 0) this.#interrupts.add(Interrupt.configChange)
  }

  #configChanged(): void {
    this.#generation = (this.#generation + 1) % 2 ** 32
    if (this.#isRunning) this.#interrupts.add(Interrupt.configChange)
  }
}
