// Arrays as strace writes them: cut at a limit, or where memory ends.

import {Errno} from '../../../abi/errno.ts'
import {hexOf} from './number.ts'

/**
 * `[a, b, ...]`; where an element after the first cannot be read, `[a, ... /* 0x7f… *\/]`.
 * @param show the element at an address
 * @throws Errno EFAULT for the first
 */
export function showArray(
  address: number,
  elementBytes: number,
  count: number,
  limit: number,
  show: (address: number) => string,
): string {
  const parts: string[] = []
  for (let i = 0; i < Math.min(count, limit); i++) {
    const at = address + i * elementBytes
    try {
      parts.push(show(at))
    } catch (error) {
      if (!(error instanceof Errno) || i === 0) throw error
      return `[${parts.join(', ')}, ... /* ${hexOf(at)} */]`
    }
  }
  if (count > limit) parts.push('...')
  return `[${parts.join(', ')}]`
}
