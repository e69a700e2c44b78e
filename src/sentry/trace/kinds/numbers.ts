// Kinds of plain words: integers, addresses, descriptors.

import {AT_FDCWD} from '../../../abi/at-flags.ts'
import {EXACT_END} from '../../../abi/word.ts'
import {HIDDEN, type Kind, type Kinds} from '../kind.ts'
import {descriptor, workingDirectory} from '../text/descriptor.ts'
import {octal} from '../text/number.ts'

/** `int`, `uid_t`: -1 as such. */
const int: Kind = {enter: (call, index) => String(call.int32(index))}

export const numbers = {
  int,
  fd: {enter: (call, index) => descriptor(call, call.int32(index))},
  uint: {enter: (call, index) => String(call.uint32(index))},
  /** size_t. */
  size: {
    enter(call, index) {
      const value = call.address(index)
      return String(value < EXACT_END ? value : call.arguments.raw(index))
    },
  },
  /** off_t, long. */
  long: {
    enter(call, index) {
      const value = call.arguments.int64(index)
      return String(Math.abs(value) < EXACT_END ? value : BigInt.asIntN(64, call.arguments.raw(index)))
    },
  },
  /** The upper half of an offset, which 64-bit kernels do not look at. */
  offset_high: {enter: () => HIDDEN},
  hex: {enter: (call, index) => call.hex(index)},
  /** An address that is only passed on. */
  ptr: {enter: (call, index) => call.pointer(index)},
  dirfd: {
    enter(call, index) {
      const fd = call.int32(index)
      return fd === AT_FDCWD ? workingDirectory(call) : descriptor(call, fd)
    },
  },
  /** umask(2)'s. */
  octal: {enter: (call, index) => octal(call.uint32(index))},
} satisfies Kinds
