// The records of a signal frame's __reserved space, as a hostile program may have left them.
// Layout and rules: uapi/asm/sigcontext.h; parse_user_sigframe of arch/arm64/kernel/signal.c.

import {EINVAL, Errno} from '../../abi/errno.ts'
import type {FrameMemory} from '../architecture.ts'
import {FPSIMD_MAGIC} from './fp-frame.ts'

export const ESR_MAGIC = 0x45535201
export const ESR_BYTES = 16
const EXTRA_MAGIC = 0x45585401
const EXTRA_BYTES = 32
const EXTRA_DATA = 8
const EXTRA_SIZE = 16

/** struct _aarch64_ctx: magic and size, 32 bits each. A terminator of zeros takes a whole 16 bytes. */
const HEAD_BYTES = 8
const ALIGNMENT = 16
const TERMINATOR_BYTES = 16
/** Of a frame with its extra records (SIGFRAME_MAXSZ). */
const FRAME_LIMIT = 256 << 10

interface Region {
  readonly bytes: Uint8Array
  readonly address: number
}

/**
 * @param frameAddress where the whole frame begins
 * @returns the one record with FPSIMD_MAGIC
 * @throws Errno EINVAL (no such record, or records that no kernel writes), EFAULT
 */
export function findFpRecord(memory: FrameMemory, reserved: Region, frameAddress: number): Uint8Array {
  let region = reserved
  let isExtra = false
  let fpRecord: Uint8Array | undefined
  for (let offset = 0; ; ) {
    const record = recordAt(region.bytes, offset)
    offset += record.bytes.length
    switch (record.magic) {
      case 0:
        if (record.bytes.length > 0 || fpRecord === undefined) throw new Errno(EINVAL)
        return fpRecord
      case FPSIMD_MAGIC:
        if (fpRecord !== undefined) throw new Errno(EINVAL)
        fpRecord = record.bytes
        break
      case ESR_MAGIC:
        break
      case EXTRA_MAGIC:
        // A second one could lead round in a circle.
        if (isExtra) throw new Errno(EINVAL)
        isExtra = true
        region = extraRegion(memory, region, offset, record.bytes, frameAddress)
        offset = 0
        continue
      default:
        throw new Errno(EINVAL)
    }
    if (record.bytes.length < HEAD_BYTES) throw new Errno(EINVAL)
  }
}

function recordAt(bytes: Uint8Array, offset: number): {magic: number; bytes: Uint8Array} {
  if (offset % ALIGNMENT !== 0 || offset + HEAD_BYTES > bytes.length) throw new Errno(EINVAL)
  const view = viewOf(bytes)
  const size = view.getUint32(offset + 4, true)
  if (size > bytes.length - offset) throw new Errno(EINVAL)
  return {magic: view.getUint32(offset, true), bytes: bytes.subarray(offset, offset + size)}
}

/** More records: directly behind the record that names them and a terminator, which `end` is the offset of. */
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

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
