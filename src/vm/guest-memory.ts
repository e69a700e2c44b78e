// GuestMemory: a VM's memory by guest physical address, every access checked.

import {HvError} from '../errors.ts'

/** A number below 2^53, or a register's value. */
export type GuestAddress = number | bigint

export class GuestMemory {
  /** Bytes: guest physical addresses from 0 to `size - 1` are memory. */
  readonly size: number
  readonly #buffer: ArrayBuffer

  /** @param buffer is detached when the VM is disposed */
  constructor(buffer: ArrayBuffer) {
    this.#buffer = buffer
    this.size = buffer.byteLength
  }

  /** A copy. @throws HvError MEMORY_RANGE, DISPOSED */
  read(address: GuestAddress, length: number): Uint8Array {
    return this.view(address, length).slice()
  }

  /** @throws HvError MEMORY_RANGE, DISPOSED; nothing was written then */
  write(address: GuestAddress, bytes: Uint8Array): void {
    this.view(address, bytes.byteLength).set(bytes)
  }

  /**
   * The memory itself: what the guest stores appears in it at once, also while it runs. It has length 0 once the VM is
   * disposed. @throws HvError MEMORY_RANGE, DISPOSED
   */
  view(address: GuestAddress, length: number): Uint8Array {
    if (this.#buffer.byteLength !== this.size) throw new HvError('DISPOSED', 'the VM is disposed')
    const start = Number(address)
    const isInside =
      Number.isSafeInteger(start) &&
      Number.isSafeInteger(length) &&
      start >= 0 &&
      length >= 0 &&
      start + length <= this.size
    if (isInside) return new Uint8Array(this.#buffer, start, length)
    throw new HvError(
      'MEMORY_RANGE',
      `${length} bytes at guest physical address ${describe(address)} are not all memory`,
      `the VM has 0x${this.size.toString(16)} bytes from address 0 on`,
    )
  }
}

function describe(address: GuestAddress): string {
  const isWhole = typeof address === 'bigint' || Number.isInteger(address)
  return isWhole && address >= 0 ? `0x${address.toString(16)}` : String(address)
}
