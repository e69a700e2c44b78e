// Queue: a split virtqueue as the device sees it (virtio 1.2, 2.7). All its contents are untrusted.

import {BrokenRing} from './broken-ring.ts'
import {Chain} from './chain.ts'
import {type WalkLimits, walk} from './descriptors.ts'
import type {ViewOfMemory} from './model.ts'
import {VIRTIO_F_EVENT_IDX, VIRTIO_F_INDIRECT_DESC} from './registers.ts'
import {type QueueLayout, Rings} from './rings.ts'
import {Turns} from './turns.ts'

export interface QueueOptions {
  readonly memory: ViewOfMemory
  readonly maxSize: number
  /** The most for a chain. */
  readonly maxBytes: number
  /** The driver wants to be told of used chains. */
  onInterrupt(): void
  /** Called with what the driver did wrong; the queue is closed. */
  onBroken(reason: string): void
  /** A step of its turns. */
  serve(queue: Queue): number | undefined
}

/** Where the device is in its rings. */
export interface SavedQueue {
  taken: number
  used: number
  /** Of chains in flight, in the order in which they were taken. */
  heads: number[]
}

/** A queue of a virtio device. @see {@link DeviceModel} */
export class Queue {
  readonly maxSize: number
  /** When it is served. */
  readonly turns: Turns
  readonly #options: QueueOptions
  #rings: Rings | undefined
  #limits: WalkLimits
  readonly #inFlight = new Set<Chain>()
  /** Counts of chains taken and of chains handed back: 16 bits each. */
  #taken = 0
  #used = 0
  /** Heads of chains that were taken before the machine was saved: they are taken again. */
  #again: number[] = []

  /** @internal */
  constructor(options: QueueOptions) {
    this.#options = options
    this.maxSize = options.maxSize
    this.#limits = {maxBuffers: options.maxSize, maxBytes: options.maxBytes, hasIndirect: false}
    this.turns = new Turns(() => options.serve(this))
  }

  get isOpen(): boolean {
    return this.#rings !== undefined
  }

  /** @internal From now on the driver uses it. @param features those that it has accepted */
  open(layout: QueueLayout, features: bigint): void {
    this.close()
    this.#limits = {...this.#limits, hasIndirect: (features & VIRTIO_F_INDIRECT_DESC) !== 0n}
    this.#guarded(() => {
      const {size} = layout
      if (size < 1 || size > this.maxSize || (size & (size - 1)) !== 0)
        throw new BrokenRing(`a queue of ${size} descriptors`)
      this.#rings = new Rings(this.#options.memory, layout, (features & VIRTIO_F_EVENT_IDX) !== 0n)
    })
  }

  /** @internal Drops what is in flight. */
  close(): void {
    this.#rings = undefined
    this.#inFlight.clear()
    this.#taken = this.#used = 0
    this.#again = []
  }

  /** @internal Undefined while it is not open. */
  save(): SavedQueue | undefined {
    if (this.#living() === undefined) return undefined
    const heads = [...Array.from(this.#inFlight, ({head}) => head), ...this.#again]
    return {taken: this.#taken, used: this.#used, heads}
  }

  /** @internal Opens it where it was. What is wrong with it is reported as for the driver's queues. */
  restore({taken, used, heads}: SavedQueue, layout: QueueLayout, features: bigint): void {
    this.open(layout, features)
    this.#guarded(() => {
      if (((taken - used) & 0xffff) !== heads.length || heads.some((head) => head >= layout.size))
        throw new BrokenRing('its chains in flight do not fit its indexes')
    })
    if (this.#rings === undefined) return
    this.#taken = taken
    this.#used = used
    this.#again = [...heads]
  }

  /** @internal Whether the chain was taken from here, and neither given back nor dropped. */
  owns(chain: Chain): boolean {
    return this.#inFlight.has(chain) && this.#living() !== undefined
  }

  /** The driver's next chain; undefined when there is none: the driver is then asked to notify when there is one. */
  next(): Chain | undefined {
    const rings = this.#living()
    return rings === undefined ? undefined : this.#guarded(() => this.#take(rings))
  }

  /** @internal Gives a chain back; one that is not live is ignored. @param written bytes, from the first writable one on */
  complete(chain: Chain, written: number): void {
    this.completeAll([chain], () => written)
  }

  /** @internal Gives chains back in one step: the driver sees all of them or none, and is interrupted once. */
  completeAll(chains: readonly Chain[], writtenTo: (chain: Chain) => number): void {
    const rings = this.#living()
    if (rings === undefined) return
    const before = this.#used
    for (const chain of chains) {
      if (!this.#inFlight.delete(chain)) continue
      rings.handBack(this.#used, chain.head, writtenTo(chain))
      this.#used = (this.#used + 1) & 0xffff
    }
    if (this.#used === before) return
    rings.showUsed(this.#used)
    if (rings.wantsInterrupt(before, this.#used)) this.#options.onInterrupt()
  }

  #living(): Rings | undefined {
    if (this.#rings?.isGone) this.close()
    return this.#rings
  }

  #take(rings: Rings): Chain | undefined {
    const again = this.#again.shift()
    if (again === undefined && !this.#hasOffer(rings)) return undefined
    if (this.#inFlight.size >= rings.size) throw new BrokenRing('more chains than descriptors')
    const head = again ?? rings.headAt(this.#taken)
    const parts = walk(this.#options.memory, rings.descriptors, head, this.#limits)
    if (again === undefined) this.#taken = (this.#taken + 1) & 0xffff
    rings.suppressNotifications()
    const chain = new Chain(this, head, parts.readable, parts.writable)
    this.#inFlight.add(chain)
    return chain
  }

  /** @throws BrokenRing when there are more than the ring has room for */
  #hasOffer(rings: Rings): boolean {
    let waiting = (rings.offered - this.#taken) & 0xffff
    if (waiting === 0) {
      rings.askForNotification(this.#taken)
      waiting = (rings.offered - this.#taken) & 0xffff
    }
    if (waiting > rings.size) throw new BrokenRing(`${waiting} chains in a ring of ${rings.size}`)
    return waiting > 0
  }

  #guarded<T>(body: () => T): T | undefined {
    try {
      return body()
    } catch (error) {
      if (!(error instanceof BrokenRing)) throw error
      this.close()
      this.#options.onBroken(error.message)
      return undefined
    }
  }
}
