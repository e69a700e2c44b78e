// Copies between one piece of the sentry's memory and a vector of the guest's, for data that is all or nothing.

import {EFAULT, Errno} from '../../abi/errno.ts'
import {PROT_READ} from '../../platform/platform.ts'
import {cut, type Iovec, rest} from '../core/iovec.ts'
import type {UserMemory} from './user-memory.ts'

/** `length` bytes of the ranges, from byte `skip` on. @throws Errno EFAULT unless all of them are accessible */
export function copyIn(
  memory: UserMemory,
  ranges: readonly Iovec[],
  skip: number,
  length: number,
): Uint8Array<ArrayBufferLike> {
  let copy: Uint8Array | undefined
  let done = 0
  for (const part of cut(rest(ranges, skip), length)) {
    for (let at = 0; at < part.length; ) {
      const view = memory.view(part.address + at, part.length - at, PROT_READ)
      if (view.length === length) copy = view.slice()
      else {
        copy ??= new Uint8Array(length)
        copy.set(view, done)
      }
      at += view.length
      done += view.length
    }
  }
  if (done < length) throw new Errno(EFAULT)
  return copy ?? new Uint8Array(0)
}

/** Copies the bytes to byte `skip` of the ranges and after it; there is room for them. @throws Errno EFAULT */
export function copyOut(memory: UserMemory, ranges: readonly Iovec[], skip: number, bytes: Uint8Array): void {
  let done = 0
  for (const {address, length} of cut(rest(ranges, skip), bytes.length)) {
    memory.writeBytes(address, bytes.subarray(done, done + length))
    done += length
  }
}
