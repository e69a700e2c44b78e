// The floating-point part of a signal frame: an XSAVE area with Linux's markers in the bytes that hardware leaves alone.
// Layout: Linux uapi/asm/sigcontext.h (struct _fpx_sw_bytes); checks: check_xstate_in_sigframe of kernel/fpu/signal.c.

import {EINVAL, Errno} from '../../abi/errno.ts'
import {viewOf} from '../../abi/view.ts'
import type {FrameMemory} from '../architecture.ts'

export const FP_FRAME_ALIGNMENT = 64
export const FP_MAGIC2_BYTES = 4

const FP_XSTATE_MAGIC1 = 0x46505853
const FP_XSTATE_MAGIC2 = 0x46505845

/** FXSAVE's part; the rest of an XSAVE area begins with a header of 64 bytes. */
const LEGACY_BYTES = 512
const HEADER_BYTES = 64
const XSTATE_BV = 512
const XCOMP_BV = 520
const CHECKED_END = 536
const FCW = 0
const MXCSR = 24
const MXCSR_MASK = 28
const X87_REGISTERS = 32
const XMM_REGISTERS = 160
const LEGACY_RESERVED = 416
/** In a context's state, XCR0; in a frame, Linux's markers. */
const SW_BYTES = 464
const SW_EXTENDED_SIZE = 468
const SW_FEATURES = 472
const SW_STATE_SIZE = 480

const DEFAULT_FCW = 0x37f
const DEFAULT_MXCSR = 0x1f80
/** The bits that MXCSR may have set when the processor does not say: SDM vol. 1, 11.6.6. */
const DEFAULT_MXCSR_MASK = 0xffbf
const X87 = 1n
const SSE = 2n

/** @param state Context.readFpState(); the copy ends with MAGIC2 */
export function toFrameFpState(state: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(state.length + FP_MAGIC2_BYTES)
  bytes.set(state)
  const view = viewOf(bytes)
  bytes.fill(0, SW_BYTES, LEGACY_BYTES)
  showLegacyState(bytes)
  view.setUint32(SW_BYTES, FP_XSTATE_MAGIC1, true)
  view.setUint32(SW_EXTENDED_SIZE, bytes.length, true)
  view.setBigUint64(SW_FEATURES, features(state), true)
  view.setUint32(SW_STATE_SIZE, state.length, true)
  view.setUint32(state.length, FP_XSTATE_MAGIC2, true)
  return bytes
}

/**
 * As on Linux, the frame marks x87 and SSE as in use: the changes of a handler that writes their registers there, and knows
 * nothing of XSAVE, take effect. Parts that were not in use get their initial values.
 */
export function showLegacyState(bytes: Uint8Array): void {
  const view = viewOf(bytes)
  const inUse = view.getBigUint64(XSTATE_BV, true)
  if ((inUse & X87) === 0n) {
    bytes.fill(0, FCW, MXCSR)
    bytes.fill(0, X87_REGISTERS, XMM_REGISTERS)
    view.setUint16(FCW, DEFAULT_FCW, true)
  }
  if ((inUse & SSE) === 0n) bytes.fill(0, XMM_REGISTERS, LEGACY_RESERVED)
  view.setBigUint64(XSTATE_BV, inUse | X87 | SSE, true)
}

/** The state after execve(2) and at a handler's entry: every component initial. */
export function initialFpState(current: Uint8Array): Uint8Array {
  const state = new Uint8Array(current.length)
  const view = new DataView(state.buffer)
  view.setUint16(FCW, DEFAULT_FCW, true)
  view.setUint32(MXCSR, DEFAULT_MXCSR, true)
  view.setUint32(MXCSR_MASK, viewOf(current).getUint32(MXCSR_MASK, true), true)
  view.setBigUint64(SW_BYTES, features(current), true)
  return state
}

/**
 * The guest's frame at `address`, as far as it is sound. Without valid markers only the legacy part counts.
 * @param current shows how large the processor's state is
 * @throws Errno EINVAL (bad MXCSR or header), EFAULT
 */
export function parseFrameFpState(memory: FrameMemory, address: number, current: Uint8Array): Uint8Array {
  if (address % FP_FRAME_ALIGNMENT !== 0) throw new Errno(EINVAL)
  const legacy = memory.readBytes(address, LEGACY_BYTES)
  const size = extendedSize(memory, address, legacy, current.length)
  const state = new Uint8Array(current.length)
  state.set(size === 0 ? legacy : memory.readBytes(address, size))
  const view = viewOf(state)

  const mxcsrMask = viewOf(current).getUint32(MXCSR_MASK, true) || DEFAULT_MXCSR_MASK
  if ((view.getUint32(MXCSR, true) & ~mxcsrMask) !== 0) throw new Errno(EINVAL)
  if (size === 0) {
    view.setBigUint64(XSTATE_BV, X87 | SSE, true)
  } else {
    // XRSTOR refuses such components and bytes (SDM vol. 1, 13.8.1), and checks no others of the header.
    const inUse = view.getBigUint64(XSTATE_BV, true)
    if ((inUse & ~features(current)) !== 0n) throw new Errno(EINVAL)
    if (state.subarray(XCOMP_BV, CHECKED_END).some((byte) => byte !== 0)) throw new Errno(EINVAL)
    view.setBigUint64(XSTATE_BV, inUse & viewOf(legacy).getBigUint64(SW_FEATURES, true), true)
    state.fill(0, CHECKED_END, LEGACY_BYTES + HEADER_BYTES)
  }
  state.fill(0, SW_BYTES, LEGACY_BYTES)
  view.setBigUint64(SW_BYTES, features(current), true)
  return state
}

/** The XSAVE area's size, or 0 when the markers are not valid. */
function extendedSize(memory: FrameMemory, address: number, legacy: Uint8Array, largest: number): number {
  const view = viewOf(legacy)
  const size = view.getUint32(SW_STATE_SIZE, true)
  if (view.getUint32(SW_BYTES, true) !== FP_XSTATE_MAGIC1) return 0
  if (size < LEGACY_BYTES + HEADER_BYTES || size > largest) return 0
  if (size > view.getUint32(SW_EXTENDED_SIZE, true)) return 0
  const magic2 = viewOf(memory.readBytes(address + size, FP_MAGIC2_BYTES)).getUint32(0, true)
  return magic2 === FP_XSTATE_MAGIC2 ? size : 0
}

/** XCR0 of a context's state. */
export function features(state: Uint8Array): bigint {
  return viewOf(state).getBigUint64(SW_BYTES, true)
}
