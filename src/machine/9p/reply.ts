// Reply: one message to a machine: its header, and its fields (FieldWriter).

import type {Timespec} from '../../abi/time.ts'
import type {ByteString} from '../../vfs/file.ts'
import {FieldWriter} from '../share/field-writer.ts'
import {HEADER_BYTES, RLERROR} from './messages.ts'

export class Reply extends FieldWriter {
  begin(type: number, tag: number): void {
    this.buffer[4] = type
    this.buffer.writeUInt16LE(tag, 5)
    this.at = HEADER_BYTES
  }

  /** The whole message, replacing what was begun. */
  error(tag: number, code: number): Uint8Array {
    this.begin(RLERROR, tag)
    this.uint32(code)
    return this.end()
  }

  time({seconds, nanoseconds}: Timespec): void {
    this.uint64(seconds)
    this.uint64(nanoseconds)
  }

  text(text: ByteString): void {
    this.uint16(text.length)
    this.latin1(text)
  }

  /** count[4] and that many bytes, as many as `write` returns. @param write like the argument of `fill` */
  counted(most: number, write: (target: Uint8Array) => number): void {
    const countAt = this.startCount()
    this.fill(most, write)
    this.endCount(countAt)
  }

  /** The same, where the fields that follow are counted. @returns the argument for endCount */
  startCount(): number {
    return this.take(4)
  }

  endCount(countAt: number): void {
    this.buffer.writeUInt32LE(this.at - countAt - 4, countAt)
  }
}
