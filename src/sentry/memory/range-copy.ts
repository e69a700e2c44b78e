// Copies between one piece of the sentry's memory and a vector of the guest's, for data that is all or nothing.

import {EFAULT, Errno} from '../../abi/errno.ts'
import {PROT_READ} from '../../platform/platform.ts'
import type {Iovec} from '../core/iovec.ts'
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
  forEachPart(ranges, skip, length, (address, partLength) => {
    for (let at = 0; at < partLength; ) {
      const view = memory.view(address + at, partLength - at, PROT_READ)
      if (view.length === length) copy = view.slice()
      else {
        copy ??= new Uint8Array(length)
        copy.set(view, done)
      }
      at += view.length
      done += view.length
    }
  })
  if (done < length) throw new Errno(EFAULT)
  return copy ?? new Uint8Array(0)
}

/** Copies the bytes to byte `skip` of the ranges and after it; there is room for them. @throws Errno EFAULT */
export function copyOut(memory: UserMemory, ranges: readonly Iovec[], skip: number, bytes: Uint8Array): void {
  let done = 0
  forEachPart(ranges, skip, bytes.length, (address, length) => {
    memory.writeBytes(address, bytes.subarray(done, done + length))
    done += length
  })
}

function forEachPart(
  ranges: readonly Iovec[],
  skip: number,
  length: number,
  visit: (address: number, length: number) => void,
): void {
  let before = skip
  let left = length
  for (const range of ranges) {
    if (left === 0) break
    if (before >= range.length) {
      before -= range.length
      continue
    }
    const part = Math.min(range.length - before, left)
    visit(range.address + before, part)
    before = 0
    left -= part
  }
}
