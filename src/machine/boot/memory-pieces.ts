// memoryPieces: where a kernel's machine has its memory: at most 3 GiB from its base on, and the rest from 4 GiB on.

import {HvError} from '../../errors.ts'
import {MAX_SLOT_BYTES, slotUnit} from '../../vm/memory-slot-options.ts'
import {SLOTS_MAX} from '../../vm/vm.ts'

const GIB = 2 ** 30
/** The same on both architectures: x86_64's memory begins at 0, and arm64's at 1 GiB. */
const LOW_MAX = 3 * GIB
const HIGH = 4 * GIB
/** Memory ends at 1 TiB: processors have 40 bits of physical addresses, or a few more. Shorter slots may end it before. */
const MEMORY_MAX = Math.min(2 ** 40 - GIB, LOW_MAX + (SLOTS_MAX - 1) * MAX_SLOT_BYTES)

/** Guest physical. */
export interface MemoryPiece {
  readonly address: number
  readonly bytes: number
}

/** @returns bytes from the machine's `memoryBase` on, and the rest. @throws HvError MEMORY_SIZE */
export function memoryPieces(memoryBytes: number): {lowBytes: number; high: MemoryPiece | undefined} {
  const page = slotUnit()
  if (!(memoryBytes > 0 && memoryBytes <= MEMORY_MAX && memoryBytes % page === 0)) {
    const message = `a machine cannot have ${memoryBytes} bytes of memory`
    throw new HvError(
      'MEMORY_SIZE',
      message,
      `give it a multiple of ${page}, ${MEMORY_MAX / GIB} GiB at most`,
    )
  }
  const lowBytes = Math.min(memoryBytes, LOW_MAX)
  const bytes = memoryBytes - lowBytes
  return {lowBytes, high: bytes > 0 ? {address: HIGH, bytes} : undefined}
}

/** The memory slots that a piece takes. */
export function slotsOf({address, bytes}: MemoryPiece): MemoryPiece[] {
  const length = Math.ceil(bytes / MAX_SLOT_BYTES)
  return Array.from({length}, (_, index) => {
    const offset = index * MAX_SLOT_BYTES
    return {address: address + offset, bytes: Math.min(MAX_SLOT_BYTES, bytes - offset)}
  })
}
