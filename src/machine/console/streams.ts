// The machine's standard streams: bytes from a readable stream, bytes to a host descriptor.

import {writeSync} from 'node:fs'
import type {Readable} from 'node:stream'
import {setTimeout as sleep} from 'node:timers/promises'
import {HvError} from '../../errors.ts'

/** How long to wait before writing to a full pipe again. */
const RETRY_MS = 1

export class MachineInput {
  readonly #open: () => Readable
  #stream: Readable | undefined
  #bytes: Uint8Array = new Uint8Array()
  #at = 0
  readonly #onChange = (): void => {
    this.#wake?.()
    this.#listener()
  }
  #listener: () => void = () => {}
  #wake: (() => void) | undefined

  /** @param open called when the guest first wants input */
  constructor(open: () => Readable) {
    this.#open = open
  }

  /** Calls `listener` when there is a byte, or the end is reached. */
  onChange(listener: () => void): void {
    this.#listener = listener
  }

  start(): void {
    if (this.#stream !== undefined) return
    this.#stream = this.#open()
    for (const event of ['readable', 'end', 'error', 'close']) this.#stream.on(event, this.#onChange)
  }

  get hasByte(): boolean {
    if (this.#at < this.#bytes.length) return true
    const chunk: Uint8Array | string | null = this.#stream?.read() ?? null
    if (chunk === null) return false
    this.#bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    this.#at = 0
    return this.#bytes.length > 0
  }

  /** Nothing more will come. */
  get hasEnded(): boolean {
    if (this.hasByte || this.#stream === undefined) return false
    return this.#stream.readableEnded || this.#stream.destroyed
  }

  take(): number | undefined {
    return this.hasByte ? this.#bytes[this.#at++] : undefined
  }

  /** As many as there are at once, and `most` at most. */
  takeMost(most: number): Uint8Array {
    if (!this.hasByte) return new Uint8Array()
    const bytes = this.#bytes.subarray(this.#at, this.#at + most)
    this.#at += bytes.length
    return bytes
  }

  /** Waits until there is a byte or the end, at most `timeoutMs`. */
  async wait(timeoutMs: number): Promise<void> {
    if (this.hasByte || this.hasEnded) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#wake = undefined
  }

  /** Detaches the stream: a terminal or a pipe no longer keeps the process alive. */
  close(): void {
    const stream = this.#stream as (Readable & {unref?: () => void}) | undefined
    if (stream === undefined) return
    for (const event of ['readable', 'end', 'error', 'close']) stream.off(event, this.#onChange)
    stream.pause()
    stream.unref?.()
  }
}

export class MachineOutput {
  readonly #write: (bytes: Uint8Array) => number
  #bytes: number[] = []
  #isHurried = false
  #listener: () => void = () => {}
  #onFlushed: () => void = () => {}

  /** @param write returns how many bytes it took; throws the errors of write(2) */
  constructor(write: (bytes: Uint8Array) => number) {
    this.#write = write
  }

  static toDescriptor(fd: number): MachineOutput {
    return new MachineOutput((bytes) => writeSync(fd, bytes))
  }

  put(byte: number): void {
    this.#bytes.push(byte)
    this.#listener()
  }

  putAll(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    for (const byte of bytes) this.#bytes.push(byte)
    this.#listener()
  }

  /** Calls `listener` when all that was put before a flush is handed over. */
  onFlushed(listener: () => void): void {
    this.#onFlushed = listener
  }

  /** Calls `listener` after each byte, or bytes, that are put. */
  onPut(listener: () => void): void {
    this.#listener = listener
  }

  /** Bytes that were put, but not handed over yet. */
  get length(): number {
    return this.#bytes.length
  }

  /** Waits for no reader any more: bytes that a reader has no room for are lost. */
  hurry(): void {
    this.#isHurried = true
  }

  /** Hands over what was put. @throws the error of write(2), except EAGAIN */
  async flush(): Promise<void> {
    let bytes = Uint8Array.from(this.#bytes)
    this.#bytes = []
    while (bytes.length > 0) {
      try {
        bytes = bytes.subarray(this.#write(bytes))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
        if (this.#isHurried) return
        await sleep(RETRY_MS)
      }
    }
    this.#onFlushed()
  }

  /** Hands over what was put. @returns false when nothing reads it any more, which is no error @throws HvError HOST_SYSCALL */
  async isTaken(): Promise<boolean> {
    try {
      await this.flush()
      return true
    } catch (cause) {
      const {code, message} = cause as NodeJS.ErrnoException
      if (code === 'EPIPE') return false
      throw new HvError('HOST_SYSCALL', `the guest's output cannot be written: ${message}`, '', {cause})
    }
  }
}
