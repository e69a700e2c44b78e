// Copies between one piece of the sentry's memory and a vector of the guest's, for data that is all or nothing.

import {EFAULT, Errno} from '../../abi/errno.ts'
import {PROT_READ} from '../../platform/platform.ts'
import {cut, type Iovec, rest} from '../core/iovec.ts'
import {unlessErrno} from '../core/unless-errno.ts'
import type {UserMemory} from './user-memory.ts'

const NOTHING = new Uint8Array(0)

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

/** What takes bytes in order, and keeps a copy. */
export interface ByteStore {
  append(bytes: Uint8Array): void
}

/**
 * Appends `length` bytes of the ranges, from byte `skip` on, as they lie in the guest's memory.
 * @returns how many: fewer where memory ends after some @throws Errno EFAULT when there is none; what `append` throws
 */
export function appendFrom(
  store: ByteStore,
  memory: UserMemory,
  ranges: readonly Iovec[],
  skip: number,
  length: number,
): number {
  let done = 0
  let before = skip
  for (const range of ranges) {
    const start = Math.min(before, range.length)
    before -= start
    const end = Math.min(range.length, start + length - done)
    for (let at = start; at < end; ) {
      const view = viewOrNothing(memory, range.address + at, end - at, done > 0)
      if (view === undefined) return done
      store.append(view)
      at += view.length
      done += view.length
    }
    if (done === length) return done
  }
  throw new Errno(EFAULT)
}

/** @throws Errno EFAULT, unless `mayEnd` */
function viewOrNothing(
  memory: UserMemory,
  address: number,
  length: number,
  mayEnd: boolean,
): Uint8Array | undefined {
  try {
    return memory.view(address, length, PROT_READ)
  } catch (error) {
    if (mayEnd && error instanceof Errno) return undefined
    throw error
  }
}

/** The first contiguous bytes of the ranges, from byte `skip` on. @param access PROT_READ or PROT_WRITE @throws Errno EFAULT */
export function viewAt(
  memory: UserMemory,
  ranges: readonly Iovec[],
  skip: number,
  access: number,
): Uint8Array {
  let before = skip
  for (const {address, length} of ranges) {
    if (before < length) return memory.view(address + before, length - before, access)
    before -= length
  }
  return NOTHING
}

/** The first `most` bytes of the ranges, where they lie: fewer where memory ends. @param access PROT_READ or PROT_WRITE */
export function piecesOf(
  memory: UserMemory,
  ranges: readonly Iovec[],
  most: number,
  access: number,
): Uint8Array[] {
  const pieces: Uint8Array[] = []
  for (const {address, length} of cut(ranges, most)) {
    const views = unlessErrno(() => memory.views(address, length, access)) ?? []
    pieces.push(...views)
    if (bytesIn(views) < length) break
  }
  return pieces
}

export function bytesIn(pieces: readonly Uint8Array[]): number {
  let bytes = 0
  for (const {length} of pieces) bytes += length
  return bytes
}

/** Copies the bytes to byte `skip` of the ranges and after it; there is room for them. @throws Errno EFAULT */
export function copyOut(memory: UserMemory, ranges: readonly Iovec[], skip: number, bytes: Uint8Array): void {
  let done = 0
  for (const {address, length} of cut(rest(ranges, skip), bytes.length)) {
    memory.writeBytes(address, bytes.subarray(done, done + length))
    done += length
  }
}
