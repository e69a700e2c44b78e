// Where an image's segments lie before the load bias: first page, end, alignment.

import {PT_LOAD} from '../abi/elf.ts'
import {EINVAL} from '../abi/errno.ts'
import {ElfError, hex} from '../elf/elf-error.ts'
import type {ElfImage, Segment} from '../elf/image.ts'
import {PAGE_SIZE} from '../platform/platform.ts'

/** Transparent huge pages and the largest page sizes ask for 2 MiB at most; 1 GiB leaves room. */
const ALIGN_LIMIT = 2 ** 30

export interface Span {
  /** The first segment's page. */
  readonly start: number
  /** After the last segment's last byte. */
  readonly end: number
  /** A power of two, at least PAGE_SIZE. */
  readonly align: number
}

/** @throws ElfError BAD_ELF, EINVAL for an alignment that no address space can satisfy */
export function imageSpan(image: ElfImage): Span {
  let start = Infinity
  let end = 0
  let align = PAGE_SIZE
  for (const segment of loadable(image)) {
    start = Math.min(start, pageFloor(segment.vaddr))
    end = Math.max(end, segment.vaddr + segment.memSize)
    if (isPowerOfTwo(segment.align)) align = Math.max(align, segment.align)
  }
  if (align <= ALIGN_LIMIT) return {start, end, align}

  const defect = `asks for segments aligned to ${hex(align)}`
  throw new ElfError('BAD_ELF', EINVAL, image.path, defect, 'link it with a smaller max-page-size')
}

/** The segments that are loaded, in the file's order: a later segment replaces a page that it shares with an earlier one. */
export const loadable = (image: ElfImage): readonly Segment[] =>
  image.segments.filter(({type, memSize}) => type === PT_LOAD && memSize > 0)

export const pageFloor = (value: number): number => floorTo(value, PAGE_SIZE)
export const pageCeil = (value: number): number => Math.ceil(value / PAGE_SIZE) * PAGE_SIZE
export const floorTo = (value: number, align: number): number => Math.floor(value / align) * align

// As on Linux, an alignment of 0 or one that is not a power of two means nothing.
function isPowerOfTwo(value: number): boolean {
  return value > 0 && Number.isInteger(Math.log2(value))
}
