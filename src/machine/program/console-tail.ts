// ConsoleTail: the end of a kernel's console output, to report why it did not run its program.

import {Readable} from 'node:stream'
import {MachineInput, MachineOutput} from '../console/streams.ts'

const MOST_BYTES = 1 << 14
const MOST_LINES = 4
/** Lines that say more than those after them: from hv's first process, and from the kernel when it gives up. */
const REASON = /^.*(hv-init: |Kernel panic).*$/gm

export class ConsoleTail {
  readonly input = new MachineInput(() => Readable.from([]))
  readonly output: MachineOutput
  #bytes: Buffer = Buffer.alloc(0)

  constructor() {
    this.output = new MachineOutput((bytes) => {
      this.#bytes = Buffer.concat([this.#bytes, bytes]).subarray(-MOST_BYTES)
      return bytes.length
    })
  }

  /** Its last lines; empty when there was no output. */
  get lines(): string {
    const lines = this.#bytes.toString('latin1').split('\n')
    return lines
      .map((line) => line.trim())
      .filter(Boolean)
      .slice(-MOST_LINES)
      .join(' / ')
  }

  /** The line that says most; empty when there was no output. */
  get reason(): string {
    const text = this.#bytes.toString('latin1')
    const [reason] = text.match(REASON)?.slice(-1) ?? text.trimEnd().split('\n').slice(-1)
    return reason.trim()
  }
}
