// ConsolePort: one port of a virtio console: a pair of queues on one side, Node streams on the other, with back-pressure both ways.

import type {Readable, Writable} from 'node:stream'
import type {Chain} from '../virtio/chain.ts'
import type {Queue} from '../virtio/queue.ts'
import {Turns} from '../virtio/turns.ts'

export interface PortStreams {
  /** What the guest reads. It is not touched until a driver is there and has opened the port. */
  readonly input?: Readable
  /** Takes what the guest writes. Once it is closed, that is dropped. */
  readonly output?: Writable
}

/** The most of a chain in one write. */
const PIECE_BYTES = 1 << 16

export class ConsolePort {
  readonly #input: Readable | undefined
  readonly #output: Writable | undefined
  readonly #onInputEnd: () => void
  readonly #toGuest = new Turns(() => this.#deliver())
  readonly #toHost = new Turns(() => this.#collect())
  #received!: Queue
  #sent!: Queue
  /** Bytes that were read, and have found no room. */
  #bytes: Uint8Array = new Uint8Array()
  #chain: Chain | undefined
  #isListening = false
  #isOpen = false
  /** The output has taken enough, and will say when it wants more. */
  #isFull = false

  /** @param onInputEnd called when no more will come for the guest */
  constructor({input, output}: PortStreams, onInputEnd: () => void) {
    this.#input = input
    this.#output = output
    this.#onInputEnd = onInputEnd
    output?.on('error', this.#onGone).on('close', this.#onGone).on('drain', this.#onDrain)
  }

  attach(received: Queue, sent: Queue): void {
    this.#received = received
    this.#sent = sent
  }

  get hasInputEnded(): boolean {
    const input = this.#input
    return input !== undefined && this.#bytes.length === 0 && (input.readableEnded || input.destroyed)
  }

  /** Whether the guest reads from it. */
  set isOpen(isOpen: boolean) {
    this.#isOpen = isOpen
    if (!isOpen) return
    this.#listen()
    this.#toGuest.wake()
  }

  /** The guest has made room for input. */
  onRoom(): void {
    this.#toGuest.wake()
  }

  /** The guest has written something. */
  onOutput(): void {
    this.#toHost.wake()
  }

  stop(): void {
    this.#isOpen = false
    this.#chain = undefined
    this.#toGuest.stop()
    this.#toHost.stop()
  }

  /** Detaches the streams: a terminal or a pipe no longer keeps the process alive. */
  close(): void {
    this.stop()
    this.#output?.off('error', this.#onGone).off('close', this.#onGone).off('drain', this.#onDrain)
    if (!this.#isListening) return
    for (const event of INPUT_EVENTS) this.#input?.off(event, this.#onInput)
    this.#input?.pause()
    ;(this.#input as {unref?: () => void}).unref?.()
  }

  #listen(): void {
    if (this.#isListening || this.#input === undefined) return
    this.#isListening = true
    for (const event of INPUT_EVENTS) this.#input.on(event, this.#onInput)
  }

  readonly #onInput = (): void => {
    this.#toGuest.wakeLater()
    if (this.hasInputEnded) this.#onInputEnd()
  }

  readonly #onDrain = (): void => {
    this.#isFull = false
    this.#toHost.wakeLater()
  }

  readonly #onGone = (): void => this.#onDrain()

  /** A step: delivers available input, as far as one chain has room for it. */
  #deliver(): number | undefined {
    if (!this.#isOpen || !this.#hasBytes()) return undefined
    const chain = this.#received.next()
    if (chain === undefined) return undefined
    const length = chain.put(this.#bytes)
    chain.complete()
    this.#bytes = this.#bytes.subarray(length)
    if (this.hasInputEnded) this.#onInputEnd()
    return length
  }

  #hasBytes(): boolean {
    if (this.#bytes.length > 0) return true
    const chunk: Uint8Array | string | null = this.#input?.read() ?? null
    if (chunk === null) return false
    this.#bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    return this.#bytes.length > 0
  }

  /** A step: takes a piece of what the guest writes. */
  #collect(): number | undefined {
    if (this.#isFull) return undefined
    if (!this.#chain?.isLive) this.#chain = this.#sent.next()
    const chain = this.#chain
    if (chain === undefined) return undefined
    const isTaken = this.#output?.writable === true
    const bytes = isTaken ? chain.take(PIECE_BYTES) : undefined
    if (bytes === undefined || chain.leftToTake === 0) chain.complete(0)
    if (bytes === undefined || bytes.length === 0) return 0
    if (!this.#output!.write(bytes)) this.#isFull = true
    return bytes.length
  }
}

const INPUT_EVENTS = ['readable', 'end', 'error', 'close'] as const
