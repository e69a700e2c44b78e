// planSegments: an image's segments as page-aligned mappings, the way fs/binfmt_elf.c maps them.

import {PF_R, PF_W, PF_X} from '../abi/elf.ts'
import {EINVAL, ENOMEM, EPERM} from '../abi/errno.ts'
import {ElfError, hex} from '../elf/elf-error.ts'
import type {ElfImage, Segment} from '../elf/image.ts'
import {
  PAGE_SIZE,
  PROT_EXEC,
  PROT_NONE,
  PROT_READ,
  PROT_WRITE,
  type Protection,
} from '../platform/platform.ts'
import {loadable, pageCeil, pageFloor} from './span.ts'

/** vm.mmap_min_addr: nothing is mapped below, so that a null pointer never points at anything. */
export const MIN_ADDRESS = 0x10000

/** One private mapping; addresses, lengths and offsets are bytes and multiples of PAGE_SIZE, except `zeroFrom`. */
export interface SegmentMapping {
  readonly address: number
  readonly length: number
  readonly protection: Protection
  /** Zeros instead of the file. */
  readonly anonymous: boolean
  /** Where in the file the mapping starts (0 when anonymous); its last page may reach past the end of the file. */
  readonly fileOffset: number
  /** Bytes from this address to the end of the mapping read as zero (.bss in the last file page); the mapping's end when none do. */
  readonly zeroFrom: number
}

/**
 * Mappings to make in this order: a later one replaces what it overlaps.
 * @param bias added to the file's addresses; 0 for ET_EXEC
 * @param top user addresses end here
 * @throws ElfError BAD_ELF: EINVAL (unmappable), EPERM (below MIN_ADDRESS), ENOMEM (above `top`)
 */
export function planSegments(image: ElfImage, bias: number, top: number): SegmentMapping[] {
  const mappings: SegmentMapping[] = []
  for (const segment of loadable(image)) {
    checkPlace(image, segment, bias, top)
    mappings.push(...mapSegment(segment, bias))
  }
  return mappings
}

function mapSegment(segment: Segment, bias: number): SegmentMapping[] {
  const address = segment.vaddr + bias
  const start = pageFloor(address)
  const protection = protectionOf(segment.flags)
  const fileEnd = address + segment.fileSize
  const end = pageCeil(address + segment.memSize)
  // A segment without bytes in the file is anonymous from its first page.
  const anonymousStart = segment.fileSize === 0 ? start : pageCeil(fileEnd)
  const mappings: SegmentMapping[] = []

  if (segment.fileSize > 0) {
    mappings.push({
      address: start,
      length: anonymousStart - start,
      protection,
      anonymous: false,
      fileOffset: segment.offset - (address - start),
      zeroFrom: segment.memSize > segment.fileSize ? fileEnd : anonymousStart,
    })
  }
  if (end > anonymousStart) {
    mappings.push({
      address: anonymousStart,
      length: end - anonymousStart,
      protection,
      anonymous: true,
      fileOffset: 0,
      zeroFrom: anonymousStart,
    })
  }
  return mappings
}

function checkPlace(image: ElfImage, segment: Segment, bias: number, top: number): void {
  const {vaddr, offset, fileSize, memSize} = segment
  const refuse = (errno: number, defect: string, nextStep: string): ElfError =>
    new ElfError('BAD_ELF', errno, image.path, `the segment at ${hex(vaddr)} ${defect}`, nextStep)

  if (fileSize > 0 && vaddr % PAGE_SIZE !== offset % PAGE_SIZE) {
    const defect = `and its file offset ${hex(offset)} differ within a page`
    throw refuse(EINVAL, defect, 'link it with max-page-size=4096 or more')
  }
  if (vaddr + bias < MIN_ADDRESS) {
    throw refuse(EPERM, `lies below ${hex(MIN_ADDRESS)}`, 'link it at a higher address or as PIE')
  }
  if (pageCeil(vaddr + bias + memSize) > top) {
    throw refuse(
      ENOMEM,
      `(${hex(memSize)} bytes) does not fit user memory`,
      'link it at a lower address or as PIE',
    )
  }
}

function protectionOf(flags: number): Protection {
  return (
    (flags & PF_R ? PROT_READ : PROT_NONE) |
    (flags & PF_W ? PROT_WRITE : PROT_NONE) |
    (flags & PF_X ? PROT_EXEC : PROT_NONE)
  )
}
