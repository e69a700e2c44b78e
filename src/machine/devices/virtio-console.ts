// VirtioConsole: the console, and named ports beside it (virtio 1.2, 5.3).

import {HvError} from '../../errors.ts'
import type {DeviceModel, Transport} from '../virtio/model.ts'
import type {Queue} from '../virtio/queue.ts'
import {Turns} from '../virtio/turns.ts'
import {ConsolePort, type PortStreams} from './console-port.ts'

export interface NamedPort extends PortStreams {
  /** The guest finds it as /dev/virtio-ports/NAME. */
  readonly name: string
  /** Called when the guest has opened the port, or closed it. */
  onOpen?(isOpen: boolean): void
}

export interface TerminalSize {
  readonly columns: number
  readonly rows: number
}

export interface ConsoleOptions extends PortStreams {
  readonly size?: TerminalSize
  /** At most 30. */
  readonly ports?: readonly NamedPort[]
}

const F_SIZE = 1n << 0n
const F_MULTIPORT = 1n << 1n

const QUEUE_SIZE = 128
const CONTROL_TO_GUEST = 2
const CONTROL_TO_HOST = 3
const MAX_PORTS = 31

const CONTROL_BYTES = 8
const Event = {ready: 0, add: 1, portReady: 3, console: 4, resize: 5, open: 6, name: 7} as const
/** The order in which the guest is told of a port. */
const TO_GUEST = [Event.add, Event.console, Event.resize, Event.name, Event.open]

/** A port, and the events that the guest is to be told of: each is due at most once, so that no guest can pile them up. */
interface Port {
  readonly streams: ConsolePort
  readonly settings: Partial<NamedPort>
  readonly due: Set<number>
}

/**
 * Without named ports it is the plain device of two queues: the size is in the configuration, where all kernels look for it.
 * In messages, Linux before 6.15 swaps columns and rows.
 */
export class VirtioConsole implements DeviceModel {
  readonly name = 'the console'
  readonly id = 3
  readonly features: bigint
  readonly queueSizes: readonly number[]
  readonly maxChainBytes = 2 ** 32 - 1
  readonly config = new Uint8Array(8)
  readonly #ports: readonly Port[]
  readonly #toGuest = new Turns(() => this.#tell())
  readonly #toHost = new Turns(() => this.#hear())
  /** Undefined until the device has one. */
  #transport: Transport | undefined
  #hasMultiport = false

  /** @throws HvError BAD_ARGUMENT */
  constructor({size, ports = [], ...console}: ConsoleOptions) {
    const all = [console, ...ports]
    if (all.length > MAX_PORTS)
      throw new HvError('BAD_ARGUMENT', `a console has at most ${MAX_PORTS - 1} named ports`)
    this.#ports = all.map((settings, id) => {
      const streams = new ConsolePort(settings, () => this.#announce(id, Event.open))
      return {streams, settings, due: new Set()}
    })
    const hasNames = all.length > 1
    this.features = (size === undefined ? 0n : F_SIZE) | (hasNames ? F_MULTIPORT : 0n)
    this.queueSizes = Array(hasNames ? 2 + 2 * all.length : 2).fill(QUEUE_SIZE)
    new DataView(this.config.buffer).setUint32(4, all.length, true)
    this.#setSize(size)
  }

  /** Called when the console's window has a new size. */
  resize(size: TerminalSize): void {
    this.#setSize(size)
    this.#transport?.configChanged()
    this.#announce(0, Event.resize)
  }

  /** Detaches the streams; the device cannot be used afterwards. */
  close(): void {
    for (const {streams} of this.#ports) streams.close()
  }

  attach(transport: Transport): void {
    this.#transport = transport
    const {queues} = transport
    for (const [id, {streams}] of this.#ports.entries())
      streams.attach(queues[queueOf(id)], queues[queueOf(id) + 1])
  }

  start(features: bigint): void {
    this.#hasMultiport = (features & F_MULTIPORT) !== 0n
    // With several ports, the guest opens it by message.
    if (!this.#hasMultiport) this.#ports[0].streams.isOpen = true
  }

  notify(queue: number): void {
    if (queue === CONTROL_TO_GUEST) this.#toGuest.wake()
    else if (queue === CONTROL_TO_HOST) this.#toHost.wake()
    else if (queue % 2 === 0) this.#ports[portOf(queue)].streams.onRoom()
    else this.#ports[portOf(queue)].streams.onOutput()
  }

  stop(): void {
    this.#hasMultiport = false
    this.#toGuest.stop()
    this.#toHost.stop()
    for (const {streams, due} of this.#ports) {
      streams.stop()
      due.clear()
    }
  }

  get #ofConsole(): readonly number[] {
    return (this.features & F_SIZE) !== 0n ? [Event.console, Event.resize] : [Event.console]
  }

  #setSize({columns, rows}: TerminalSize = {columns: 0, rows: 0}): void {
    const config = new DataView(this.config.buffer)
    config.setUint16(0, columns, true)
    config.setUint16(2, rows, true)
  }

  #announce(id: number, ...events: readonly number[]): void {
    if (!this.#hasMultiport) return
    for (const event of events) this.#ports[id].due.add(event)
    this.#toGuest.wakeLater()
  }

  /** A step: one message to the guest. */
  #tell(): number | undefined {
    const id = this.#ports.findIndex(({due}) => due.size > 0)
    if (id < 0 || !this.#hasMultiport) return undefined
    const chain = this.#transport?.queues[CONTROL_TO_GUEST].next()
    if (chain === undefined) return undefined
    const {due} = this.#ports[id]
    const event = TO_GUEST.find((one) => due.has(one))!
    due.delete(event)
    const length = chain.put(this.#message(id, event))
    chain.complete()
    return length
  }

  #message(id: number, event: number): Uint8Array {
    const {settings, streams} = this.#ports[id]
    const name = event === Event.name ? Buffer.from(settings.name ?? '') : []
    const size = event === Event.resize ? this.config.subarray(0, 4) : []
    const message = Buffer.concat([new Uint8Array(CONTROL_BYTES), Uint8Array.from([...size, ...name])])
    message.writeUInt32LE(id, 0)
    message.writeUInt16LE(event, 4)
    message.writeUInt16LE(event === Event.open && id > 0 && streams.hasInputEnded ? 0 : 1, 6)
    return message
  }

  /** A step: one message from the guest. */
  #hear(): number | undefined {
    const chain = (this.#transport?.queues[CONTROL_TO_HOST] as Queue | undefined)?.next()
    if (chain === undefined) return undefined
    const bytes = Buffer.from(chain.take(CONTROL_BYTES))
    chain.complete(0)
    if (bytes.length === CONTROL_BYTES && this.#hasMultiport)
      this.#obey(bytes.readUInt32LE(0), bytes.readUInt16LE(4), bytes.readUInt16LE(6))
    return bytes.length
  }

  #obey(id: number, event: number, value: number): void {
    if (event === Event.ready && value === 1) {
      for (const port of this.#ports.keys()) this.#announce(port, Event.add)
      return
    }
    const port = this.#ports[id] as Port | undefined
    if (port === undefined) return
    if (event === Event.portReady && value === 1) {
      this.#announce(id, ...(id === 0 ? this.#ofConsole : [Event.name]), Event.open)
    } else if (event === Event.open) {
      port.streams.isOpen = value !== 0
      port.settings.onOpen?.(value !== 0)
    }
  }
}

/** The port's first queue, which leads to the guest; the next one leads to the host. */
const queueOf = (port: number): number => (port === 0 ? 0 : 2 + 2 * port)
const portOf = (queue: number): number => (queue < 2 ? 0 : (queue >> 1) - 1)
