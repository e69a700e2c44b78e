// Kinds of bytes: paths, strings, buffers and their vectors.

import {IOVEC_SIZE} from '../../../abi/iovec.ts'
import {UIO_MAXIOV, type UserMemory} from '../../memory/user-memory.ts'
import {type ArgumentValue, fromByteString, MAX_VALUE_BYTES} from '../argument-value.ts'
import type {Kinds} from '../kind.ts'
import {pathArgument} from '../path-argument.ts'
import {hexOf} from '../text/number.ts'
import {quote, quoteBuffer, quoteHex, quotePath, quoteString} from '../text/quote.ts'
import {orPointer, showArray} from '../text/view.ts'
import type {TracedCall} from '../traced-call.ts'

const POINTER_SIZE = 8
const MAX_STRINGS = 256

/** As many bytes as the call reports to have stored. */
const filled = (call: TracedCall, index: number, result: number, quoting = quote): string =>
  call.follow(index, (address, memory) => quoteBuffer(memory, address, result, call.limit, quoting))

export const text = {
  path: {
    enter: (call, index) => call.follow(index, (address, memory) => quotePath(memory, address)),
    value: (call, index) => ({kind: 'path', ...pathArgument(call, index)}),
  },
  str: {
    enter: (call, index) => call.follow(index, (address, memory) => quoteString(memory, address, call.limit)),
    value: (call, index) => ({kind: 'string', value: stringAt(call.memory, call.address(index))}),
  },
  /** A path that the kernel stored. */
  path_out: {leave: (call, index) => call.follow(index, (address, memory) => quotePath(memory, address))},
  /** A buffer that the call reads; the next argument is its length. */
  in: {
    enter: (call, index) =>
      call.follow(index, (address, memory) =>
        quoteBuffer(memory, address, call.address(index + 1), call.limit),
      ),
    value: (call, index) => {
      const length = call.address(index + 1)
      const value = call.memory.readBytes(call.address(index), Math.min(length, MAX_VALUE_BYTES))
      return {kind: 'bytes', value, length}
    },
  },
  /** A buffer that the call fills; the result says how far. */
  out: {leave: (call, index, result) => filled(call, index, result)},
  random_out: {leave: (call, index, result) => filled(call, index, result, quoteHex)},
  /** A vector of buffers that the call reads; the next argument counts them. */
  iov_in: {
    enter: (call, index) => iovecs(call, index, Number.POSITIVE_INFINITY),
    value: (call, index) => gathered(call, index),
  },
  iov_out: {
    leave: (call, index, result) => iovecs(call, index, result),
    failed: (call, index) => iovecs(call, index, undefined),
  },
  /** execve(2)'s argv. */
  argv: {
    enter: showStrings,
    value: (call, index) => ({kind: 'strings', value: stringsAt(call.memory, call.address(index))}),
  },
  /** execve(2)'s envp: its length. */
  envp: {
    enter: (call, index) =>
      call.follow(index, (address, memory) => {
        const {length} = pointers(memory, address, Number.POSITIVE_INFINITY)
        return `${call.pointer(index)} /* ${length} var${length === 1 ? '' : 's'} */`
      }),
  },
} satisfies Kinds

function stringAt(memory: UserMemory, address: number): string {
  return fromByteString(memory.readCString(address, MAX_VALUE_BYTES))
}

function stringsAt(memory: UserMemory, address: number): readonly string[] | undefined {
  let left = MAX_VALUE_BYTES
  const found: string[] = []
  for (const pointer of pointers(memory, address, MAX_STRINGS + 1)) {
    if (left === 0 || found.length === MAX_STRINGS) return undefined
    const bytes = memory.readCString(pointer, left)
    left -= bytes.length
    found.push(fromByteString(bytes))
  }
  return found
}

/** The buffers of a vector, joined. @throws Errno EFAULT */
function gathered(call: TracedCall, index: number): ArgumentValue {
  const vector = call.address(index)
  const count = Math.min(call.uint32(index + 1), UIO_MAXIOV)
  const pieces: Uint8Array[] = []
  let left = MAX_VALUE_BYTES
  let length = 0
  for (let at = vector; at < vector + count * IOVEC_SIZE; at += IOVEC_SIZE) {
    const size = call.memory.readUint64(at + POINTER_SIZE)
    const taken = Math.min(size, left)
    if (taken > 0) pieces.push(call.memory.readBytes(call.memory.readUint64(at), taken))
    left -= taken
    length += size
  }
  return {kind: 'bytes', value: new Uint8Array(Buffer.concat(pieces)), length}
}

/** @param total how many bytes of all buffers together are shown; undefined: the buffers' addresses are shown */
function iovecs(call: TracedCall, index: number, total: number | undefined): string {
  const count = call.uint32(index + 1)
  if (count === 0) return call.isNull(index) ? 'NULL' : '[]'
  return call.follow(index, (vector) => iovecsAt(call, vector, count, total))
}

/** Like `iovecs`, for any vector. @throws Errno EFAULT */
export function iovecsAt(call: TracedCall, vector: number, count: number, total: number | undefined): string {
  const {memory} = call
  let left = total ?? 0
  return showArray(vector, IOVEC_SIZE, count, call.limit, (at) => {
    const base = memory.readUint64(at)
    const length = memory.readUint64(at + POINTER_SIZE)
    const taken = Math.min(length, left)
    left -= taken
    const baseText = total === undefined && base !== 0 ? hexOf(base) : showBase(call, base, taken)
    return `{iov_base=${baseText}, iov_len=${memory.readBigUint64(at + POINTER_SIZE)}}`
  })
}

function showBase({memory, limit}: TracedCall, base: number, length: number): string {
  return orPointer(base, () => quoteBuffer(memory, base, length, limit))
}

function showStrings(call: TracedCall, index: number): string {
  const {limit} = call
  return call.follow(index, (address, memory) => {
    const strings = pointers(memory, address, limit + 1)
    const shown = strings.slice(0, limit).map((pointer) => quoteString(memory, pointer, limit))
    if (strings.length > limit) shown.push('...')
    return `[${shown.join(', ')}]`
  })
}

/** The pointers of a NULL-terminated array, `limit` at most. */
function pointers(memory: UserMemory, address: number, limit: number): number[] {
  const found: number[] = []
  for (let at = address; found.length < limit; at += POINTER_SIZE) {
    const pointer = memory.readUint64(at)
    if (pointer === 0) break
    found.push(pointer)
  }
  return found
}
