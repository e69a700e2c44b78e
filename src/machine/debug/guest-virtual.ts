// GuestVirtual: a vCPU's memory by the virtual addresses of its instructions, through the page tables that it uses now.

import {arch} from '../../arch/index.ts'
import {orUndefined} from '../../errors.ts'
import type {GuestMemory} from '../../vm/guest-memory.ts'
import type {RegisterName} from '../../vm/registers.ts'
import type {Vcpu} from '../../vm/vcpu.ts'
import {arm64Paging, bits, type Paging, type Place, walk, x86Paging} from './page-tables.ts'

const ENTRY_BYTES = 8
/** TGE and E2H: EL0 belongs to EL2. */
const HOST = (1n << 27n) | (1n << 34n)
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
    const paging = pagingOf(vcpu)
    const readEntry = (at: number): bigint | undefined => this.#entry(at)
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

  #entry(address: number): bigint | undefined {
    const bytes = this.#view(address, ENTRY_BYTES)
    return bytes && new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true)
  }

  /** Undefined when not all of it is memory. */
  #view(address: number, length: number): Uint8Array | undefined {
    return orUndefined(() => this.#memory.view(address, length))
  }
}

/** By the registers' present values, on arm64 those of the present exception level. Precondition: the vCPU is stopped. */
export function pagingOf(vcpu: Vcpu): Paging {
  const get = (name: string): bigint => vcpu.registers.get(name as RegisterName)
  if (arch.name === 'x86_64')
    return x86Paging({cr0: get('cr0'), cr3: get('cr3'), cr4: get('cr4'), efer: get('efer')})
  const el = isEl2(vcpu, get) ? 'el2' : 'el1'
  const [sctlr, tcr, ttbr0, ttbr1] = ['sctlr', 'tcr', 'ttbr0', 'ttbr1'].map((name) => get(`${name}_${el}`))
  return arm64Paging({sctlr, tcr, ttbr0, ttbr1})
}

function isEl2(vcpu: Vcpu, get: (name: string) => bigint): boolean {
  const level = bits(get('pstate'), 2n, 2n)
  if (level !== 0n) return level === 2n
  return 'hcr_el2' in vcpu.registers.getAll() && (get('hcr_el2') & HOST) === HOST
}
