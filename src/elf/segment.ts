// One program header: converts its 64-bit fields to numbers, and refuses those that do not fit or wrap.

import {P_ALIGN, P_FILESZ, P_FLAGS, P_MEMSZ, P_OFFSET, P_TYPE, P_VADDR, PHDR_SIZE} from '../abi/elf.ts'
import {EINVAL} from '../abi/errno.ts'
import {ElfError} from './elf-error.ts'
import type {Segment} from './image.ts'

const TWO_32 = 2 ** 32

/**
 * @param table the program headers
 * @throws ElfError BAD_ELF
 */
export function readSegment(table: DataView, index: number, path: string): Segment {
  const at = index * PHDR_SIZE
  const field = (offset: number): number => {
    const value = table.getUint32(at + offset, true) + TWO_32 * table.getUint32(at + offset + 4, true)
    if (value <= Number.MAX_SAFE_INTEGER) return value
    throw tooLarge(path, index)
  }
  const segment = {
    type: table.getUint32(at + P_TYPE, true),
    flags: table.getUint32(at + P_FLAGS, true),
    offset: field(P_OFFSET),
    vaddr: field(P_VADDR),
    fileSize: field(P_FILESZ),
    memSize: field(P_MEMSZ),
    align: field(P_ALIGN),
  }
  if (!Number.isSafeInteger(segment.offset + segment.fileSize)) throw tooLarge(path, index)
  if (!Number.isSafeInteger(segment.vaddr + segment.memSize)) throw tooLarge(path, index)
  return segment
}

function tooLarge(path: string, index: number): ElfError {
  const defect = `program header ${index} has an address or a size of more than 53 bits`
  return new ElfError('BAD_ELF', EINVAL, path, defect, 'check the file: copy or link it again')
}
