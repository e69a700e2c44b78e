// How much memory a guest may have.

import {HvError} from '../errors.ts'
import {PAGE_SIZE} from './platform.ts'

const MEMORY_MIN = 1 << 20
const MEMORY_MAX = 2 ** 32

/** Rounds up to pages. @throws HvError MEMORY_SIZE */
export function memoryFileBytes(memoryBytes: number): number {
  const size = Math.ceil(memoryBytes / PAGE_SIZE) * PAGE_SIZE
  if (size >= MEMORY_MIN && size <= MEMORY_MAX) return size
  const problem = `guest memory of ${memoryBytes} bytes is out of range`
  throw new HvError('MEMORY_SIZE', problem, 'give 1 MiB to 4 GiB; a bare-metal guest has 3 GiB at most')
}
