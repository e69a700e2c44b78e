// dynamicSymbol: finds a symbol of a shared object whose addresses are its file offsets, as a vDSO's are.

import {E_PHNUM, E_PHOFF, P_VADDR, PHDR_SIZE, PT_DYNAMIC} from '../abi/elf.ts'

// The dynamic section and the symbol table: man 5 elf.
const DT_NULL = 0
const DT_HASH = 4
const DT_STRTAB = 5
const DT_SYMTAB = 6
const DYN_SIZE = 16
const SYM_SIZE = 24
const ST_VALUE = 8

/** @returns the symbol's offset; undefined when the object does not define it */
export function dynamicSymbol(image: Uint8Array, name: string): number | undefined {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength)
  const uint64 = (offset: number): number => Number(view.getBigUint64(offset, true))
  const dynamic = readDynamic(view, uint64)
  // The hash table counts the symbols: nbucket, nchain.
  const count = view.getUint32(dynamic.get(DT_HASH)! + 4, true)
  for (let index = 1; index < count; index++) {
    const symbol = dynamic.get(DT_SYMTAB)! + index * SYM_SIZE
    if (stringAt(image, dynamic.get(DT_STRTAB)! + view.getUint32(symbol, true)) === name) {
      return uint64(symbol + ST_VALUE)
    }
  }
  return undefined
}

/** By tag. */
function readDynamic(view: DataView, uint64: (offset: number) => number): ReadonlyMap<number, number> {
  const headers = uint64(E_PHOFF)
  const entries = new Map<number, number>()
  for (let index = 0; index < view.getUint16(E_PHNUM, true); index++) {
    const header = headers + index * PHDR_SIZE
    if (view.getUint32(header, true) !== PT_DYNAMIC) continue
    for (let at = uint64(header + P_VADDR); uint64(at) !== DT_NULL; at += DYN_SIZE) {
      entries.set(uint64(at), uint64(at + 8))
    }
  }
  return entries
}

function stringAt(bytes: Uint8Array, offset: number): string {
  return Buffer.from(bytes.subarray(offset, bytes.indexOf(0, offset))).toString('latin1')
}
