// GuestVirtual: a vCPU's memory by the virtual addresses of its instructions, through the page tables that it uses now.

import {orUndefined} from '../../errors.ts'
import type {GuestMemory} from '../../vm/guest-memory.ts'
import {type Translation, walk} from '../../vm/paging/page-tables.ts'
import {entriesOf, pagingOf} from '../../vm/paging/translate.ts'
import type {Vcpu} from '../../vm/vcpu.ts'

type Place = Pick<Translation, 'address' | 'length'>

const ADDRESS_END = 2n ** 64n

export class GuestVirtual {
  readonly #memory: GuestMemory

  constructor(memory: GuestMemory) {
    this.#memory = memory
  }

  /** Reads as much as it can, from the beginning. Precondition: the vCPU is stopped. */
  read(vcpu: Vcpu, address: bigint, length: number): Uint8Array {
    const pieces: Uint8Array[] = []
    for (const {address: at, length: piece} of this.#pieces(vcpu, address, length)) {
      const bytes = this.#view(at, piece)
      if (bytes === undefined) break
      pieces.push(bytes)
    }
    return Buffer.concat(pieces)
  }

  /** Ignores whether the page tables allow writing. @returns true when all was written, false when nothing was */
  write(vcpu: Vcpu, address: bigint, bytes: Uint8Array): boolean {
    const pieces = [...this.#pieces(vcpu, address, bytes.length)]
    const found = pieces.reduce((sum, {length}) => sum + length, 0)
    if (found < bytes.length || pieces.some((each) => this.#view(each.address, each.length) === undefined))
      return false
    let at = 0
    for (const piece of pieces) {
      this.#memory.write(piece.address, bytes.subarray(at, at + piece.length))
      at += piece.length
    }
    return true
  }

  /** The guest physical address of bytes within one page; undefined when they are not in memory, or cross a page. */
  find(vcpu: Vcpu, address: bigint, length: number): number | undefined {
    const [piece] = this.#pieces(vcpu, address, length)
    if (piece === undefined || piece.length < length) return undefined
    return this.#view(piece.address, length) && piece.address
  }

  *#pieces(vcpu: Vcpu, address: bigint, length: number): Iterable<Place> {
    const paging = pagingOf(vcpu.registers)
    const readEntry = entriesOf(this.#memory)
    let next = address
    let left = Math.min(length, Number(ADDRESS_END - address))
    while (left > 0) {
      const place = walk(paging, next, readEntry)
      if (place === undefined) return
      const piece = Math.min(left, place.length)
      yield {address: place.address, length: piece}
      next += BigInt(piece)
      left -= piece
    }
  }

  /** Undefined when not all of it is memory. */
  #view(address: number, length: number): Uint8Array | undefined {
    return orUndefined(() => this.#memory.view(address, length))
  }
}
