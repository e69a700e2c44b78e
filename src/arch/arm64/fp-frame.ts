// The floating-point part of a signal frame: struct fpsimd_context (uapi/asm/sigcontext.h) from user_fpsimd_state and back.

import {EINVAL, Errno} from '../../abi/errno.ts'

export const FPSIMD_MAGIC = 0x46508001
export const FPSIMD_BYTES = 528

/** Both hold 32 registers of 16 bytes, FPSR and FPCR; user_fpsimd_state (asm/ptrace.h) in this order. */
const VREGS_BYTES = 512
const STATE_BYTES = 528
/** fpsimd_context: a head of magic and size, FPSR and FPCR, the registers. */
const HEAD_BYTES = 8
const STATUS_BYTES = 8

/** @param state struct user_fpsimd_state */
export function toFrameFpState(state: Uint8Array): Uint8Array {
  const context = new Uint8Array(FPSIMD_BYTES)
  const view = new DataView(context.buffer)
  view.setUint32(0, FPSIMD_MAGIC, true)
  view.setUint32(4, FPSIMD_BYTES, true)
  context.set(state.subarray(VREGS_BYTES, VREGS_BYTES + STATUS_BYTES), HEAD_BYTES)
  context.set(state.subarray(0, VREGS_BYTES), HEAD_BYTES + STATUS_BYTES)
  return context
}

/**
 * @param context a record of the guest's with FPSIMD_MAGIC, of the size that it says
 * @throws Errno EINVAL when that is not struct fpsimd_context's
 */
export function parseFrameFpState(context: Uint8Array): Uint8Array {
  if (context.length !== FPSIMD_BYTES) throw new Errno(EINVAL)
  const state = new Uint8Array(STATE_BYTES)
  state.set(context.subarray(HEAD_BYTES + STATUS_BYTES), 0)
  state.set(context.subarray(HEAD_BYTES, HEAD_BYTES + STATUS_BYTES), VREGS_BYTES)
  return state
}
