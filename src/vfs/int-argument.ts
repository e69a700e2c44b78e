// Reads and writes the int that an ioctl(2)'s argument points to.

import type {IoctlMemory} from './file.ts'

const SIZE = 4

/** @throws Errno EFAULT */
export function readInt(memory: IoctlMemory, address: number): number {
  const bytes = memory.read(address, SIZE)
  return new DataView(bytes.buffer, bytes.byteOffset, SIZE).getInt32(0, true)
}

/** @returns the result of such a call. @throws Errno EFAULT */
export function writeInt(memory: IoctlMemory, address: number, value: number): 0 {
  memory.write(address, new Uint8Array(Int32Array.of(value).buffer))
  return 0
}
