// ProgramCore: receives the core of the first process in a machine that dumps one, as the machine's kernel sends it.

import type {Duplex} from 'node:stream'
import type {CoreSink} from '../../core/core-file.ts'
import {printable} from '../../errors.ts'
import {writtenRuns} from '../../vm/written-runs.ts'
import type {VirtioVsock} from '../devices/virtio-vsock.ts'
import {CORE_PORT, WHO_BYTES} from './order.ts'

const PAGE_BYTES = 4096

/** Where the core is kept. */
export interface KeptCore {
  readonly sink: CoreSink
  /** Reports it. @param finish throws what went wrong, by its `code` */
  take(who: string, finish: () => void): void
}

export class ProgramCore {
  readonly #kept: KeptCore
  #room: number
  #stream: Duplex | undefined
  #who: Buffer = Buffer.alloc(0)
  #length = 0
  #failure: unknown
  #isOver = false

  /**
   * Call it before the machine runs. All that comes is untrusted, even who sends it: any program there may connect; the first is heard.
   * @param mostBytes the most bytes that are not zero
   */
  constructor(vsock: VirtioVsock, kept: KeptCore, mostBytes: number) {
    this.#kept = kept
    this.#room = mostBytes
    const stop = vsock.listen(CORE_PORT, (stream) => {
      stop()
      this.#stream = stream
      stream.on('data', (bytes: Buffer) => this.#receive(bytes))
      stream.on('end', () => {
        this.#end(this.#length === 0 ? 'it is empty' : undefined)
        // The process waits for this, and then ends.
        stream.end()
      })
      stream.on('close', () => this.close())
    })
  }

  /** What has not come by now is lost. */
  close(): void {
    if (this.#stream !== undefined) this.#end('it ended early')
  }

  #receive(bytes: Buffer): void {
    const who = bytes.subarray(0, WHO_BYTES - this.#who.length)
    if (who.length > 0) this.#who = Buffer.concat([this.#who, who])
    if (this.#isOver) return
    try {
      this.#keep(bytes.subarray(who.length))
    } catch (error) {
      this.#failure = error
      this.#stream!.destroy()
      this.close()
    }
  }

  #keep(bytes: Buffer): void {
    for (const {offset, length} of writtenRuns(bytes, PAGE_BYTES)) {
      this.#room -= length
      if (this.#room < 0) throw failed('it is larger than the machine')
      this.#kept.sink.write(bytes.subarray(offset, offset + length), this.#length + offset)
    }
    this.#length += bytes.length
  }

  /** Acts once. */
  #end(missing: string | undefined): void {
    if (this.#isOver) return
    this.#isOver = true
    const [name] = this.#who.toString('latin1').split('\0')
    this.#kept.take(printable(name) || 'a process', () => {
      // The last bytes may be zeros.
      this.#kept.sink.setLength(this.#length)
      if (this.#failure !== undefined) throw this.#failure
      if (missing !== undefined) throw failed(missing)
    })
  }
}

const failed = (code: string): Error => Object.assign(new Error(code), {code})
