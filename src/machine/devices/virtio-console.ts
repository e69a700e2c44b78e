// VirtioConsole: a console on the machine's streams, Linux's hvc0 (virtio 1.2, 5.3): one port, which needs no feature.

import type {MachineInput, MachineOutput} from '../console/streams.ts'
import type {DeviceModel, Transport} from '../virtio/model.ts'
import type {Queue} from '../virtio/queue.ts'

const QUEUE_SIZE = 64
const TO_GUEST = 0
const MOST_CHAIN_BYTES = 1 << 16
/** The guest's bytes wait in its own memory while more than this is not handed over. */
const MOST_WAITING_BYTES = 1 << 16
/** Linux's driver gives room for input, and for a moment drops what comes. Then it sends, if anybody prints. */
const SILENT_MS = 1000

export class VirtioConsole implements DeviceModel {
  readonly name = 'the console device'
  readonly id = 3
  readonly features = 0n
  readonly queueSizes = [QUEUE_SIZE, QUEUE_SIZE]
  readonly maxChainBytes = MOST_CHAIN_BYTES
  /** Its fields have a meaning only with features. */
  readonly config = new Uint8Array(12)
  readonly #input: MachineInput
  readonly #output: MachineOutput
  #onReady = (): void => {}
  #takesInput = false
  #timer: NodeJS.Timeout | undefined

  /** Both are its own: it hears of their changes. */
  constructor(input: MachineInput, output: MachineOutput) {
    this.#input = input
    this.#output = output
  }

  attach({queues: [toGuest, toHost]}: Transport): void {
    this.#input.onChange(() => toGuest.turns.wakeLater())
    this.#output.onFlushed(() => toHost.turns.wakeLater())
    this.#onReady = () => {
      if (this.#takesInput) return
      this.#takesInput = true
      toGuest.turns.wakeLater()
    }
  }

  start(): void {
    this.#timer = setTimeout(this.#onReady, SILENT_MS)
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#takesInput = false
  }

  serve(queue: Queue, index: number): number | undefined {
    return index === TO_GUEST ? this.#receive(queue) : this.#send(queue)
  }

  #receive(queue: Queue): number | undefined {
    if (!this.#takesInput) return undefined
    // Not earlier: a kernel without a driver wants none.
    this.#input.start()
    const chain = this.#input.hasByte ? queue.next() : undefined
    if (chain === undefined) return undefined
    const written = chain.put(this.#input.takeMost(chain.writableBytes))
    chain.complete()
    return written
  }

  #send(queue: Queue): number | undefined {
    if (this.#output.length > MOST_WAITING_BYTES) return undefined
    const chain = queue.next()
    if (chain === undefined) return undefined
    const bytes = chain.take(chain.readableBytes)
    chain.complete()
    this.#onReady()
    this.#output.putAll(bytes)
    return bytes.length
  }
}
