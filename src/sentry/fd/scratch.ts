// Scratch: one buffer through which non-contiguous guest memory reaches a file in one piece, and back.

import {EFAULT, EINVAL, Errno} from '../../abi/errno.ts'
import {PROT_READ, PROT_WRITE} from '../../platform/platform.ts'
import type {FileDescription} from '../../vfs/file.ts'
import type {Iovec} from '../core/iovec.ts'
import type {UserMemory} from '../memory/user-memory.ts'

export const SCRATCH_BYTES = 64 * 1024

let buffer: Uint8Array | undefined

/**
 * The bytes of the ranges, up to the first that is not accessible: a copy, unless they are contiguous. Valid until the next call, and
 * until the guest runs.
 * @param total the sum of the lengths, at most SCRATCH_BYTES
 * @throws Errno EFAULT when the first byte is not accessible
 */
export function gather(memory: UserMemory, ranges: readonly Iovec[], total: number): Uint8Array {
  const views = viewsOf(memory, ranges, PROT_READ)
  if (views.length === 1) return views[0]
  buffer ??= new Uint8Array(SCRATCH_BYTES)
  let filled = 0
  for (const view of views) {
    buffer.set(view, filled)
    filled += view.length
  }
  return buffer.subarray(0, Math.min(filled, total))
}

/**
 * Reads once, into as much of the ranges as is accessible.
 * @param total the sum of the lengths, at most SCRATCH_BYTES
 * @throws Errno EFAULT when the first byte is not accessible, and what the file throws
 */
export function scatterRead(
  memory: UserMemory,
  file: FileDescription,
  ranges: readonly Iovec[],
  total: number,
  position: number | undefined,
): number {
  buffer ??= new Uint8Array(SCRATCH_BYTES)
  const views = viewsOf(memory, ranges, PROT_WRITE)
  let room = 0
  for (const view of views) room += view.length
  const moved = readWhole(file, buffer.subarray(0, room), position, room < total)
  let done = 0
  for (const view of views) {
    view.set(buffer.subarray(done, Math.min(done + view.length, moved)))
    done += view.length
    if (done >= moved) break
  }
  return moved
}

/** A file of records was promised the room that it now lacks. */
function readWhole(
  file: FileDescription,
  target: Uint8Array,
  position: number | undefined,
  isCut: boolean,
): number {
  try {
    return file.read(target, position)
  } catch (error) {
    throw isCut && error instanceof Errno && error.code === EINVAL ? new Errno(EFAULT) : error
  }
}

function viewsOf(memory: UserMemory, ranges: readonly Iovec[], access: number): Uint8Array[] {
  const views: Uint8Array[] = []
  try {
    for (const {address, length} of ranges) {
      if (length === 0) continue
      let done = 0
      for (const view of memory.views(address, length, access)) {
        views.push(view)
        done += view.length
      }
      if (done < length) break
    }
  } catch (error) {
    if (views.length === 0 || !(error instanceof Errno)) throw error
  }
  return views
}
