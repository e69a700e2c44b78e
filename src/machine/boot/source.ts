// Source: where a kernel's or an initrd's bytes come from on their way into guest memory.

import type {GuestMemory} from '../../vm/guest-memory.ts'

export interface Source {
  /** Bytes. */
  readonly length: number
  /** Copies what begins at `offset` into all of `target`; precondition: there are so many bytes. @throws HvError BAD_KERNEL */
  copy(offset: number, target: Uint8Array): void
}

export function sourceOf(bytes: Uint8Array): Source {
  return {
    length: bytes.length,
    copy: (offset, target) => target.set(bytes.subarray(offset, offset + target.length)),
  }
}

/** At most `length` bytes from `offset` on: fewer where the source ends. */
export function bytesOf(source: Source, offset: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(length, source.length - offset)))
  source.copy(offset, bytes)
  return bytes
}

/** Guest physical; by default all of the source. @throws HvError MEMORY_RANGE, BAD_KERNEL */
export function load(
  memory: GuestMemory,
  address: number,
  source: Source,
  offset = 0,
  length = source.length,
): void {
  source.copy(offset, memory.view(address, length))
  memory.publish(address, length)
}
