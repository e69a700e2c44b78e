// Translates a vCPU's virtual addresses by its registers and its VM's memory.

import {arch} from '../../arch/index.ts'
import {orUndefined} from '../../errors.ts'
import type {GuestMemory} from '../guest-memory.ts'
import type {RegisterName, Registers} from '../registers.ts'
import {arm64Paging} from './arm64-paging.ts'
import {bits, type Paging, type ReadEntry} from './page-tables.ts'
import {x86Paging} from './x86-paging.ts'

/** TGE and E2H: EL0 belongs to EL2. */
const HOST = (1n << 27n) | (1n << 34n)

/** By the registers' present values, on arm64 those of the present exception level. Precondition: the vCPU is stopped. */
export function pagingOf(registers: Registers): Paging {
  const get = (name: string): bigint => registers.get(name as RegisterName)
  if (arch.name === 'x86_64')
    return x86Paging({cr0: get('cr0'), cr3: get('cr3'), cr4: get('cr4'), efer: get('efer')})
  const el = isEl2(registers, get) ? 'el2' : 'el1'
  const [sctlr, tcr, ttbr0, ttbr1] = ['sctlr', 'tcr', 'ttbr0', 'ttbr1'].map((name) => get(`${name}_${el}`))
  return arm64Paging({sctlr, tcr, ttbr0, ttbr1})
}

/** Reads page tables' entries. */
export const entriesOf =
  (memory: Pick<GuestMemory, 'view'>): ReadEntry =>
  (address, length) => {
    const bytes = orUndefined(() => memory.view(address, length))
    if (bytes === undefined) return undefined
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    return length === 8 ? view.getBigUint64(0, true) : BigInt(view.getUint32(0, true))
  }

function isEl2(registers: Registers, get: (name: string) => bigint): boolean {
  const level = bits(get('pstate'), 2, 2)
  if (level !== 0n) return level === 2n
  return 'hcr_el2' in registers.getAll() && (get('hcr_el2') & HOST) === HOST
}
