// Reply: one answer to a machine's kernel: its header, and its fields (FieldWriter).

import {FieldWriter} from '../share/field-writer.ts'
import {OUT_HEADER_BYTES, OUT_UNIQUE} from './messages.ts'

export class Reply extends FieldWriter {
  /** @param unique the request's */
  begin(unique: Uint8Array, error = 0): void {
    this.buffer.writeInt32LE(-error, 4)
    this.buffer.set(unique, OUT_UNIQUE)
    this.at = OUT_HEADER_BYTES
  }

  /** The whole answer, replacing what was begun. @param code an Errno's */
  error(unique: Uint8Array, code: number): Uint8Array {
    this.begin(unique, code)
    return this.end()
  }

  zeroes(count: number): void {
    const at = this.take(count)
    this.buffer.fill(0, at, at + count)
  }
}
