// ConsoleTail: the end of what a kernel says on its console, for when it does not run the program that it is there for.

import {Readable} from 'node:stream'
import {MachineInput, MachineOutput} from '../streams.ts'

const MOST_BYTES = 1 << 14
/** What tells more than what may follow it: hv's first process, and the kernel when it gives up. */
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

  /** The line that says most; empty: it said nothing. */
  get reason(): string {
    const text = this.#bytes.toString('latin1')
    const [reason] = text.match(REASON)?.slice(-1) ?? text.trimEnd().split('\n').slice(-1)
    return reason.trim()
  }
}
