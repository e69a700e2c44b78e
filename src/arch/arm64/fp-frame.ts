// The floating-point part of a signal frame: one of the records in sigcontext's __reserved space, which a hostile program may
// have left in any state. Layout and rules: uapi/asm/sigcontext.h; parse_user_sigframe of arch/arm64/kernel/signal.c.

import {EINVAL, Errno} from '../../abi/errno.ts'
import {viewOf} from '../../abi/view.ts'
import type {FrameMemory} from '../architecture.ts'

/** struct _aarch64_ctx: magic and size, 32 bits each. A terminator of zeros takes 16 bytes. */
const HEAD_BYTES = 8
const ALIGNMENT = 16
const TERMINATOR_BYTES = 16

/** struct fpsimd_context: the head, FPSR and FPCR, 32 registers of 16 bytes. */
const FPSIMD_MAGIC = 0x46508001
export const FPSIMD_BYTES = 528
const STATUS_BYTES = 8
/** struct user_fpsimd_state (asm/ptrace.h): the registers, FPSR and FPCR, padding. */
const VREGS_BYTES = 512
const STATE_BYTES = 528

/** struct esr_context: the head, ESR_EL1. */
export const ESR_MAGIC = 0x45535201
export const ESR_BYTES = 16

/** struct extra_context: the head, where more records are, and how many bytes. */
const EXTRA_MAGIC = 0x45585401
const EXTRA_BYTES = 32
const EXTRA_DATA = 8
const EXTRA_SIZE = 16
/** SIGFRAME_MAXSZ: the limit of a frame with its extra records. */
const FRAME_LIMIT = 256 << 10

/** Guest memory that was read, and its address. */
export interface Region {
  readonly bytes: Uint8Array
  readonly address: number
}

/** @param state struct user_fpsimd_state */
export function toFrameFpState(state: Uint8Array): Uint8Array {
  const record = new Uint8Array(FPSIMD_BYTES)
  const view = viewOf(record)
  view.setUint32(0, FPSIMD_MAGIC, true)
  view.setUint32(4, FPSIMD_BYTES, true)
  record.set(state.subarray(VREGS_BYTES, VREGS_BYTES + STATUS_BYTES), HEAD_BYTES)
  record.set(state.subarray(0, VREGS_BYTES), HEAD_BYTES + STATUS_BYTES)
  return record
}

/**
 * @param reserved the frame's __reserved
 * @param frameAddress where the whole frame begins
 * @returns struct user_fpsimd_state
 * @throws Errno EINVAL (no FP state, or records that no kernel writes), EFAULT
 */
export function parseFrameFpState(memory: FrameMemory, reserved: Region, frameAddress: number): Uint8Array {
  const record = findFpRecord(memory, reserved, frameAddress)
  if (record.length !== FPSIMD_BYTES) throw new Errno(EINVAL)
  const state = new Uint8Array(STATE_BYTES)
  state.set(record.subarray(HEAD_BYTES + STATUS_BYTES), 0)
  state.set(record.subarray(HEAD_BYTES, HEAD_BYTES + STATUS_BYTES), VREGS_BYTES)
  return state
}

function findFpRecord(memory: FrameMemory, reserved: Region, frameAddress: number): Uint8Array {
  let region = reserved
  let isExtra = false
  let fpRecord: Uint8Array | undefined
  for (let offset = 0; ; ) {
    const {magic, bytes} = recordAt(region.bytes, offset)
    offset += bytes.length
    if (magic === 0) {
      if (bytes.length > 0 || fpRecord === undefined) throw new Errno(EINVAL)
      return fpRecord
    }
    if (bytes.length < HEAD_BYTES) throw new Errno(EINVAL)

    switch (magic) {
      case FPSIMD_MAGIC:
        if (fpRecord !== undefined) throw new Errno(EINVAL)
        fpRecord = bytes
        break
      case ESR_MAGIC:
        break
      case EXTRA_MAGIC:
        // A second one could lead in a circle.
        if (isExtra) throw new Errno(EINVAL)
        isExtra = true
        region = extraRegion(memory, region, offset, bytes, frameAddress)
        offset = 0
        break
      default:
        throw new Errno(EINVAL)
    }
  }
}

function recordAt(bytes: Uint8Array, offset: number): {magic: number; bytes: Uint8Array} {
  if (offset % ALIGNMENT !== 0 || offset + HEAD_BYTES > bytes.length) throw new Errno(EINVAL)
  const view = viewOf(bytes)
  const size = view.getUint32(offset + 4, true)
  if (size > bytes.length - offset) throw new Errno(EINVAL)
  return {magic: view.getUint32(offset, true), bytes: bytes.subarray(offset, offset + size)}
}

/** Further records: directly after the record that names them and a terminator, which begins at `end`. */
function extraRegion(
  memory: FrameMemory,
  region: Region,
  end: number,
  record: Uint8Array,
  frameAddress: number,
): Region {
  if (record.length < EXTRA_BYTES || end + TERMINATOR_BYTES > region.bytes.length) throw new Errno(EINVAL)
  if (region.bytes.subarray(end, end + HEAD_BYTES).some((byte) => byte !== 0)) throw new Errno(EINVAL)

  const view = viewOf(record)
  const size = view.getUint32(EXTRA_SIZE, true)
  const address = region.address + end + TERMINATOR_BYTES
  if (view.getBigUint64(EXTRA_DATA, true) !== BigInt(address)) throw new Errno(EINVAL)
  if (address % ALIGNMENT !== 0 || size % ALIGNMENT !== 0) throw new Errno(EINVAL)
  if (size > frameAddress + FRAME_LIMIT - address) throw new Errno(EINVAL)
  return {bytes: memory.readBytes(address, size), address}
}
