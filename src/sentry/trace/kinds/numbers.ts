// Kinds of plain words: integers, addresses, descriptors.

import {AT_FDCWD} from '../../../abi/at-flags.ts'
import {EXACT_END} from '../../../abi/word.ts'
import {HIDDEN, type Kind, type Kinds} from '../kind.ts'
import {descriptor, workingDirectory} from '../text/descriptor.ts'
import {octal} from '../text/number.ts'
import type {TracedCall} from '../traced-call.ts'

type Read = (call: TracedCall, index: number) => number

const numberValue = (read: Read): Pick<Kind, 'value'> => ({
  value: (call, index) => ({kind: 'number', value: read(call, index)}),
})
const word = numberValue((call, index) => call.address(index))
const descriptorValue: Pick<Kind, 'value'> = {
  value: (call, index) => ({kind: 'descriptor', value: call.int32(index)}),
}

/** `int`, `uid_t`: -1 is shown as such. */
const int: Kind = {
  enter: (call, index) => String(call.int32(index)),
  ...numberValue((call, index) => call.int32(index)),
}

export const numbers = {
  int,
  fd: {enter: (call, index) => descriptor(call, call.int32(index)), ...descriptorValue},
  uint: {
    enter: (call, index) => String(call.uint32(index)),
    ...numberValue((call, index) => call.uint32(index)),
  },
  /** size_t. */
  size: {
    enter(call, index) {
      const value = call.address(index)
      return String(value < EXACT_END ? value : call.raw(index))
    },
    ...word,
  },
  /** off_t, long. */
  long: {
    enter(call, index) {
      const value = call.int64(index)
      return String(Math.abs(value) < EXACT_END ? value : BigInt.asIntN(64, call.raw(index)))
    },
    ...numberValue((call, index) => call.int64(index)),
  },
  /** The upper half of an offset, which 64-bit kernels ignore. */
  offset_high: {enter: () => HIDDEN},
  hex: {enter: (call, index) => call.hex(index), ...word},
  /** An address that is only passed on. */
  ptr: {enter: (call, index) => call.pointer(index)},
  dirfd: {
    enter(call, index) {
      const fd = call.int32(index)
      return fd === AT_FDCWD ? workingDirectory(call) : descriptor(call, fd)
    },
    ...descriptorValue,
  },
  /** umask(2)'s. */
  octal: {
    enter: (call, index) => octal(call.uint32(index)),
    ...numberValue((call, index) => call.uint32(index)),
  },
} satisfies Kinds
