// VsockConnection: one stream between a host port and a guest port: its state, and credit in both directions.

import {Duplex} from 'node:stream'
import {ByteQueue} from './byte-queue.ts'
import {BOTH, NO_RECEIVE, NO_SEND, Op} from './vsock-packet.ts'

/** How far the guest may send ahead of the stream's reader. */
export const BUFFER_BYTES = 1 << 18
/** The most of one packet; Linux takes no more. */
const MOST_PAYLOAD = 1 << 16
/** As long as Linux waits for the other side to agree that the connection is over. */
const CLOSING_MS = 8000

/** What a connection needs of its device. */
export interface ConnectionOwner {
  /** The connection may have a packet for the guest. */
  wake(connection: VsockConnection): void
  /** The connection is over; `withReset` if the guest does not know. */
  forget(connection: VsockConnection, withReset: boolean): void
}

export interface Packet {
  readonly op: number
  readonly flags: number
  readonly payload: Uint8Array
}

type State = 'asking' | 'asked' | 'open' | 'closing' | 'over'

const NONE = new Uint8Array()
/** In this order, and before data. */
const CONTROL = [Op.request, Op.response, Op.creditUpdate, Op.creditRequest]

export class VsockConnection {
  readonly hostPort: number
  readonly guestPort: number
  readonly stream: Duplex
  /** Bytes that the stream has taken, modulo 2^32. */
  forwarded = 0
  readonly #owner: ConnectionOwner
  #state: State
  readonly #due = new Set<number>()
  readonly #received = new ByteQueue()
  #forwardedTold = 0
  #isWanted = false
  #guestShut = 0
  #sent = 0
  #guestBuffer = 0
  #guestForwarded = 0
  #hasAskedForCredit = false
  #outgoing: Uint8Array = NONE
  #onSent: ((error?: Error) => void) | undefined
  /** The host has sent everything. */
  #isFinished = false
  #closing: NodeJS.Timeout | undefined

  /** @param isOurs true: the host asks and the guest answers; false: the guest has asked and the host has agreed */
  constructor(owner: ConnectionOwner, hostPort: number, guestPort: number, isOurs: boolean) {
    this.#owner = owner
    this.hostPort = hostPort
    this.guestPort = guestPort
    this.#state = isOurs ? 'asking' : 'open'
    this.#due.add(isOurs ? Op.request : Op.response)
    this.stream = new Duplex({
      // One piece: what waits, waits in `#received`, which small packets do not make large.
      readableHighWaterMark: 1,
      writableHighWaterMark: MOST_PAYLOAD,
      read: () => this.#read(),
      write: (chunk, _encoding, done) => this.#write(chunk, done),
      final: (done) => this.#finish(done),
      destroy: (error, done) => this.#destroy(error, done),
    })
    // A guest that resets a stream must not crash a process that has no error handler.
    this.stream.on('error', () => {})
  }

  /** The guest has not heard of it. */
  get isUnknown(): boolean {
    return this.#state === 'asking'
  }

  /** The device has lost its driver. */
  abort(): void {
    this.#end()
    this.stream.destroy(failure('ECONNRESET', 'the guest has reset its vsock device'))
  }

  /** Called with what each packet from the guest says of its buffer. */
  setCredit(bufferBytes: number, forwarded: number): void {
    this.#guestBuffer = bufferBytes
    this.#guestForwarded = forwarded
    if (this.#credit > 0) this.#hasAskedForCredit = false
    if (this.#outgoing.length > 0) this.#owner.wake(this)
  }

  /** Handles a packet from the guest other than a reset. */
  receive(op: number, flags: number, payload: Uint8Array): void {
    // It ended in setCredit, in a listener of the stream.
    if (this.#state === 'over') return
    if (this.#state === 'asked' && op === Op.response) this.#open()
    else if (this.#state === 'closing') this.#receiveClosing(op, flags)
    else if (this.#state !== 'open') this.#fail('the guest broke the protocol')
    else if (op === Op.data) this.#receiveData(payload)
    else if (op === Op.shutdown) this.#receiveShutdown(flags)
    else if (op === Op.creditRequest) this.#tell(Op.creditUpdate)
    else if (op !== Op.creditUpdate) this.#fail('the guest broke the protocol')
  }

  receiveReset(): void {
    const isRefused = this.#state === 'asked'
    const isDone = this.#isFinished && (this.#guestShut & NO_SEND) !== 0
    this.#end()
    this.#owner.forget(this, false)
    if (isRefused) this.stream.destroy(failure('ECONNREFUSED', `nobody listens on port ${this.guestPort}`))
    else if (!isDone) this.stream.destroy(failure('ECONNRESET', 'the guest has reset the connection'))
  }

  get hasPacket(): boolean {
    return this.#due.size > 0 || (this.#state === 'open' && this.#outgoing.length > 0 && this.#credit > 0)
  }

  /** @param room for a payload; undefined when there is nothing to send without one */
  nextPacket(room: number): Packet | undefined {
    const op =
      CONTROL.find((one) => this.#due.has(one)) ?? (this.#outgoing.length > 0 ? Op.data : Op.shutdown)
    if (op === Op.data) return this.#nextData(room)
    this.#due.delete(op)
    if (op === Op.request) this.#state = 'asked'
    this.#forwardedTold = this.forwarded
    const flags = op !== Op.shutdown ? 0 : this.#state === 'closing' ? BOTH : NO_SEND
    return {op, flags, payload: NONE}
  }

  get #credit(): number {
    return Math.max(0, this.#guestBuffer - ((this.#sent - this.#guestForwarded) >>> 0))
  }

  #nextData(room: number): Packet | undefined {
    const length = Math.min(room, MOST_PAYLOAD, this.#credit, this.#outgoing.length)
    if (length <= 0) return undefined
    const payload = this.#outgoing.subarray(0, length)
    this.#outgoing = this.#outgoing.subarray(length)
    this.#sent = (this.#sent + length) >>> 0
    this.#forwardedTold = this.forwarded
    if (this.#outgoing.length === 0) this.#settle()
    else this.#askForCredit()
    return {op: Op.data, flags: 0, payload}
  }

  #open(): void {
    this.#state = 'open'
    // What ends in a listener is told there.
    const isFinished = this.#isFinished
    this.stream.emit('connect')
    this.#askForCredit()
    if (isFinished) this.#tell(Op.shutdown)
  }

  #receiveData(payload: Uint8Array): void {
    if ((this.#guestShut & NO_SEND) !== 0 || this.#received.length + payload.length > BUFFER_BYTES) {
      this.#fail('the guest sent more than it may')
      return
    }
    this.#received.append(payload)
    this.#feed()
  }

  #receiveShutdown(flags: number): void {
    this.#guestShut |= flags & BOTH
    if ((this.#guestShut & NO_RECEIVE) !== 0) this.#settle(failure('EPIPE', 'the guest receives no more'))
    if (this.#guestShut === BOTH) {
      this.#end()
      this.#owner.forget(this, true)
      if (this.stream.readableEnded) this.stream.end()
      else this.stream.once('end', () => this.stream.end())
    }
    this.#feed()
  }

  /** Its stream is gone; the guest may still read what was sent. */
  #receiveClosing(op: number, flags: number): void {
    this.#guestShut |= op === Op.shutdown ? flags & BOTH : 0
    if (op !== Op.data && this.#guestShut !== BOTH) return
    this.#end()
    this.#owner.forget(this, true)
  }

  #fail(reason: string): void {
    this.#end()
    this.#owner.forget(this, true)
    this.stream.destroy(failure('EPROTO', reason))
  }

  #end(): void {
    this.#state = 'over'
    this.#due.clear()
    clearTimeout(this.#closing)
  }

  #tell(op: number): void {
    if (this.#state === 'over') return
    this.#due.add(op)
    this.#owner.wake(this)
  }

  #askForCredit(): void {
    if (this.#outgoing.length === 0) return
    if (this.#credit === 0 && !this.#hasAskedForCredit) {
      this.#hasAskedForCredit = true
      this.#tell(Op.creditRequest)
    } else this.#owner.wake(this)
  }

  #read(): void {
    this.#isWanted = true
    this.#feed()
  }

  #feed(): void {
    if (!this.#isWanted || this.stream.destroyed) return
    if (this.#received.length > 0) {
      this.#isWanted = false
      const bytes = this.#received.take()
      this.forwarded = (this.forwarded + bytes.length) >>> 0
      // The guest may have only half a buffer left, as far as it knows.
      if ((this.forwarded - this.#forwardedTold) >>> 0 >= BUFFER_BYTES / 2) this.#tell(Op.creditUpdate)
      this.stream.push(bytes)
    } else if ((this.#guestShut & NO_SEND) !== 0) {
      this.#isWanted = false
      this.stream.push(null)
    }
  }

  #write(chunk: Uint8Array, done: (error?: Error | null) => void): void {
    if (this.#state === 'over' || (this.#guestShut & NO_RECEIVE) !== 0) {
      done(failure('EPIPE', 'the guest receives no more'))
      return
    }
    this.#outgoing = chunk
    this.#onSent = done
    if (chunk.length === 0) this.#settle()
    else if (this.#state === 'open') this.#askForCredit()
  }

  #settle(error?: Error): void {
    const onSent = this.#onSent
    this.#outgoing = NONE
    this.#onSent = undefined
    onSent?.(error)
  }

  #finish(done: () => void): void {
    this.#isFinished = true
    if (this.#state === 'open') this.#tell(Op.shutdown)
    done()
  }

  #destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#received.clear()
    this.#outgoing = NONE
    if (this.#state === 'open' && this.#isFinished) this.#beginClosing()
    else if (this.#state !== 'over') {
      const isKnown = !this.isUnknown
      this.#end()
      this.#owner.forget(this, isKnown)
    }
    done(error)
  }

  /** The guest ends it with a reset when it has read what was sent (Linux: virtio_transport_close). */
  #beginClosing(): void {
    this.#state = 'closing'
    this.#closing = setTimeout(() => this.#fail('the guest did not end the connection'), CLOSING_MS)
    this.#closing.unref()
    this.#tell(Op.shutdown)
  }
}

const failure = (code: string, message: string): Error => Object.assign(new Error(message), {code})
