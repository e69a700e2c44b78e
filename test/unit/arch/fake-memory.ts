// Guest memory that tests can look into: one range.

import {EFAULT, Errno} from '../../../src/abi/errno.ts'

/** Guest memory [base, base + size); everything else faults. */
export class FakeMemory {
  readonly base: number
  readonly bytes: Uint8Array

  constructor(base: number, size: number) {
    this.base = base
    this.bytes = new Uint8Array(size)
  }

  readBytes(address: number, length: number): Uint8Array {
    return this.#at(address, length).slice()
  }
  writeBytes(address: number, bytes: Uint8Array): void {
    this.#at(address, bytes.length).set(bytes)
  }
  view(address: number, length: number): DataView {
    const bytes = this.#at(address, length)
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  #at(address: number, length: number): Uint8Array {
    const offset = address - this.base
    if (!(offset >= 0 && offset + length <= this.bytes.length)) throw new Errno(EFAULT)
    return this.bytes.subarray(offset, offset + length)
  }
}
