// GuestMemory: a VM's memory by guest physical address, every access checked.

import {HvError} from '../errors.ts'
import {bytes as aBytes, checked} from '../options.ts'
import type {NativeVm} from './addon.ts'

/**
 * A guest physical address: a number below 2^53, or a register's value.
 *
 * @example
 * const address = vcpu.registers.get(process.arch === 'arm64' ? 'pc' : 'rip')
 * console.log(vm.memory.read(address, 4).length) // 4
 */
export type GuestAddress = number | bigint

/**
 * A VM's memory by guest physical address; every access is checked.
 *
 * @example
 * vm.memory.write(0x3000, new TextEncoder().encode('hello'))
 * const view = vm.memory.view(0x3000, 5)
 * view[0] = 0x6a
 * vm.memory.publish(0x3000, 1) // for code alone
 * console.log(new TextDecoder().decode(vm.memory.read(0x3000, 5))) // jello
 */
export class GuestMemory {
  /** Guest physical addresses from `base` to `base + size - 1` are memory. */
  readonly base: number
  /** Bytes. */
  readonly size: number
  readonly #native: NativeVm
  readonly #buffer: ArrayBuffer

  /** @param native its memory is detached when the VM is disposed */
  constructor(native: NativeVm, base: number) {
    this.#native = native
    this.#buffer = native.memory
    this.base = base
    this.size = this.#buffer.byteLength
  }

  /** A copy. @throws HvError MEMORY_RANGE, DISPOSED */
  read(address: GuestAddress, length: number): Uint8Array {
    return this.view(address, length).slice()
  }

  /** Code may be among the bytes. @throws HvError MEMORY_RANGE, BAD_ARGUMENT, DISPOSED; nothing was written then */
  write(address: GuestAddress, bytes: Uint8Array): void {
    if (!(bytes instanceof Uint8Array)) checked(aBytes, bytes, 'bytes')
    this.view(address, bytes.byteLength).set(bytes)
    this.publish(address, bytes.byteLength)
  }

  /**
   * The memory itself: what the guest stores appears in it at once, also while it runs. It has length 0 once the VM is
   * disposed. Code that is stored through it is for {@link publish}. @throws HvError MEMORY_RANGE, DISPOSED
   */
  view(address: GuestAddress, length: number): Uint8Array {
    return new Uint8Array(this.#buffer, this.#offsetOf(address, length), length)
  }

  /** Shows the guest what was stored through a view, to instruction fetches too. @throws HvError MEMORY_RANGE, DISPOSED */
  publish(address: GuestAddress, length: number): void {
    this.#native.publish(this.#offsetOf(address, length), length)
  }

  #offsetOf(address: GuestAddress, length: number): number {
    if (this.#buffer.byteLength !== this.size) throw new HvError('DISPOSED', 'the VM is disposed')
    const offset = Number(address) - this.base
    const isInside =
      Number.isSafeInteger(offset) &&
      Number.isSafeInteger(length) &&
      offset >= 0 &&
      length >= 0 &&
      offset + length <= this.size
    if (isInside) return offset
    throw new HvError(
      'MEMORY_RANGE',
      `${length} bytes at guest physical address ${describe(address)} are not all memory`,
      `the VM has 0x${this.size.toString(16)} bytes from address ${describe(this.base)} on`,
    )
  }
}

function describe(address: GuestAddress): string {
  const isWhole = typeof address === 'bigint' || Number.isInteger(address)
  return isWhole && address >= 0 ? `0x${address.toString(16)}` : String(address)
}
