// Frames: messages between a sandbox's owner and its process, on a stream socket: two lengths, a message in JSON, and bytes.
//
// A hostile guest would break into the process, so what comes from it is bounded, and JSON makes nothing but plain values.

import {readSync, writeSync} from 'node:fs'
import {HvError} from '../../errors.ts'

/** Of one message of the process: its owner parses it at once. A batch of events is the longest. */
const MAX_MESSAGE_BYTES = 1 << 22
const MAX_BYTES = 1 << 20
const HEADER_BYTES = 8
const NO_BYTES = new Uint8Array(0)

export interface Frame {
  message: unknown
  bytes: Uint8Array<ArrayBuffer>
}

export function encodeFrame(message: {kind: string}, bytes: Uint8Array = NO_BYTES): Buffer {
  const text = Buffer.from(JSON.stringify(message))
  const frame = Buffer.allocUnsafe(HEADER_BYTES + text.length + bytes.length)
  frame.writeUInt32LE(text.length, 0)
  frame.writeUInt32LE(bytes.length, 4)
  text.copy(frame, HEADER_BYTES)
  frame.set(bytes, HEADER_BYTES + text.length)
  return frame
}

/** Puts frames together from what a socket gives. */
export class FrameReader {
  readonly #chunks: Buffer[] = []
  #length = 0

  /** @throws HvError SANDBOX_FAILED: that is no frame */
  push(chunk: Buffer): Frame[] {
    const frames: Frame[] = []
    this.#chunks.push(chunk)
    this.#length += chunk.length
    while (this.#length >= HEADER_BYTES) {
      const header = this.#first(HEADER_BYTES)
      const [messageBytes, moreBytes] = lengthsOf(header)
      if (messageBytes > MAX_MESSAGE_BYTES || moreBytes > MAX_BYTES) throw nonsense()
      const whole = HEADER_BYTES + messageBytes + moreBytes
      if (this.#length < whole) break
      const all = this.#first(whole)
      this.#drop(whole)
      const {message, bytes} = frameOf(all.subarray(HEADER_BYTES, whole), messageBytes)
      // A view would keep the whole chunk alive.
      frames.push({message, bytes: new Uint8Array(bytes)})
    }
    return frames
  }

  /** In one piece, joined no more often than necessary. */
  #first(length: number): Buffer {
    const [first] = this.#chunks
    if (first.length >= length) return first
    const joined = Buffer.concat(this.#chunks)
    this.#chunks.splice(0, this.#chunks.length, joined)
    return joined
  }

  #drop(length: number): void {
    const [first] = this.#chunks
    this.#length -= length
    if (first.length === length) this.#chunks.shift()
    else this.#chunks[0] = first.subarray(length)
  }
}

/** Waits for the owner's next frame, which is trusted. @returns undefined: the other end is closed. @throws Error of node:fs */
export function readFrame(fd: number): Frame | undefined {
  const header = readWhole(fd, HEADER_BYTES)
  if (header === undefined) return undefined
  const [messageBytes, moreBytes] = lengthsOf(header)
  const rest = readWhole(fd, messageBytes + moreBytes)
  return rest && frameOf(rest, messageBytes)
}

/** Waits until all of it is written. @throws Error of node:fs: EPIPE */
export function writeFrame(fd: number, message: {kind: string}, bytes?: Uint8Array): void {
  const frame = encodeFrame(message, bytes)
  for (let done = 0; done < frame.length; ) done += writeSync(fd, frame, done)
}

function readWhole(fd: number, length: number): Buffer | undefined {
  const buffer = Buffer.allocUnsafeSlow(length)
  for (let done = 0; done < length; ) {
    const count = readSync(fd, buffer, done, length - done, null)
    if (count === 0) return undefined
    done += count
  }
  return buffer
}

function lengthsOf(header: Buffer): [messageBytes: number, moreBytes: number] {
  return [header.readUInt32LE(0), header.readUInt32LE(4)]
}

function frameOf(rest: Buffer, messageBytes: number): Frame {
  let message: unknown
  try {
    message = JSON.parse(rest.toString('utf8', 0, messageBytes))
  } catch {
    throw nonsense()
  }
  const {buffer, byteOffset, length} = rest
  return {
    message,
    bytes: new Uint8Array(buffer as ArrayBuffer, byteOffset + messageBytes, length - messageBytes),
  }
}

/** Stuck in a guest's call, or in what it has to free. */
export const stuck = (): HvError => failure('it did not stop its guest in time')

export const nonsense = (): HvError => failure('what its process says makes no sense')

export function failure(what: string, cause?: Error): HvError {
  return new HvError('SANDBOX_FAILED', `the sandbox failed: ${what}`, 'make a new one', cause && {cause})
}
