// chooseLayout: where each part of a new program goes in its address space, random or not, in Linux's proportions.

import {ENOMEM} from '../abi/errno.ts'
import {ElfError} from '../elf/elf-error.ts'
import type {ElfImage} from '../elf/image.ts'
import {PAGE_SIZE} from '../platform/platform.ts'
import {floorTo, imageSpan, pageCeil, pageFloor} from './span.ts'

export interface LayoutRequest {
  readonly image: ElfImage
  /** The PT_INTERP program. */
  readonly interpreter?: ElfImage
  /** User addresses end here; a multiple of PAGE_SIZE. */
  readonly userTop: number
  /** RLIMIT_STACK in bytes; Infinity for none. */
  readonly stackLimit: number
  /** Bytes of the vDSO image, without the vvar page; 0: no vDSO. */
  readonly vdsoLength: number
  /** Random bytes for ASLR; absent: the same layout every time. */
  readonly random?: (length: number) => Uint8Array
}

/** Addresses; multiples of PAGE_SIZE unless said otherwise. */
export interface Layout {
  /** Added to the image's addresses. */
  readonly bias: number
  readonly interpreterBias: number
  /** The first instruction: the interpreter's entry when there is one. Not page-aligned. */
  readonly start: number
  readonly brkStart: number
  /** The end of the stack, which grows down from here. */
  readonly stackTop: number
  /** For buildStack: bytes to leave free below the strings, a multiple of 16 below 8192. */
  readonly stackJitter: number
  /** mmap allocates downwards from here; the stack's limit and a guard gap are above. */
  readonly mmapTop: number
  /** The vvar page, directly below the vDSO. */
  readonly vvarAddress: number
  /** AT_SYSINFO_EHDR; 0 without a vDSO. */
  readonly vdsoAddress: number
}

// Linux's entropy on 47 bits (man 5 proc, mmap_rnd_bits), as shares of the address space so that smaller ones work too.
const MMAP_RANDOM_SHARE = 128 // 1 TiB, 28 bits of pages
const STACK_RANDOM_SHARE = 8192 // 16 GiB, 22 bits of pages
const BRK_RANDOM_SHARE = 2 ** 22 // 32 MiB, 13 bits of pages
const STACK_JITTER = 8192
const STACK_GUARD_GAP = 256 * PAGE_SIZE
const STACK_GAP_MIN = 128 * 2 ** 20
/** No stack takes a larger share of the address space, whatever RLIMIT_STACK says. */
const STACK_GAP_SHARE = 8

/** @throws ElfError BAD_ELF: ENOMEM when the image does not fit, EINVAL when its alignment is absurd */
export function chooseLayout(request: LayoutRequest): Layout {
  const {image, interpreter, userTop, stackLimit, vdsoLength, random} = request
  const randomBytes = (limit: number, unit = PAGE_SIZE): number =>
    random === undefined ? 0 : floorTo(randomBelow(random, limit), unit)

  const stackRandom = userTop / STACK_RANDOM_SHARE
  const gap = stackLimit + STACK_GUARD_GAP + stackRandom
  const gapMax = userTop / STACK_GAP_SHARE
  const stackTop = userTop - randomBytes(stackRandom)
  const mmapTop =
    pageFloor(userTop - Math.max(Math.min(STACK_GAP_MIN, gapMax), Math.min(gap, gapMax))) -
    randomBytes(userTop / MMAP_RANDOM_SHARE)

  const vdsoAddress = vdsoLength === 0 ? 0 : mmapTop - pageCeil(vdsoLength)
  const vvarAddress = vdsoLength === 0 ? 0 : vdsoAddress - PAGE_SIZE
  const interpreterTop = vdsoLength === 0 ? mmapTop : vvarAddress
  const interpreterBias = interpreter === undefined ? 0 : biasBelow(interpreter, interpreterTop)
  const imageTop = interpreter === undefined ? interpreterTop : interpreterBias + imageSpan(interpreter).start

  const bias = imageBias(image, userTop, randomBytes(userTop / MMAP_RANDOM_SHARE))
  const imageEnd = pageCeil(imageSpan(image).end + bias)
  const brkStart = imageEnd + randomBytes(userTop / BRK_RANDOM_SHARE)
  if (brkStart >= imageTop) throw doesNotFit(image)

  return {
    bias,
    interpreterBias,
    start: interpreter === undefined ? image.entry + bias : interpreter.entry + interpreterBias,
    brkStart,
    stackTop,
    stackJitter: randomBytes(STACK_JITTER, 16),
    mmapTop,
    vvarAddress,
    vdsoAddress,
  }
}

// ELF_ET_DYN_BASE: two thirds up, far from both the heap of ET_EXEC programs and the mmap area.
function imageBias(image: ElfImage, userTop: number, randomOffset: number): number {
  if (image.type === 'EXEC') return 0

  const {start, align} = imageSpan(image)
  return floorTo(pageFloor((userTop / 3) * 2) + randomOffset - start, align)
}

function biasBelow(image: ElfImage, top: number): number {
  const {start, end, align} = imageSpan(image)
  if (image.type === 'EXEC') {
    if (pageCeil(end) <= top) return 0
    throw doesNotFit(image)
  }
  const bias = floorTo(top - pageCeil(end), align)
  if (bias + start >= 0) return bias
  throw doesNotFit(image)
}

const doesNotFit = (image: ElfImage): ElfError =>
  new ElfError(
    'BAD_ELF',
    ENOMEM,
    image.path,
    'does not fit user memory',
    'link it smaller or at a lower address',
  )

// The modulo's bias is below 2^-8 for the largest range (2^40 of 2^48).
function randomBelow(random: (length: number) => Uint8Array, limit: number): number {
  const value = random(6).reduce((sum, byte) => sum * 256 + byte, 0)
  return value % Math.floor(limit)
}
