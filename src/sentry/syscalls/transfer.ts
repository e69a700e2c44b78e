// Transfer: bytes between a file and guest memory: what read(2), write(2) and their vectored and positioned kin share.
// The fast paths, one range that lies in a row and moves at once, make nothing but the view.

import {EAGAIN, EPIPE, Errno} from '../../abi/errno.ts'
import {O_NONBLOCK, POLLIN, POLLOUT} from '../../abi/open-flags.ts'
import {SIGPIPE} from '../../abi/signal.ts'
import {PROT_READ, PROT_WRITE} from '../../platform/platform.ts'
import type {OpenFile} from '../../vfs/file.ts'
import type {Iovec} from '../memory/user-memory.ts'
import {raiseOwn} from '../signals/own.ts'
import type {Task} from '../task.ts'
import {limitWrite} from './file-size-limit.ts'
import {gather, SCRATCH_BYTES, scatterRead} from './scratch.ts'
import {clearSetIdForWrite} from './set-id-bits.ts'
import {BLOCKED} from './syscall.ts'

/**
 * Reads once into [address, address + length): a short count ends it.
 * @param length at most MAX_RW_COUNT
 * @param position undefined: the file offset
 */
export function readRange(
  task: Task,
  file: OpenFile,
  address: number,
  length: number,
  position: number | undefined,
): number {
  let moved = 0
  try {
    const view = task.memory.view(address, length, PROT_WRITE)
    if (view.length === length) return file.read(view, position)
    if (length > SCRATCH_BYTES) {
      moved = file.read(view, position)
      if (moved < view.length) return moved
    }
  } catch (error) {
    if (!mayBlock(error, file)) throw error
  }
  return readRanges(task, file, [{address, length}], position, moved)
}

/** The same over several ranges. `moved` bytes of them are filled already. */
export function readRanges(
  task: Task,
  file: OpenFile,
  ranges: readonly Iovec[],
  position: number | undefined,
  moved = 0,
): number {
  // Files of records (eventfd, timerfd) and terminals must see one read: what fits is read in one piece.
  const inOnePiece = moved === 0 && sum(ranges) <= SCRATCH_BYTES
  const attempt = (): number => {
    try {
      if (inOnePiece) return scatterRead(task.memory, file, ranges, position)
      for (const range of rest(ranges, moved)) {
        for (let done = 0; done < range.length; ) {
          const view = task.memory.view(range.address + done, range.length - done, PROT_WRITE)
          const count = file.read(view, position === undefined ? undefined : position + moved)
          moved += count
          done += count
          if (count < view.length) return moved
        }
      }
    } catch (error) {
      if (moved > 0 && error instanceof Errno) return moved
      if (mayBlock(error, file)) return BLOCKED
      throw error
    }
    return moved
  }

  const result = attempt()
  if (result !== BLOCKED) return result
  return task.block({files: [{file, events: POLLIN}], restart: 'sa-restart', retry: attempt})
}

/**
 * Writes all of [address, address + length), sleeping as often as it takes unless the file is non-blocking.
 * @param length at most MAX_RW_COUNT
 * @param position undefined: the file offset
 */
export function writeRange(
  task: Task,
  file: OpenFile,
  address: number,
  length: number,
  position: number | undefined,
): number {
  clearSetIdForWrite(task, file)
  const allowed = limitWrite(task, file, length, position)
  let moved = 0
  try {
    const view = task.memory.view(address, allowed, PROT_READ)
    if (view.length === allowed) {
      moved = file.write(view, position)
      if (moved === allowed) return moved
    }
  } catch (error) {
    if (!mayBlock(error, file)) throw brokenPipe(task, error)
  }
  return writeRest(task, file, [{address, length: allowed}], position, moved)
}

/** The same over several ranges. */
export function writeRanges(
  task: Task,
  file: OpenFile,
  ranges: readonly Iovec[],
  position: number | undefined,
): number {
  const total = sum(ranges)
  clearSetIdForWrite(task, file)
  const allowed = limitWrite(task, file, total, position)
  return writeRest(task, file, allowed === total ? ranges : cut(ranges, allowed), position, 0)
}

function writeRest(
  task: Task,
  file: OpenFile,
  ranges: readonly Iovec[],
  position: number | undefined,
  moved: number,
): number {
  const total = sum(ranges)
  if (file.discardsWrites) return total
  const attempt = (): number => {
    try {
      do {
        const bytes = nextPiece(task, file, rest(ranges, moved), total - moved)
        const count = file.write(bytes, position === undefined ? undefined : position + moved)
        if (count === 0) return moved
        moved += count
      } while (moved < total)
    } catch (error) {
      if (mayBlock(error, file)) return BLOCKED
      const failure = brokenPipe(task, error)
      if (moved > 0 && failure instanceof Errno) return moved
      throw failure
    }
    return moved
  }

  const result = attempt()
  if (result !== BLOCKED) return result
  return task.block({
    files: [{file, events: POLLOUT}],
    restart: 'sa-restart',
    retry: attempt,
    progress: () => moved,
  })
}

/** What fits is gathered first: it reaches a pipe or a terminal in one piece, as with Linux. */
function nextPiece(task: Task, file: OpenFile, ranges: readonly Iovec[], total: number): Uint8Array {
  if (total <= SCRATCH_BYTES && !file.writesRecords) return gather(task.memory, ranges, total)
  const first = ranges.find((range) => range.length > 0)!
  if (first.length <= SCRATCH_BYTES) return gather(task.memory, [first], first.length)
  const {address, length} = first
  return task.memory.view(address, length, PROT_READ)
}

/** Whether the task is to sleep over this failure. */
function mayBlock(error: unknown, file: OpenFile): boolean {
  return error instanceof Errno && error.code === EAGAIN && (file.flags & O_NONBLOCK) === 0
}

/** A write without a reader: the signal comes before the error. */
function brokenPipe(task: Task, error: unknown): unknown {
  if (error instanceof Errno && error.code === EPIPE) raiseOwn(task, SIGPIPE)
  return error
}

/** What lies behind the first `skip` bytes. */
function rest(ranges: readonly Iovec[], skip: number): readonly Iovec[] {
  if (skip === 0) return ranges
  const left: Iovec[] = []
  for (const {address, length} of ranges) {
    if (skip < length) left.push({address: address + skip, length: length - skip})
    skip = Math.max(0, skip - length)
  }
  return left
}

/** The first `length` bytes. */
function cut(ranges: readonly Iovec[], length: number): readonly Iovec[] {
  const kept: Iovec[] = []
  for (const range of ranges) {
    if (length === 0) break
    kept.push({address: range.address, length: Math.min(range.length, length)})
    length -= Math.min(range.length, length)
  }
  return kept
}

function sum(ranges: readonly Iovec[]): number {
  let total = 0
  for (const {length} of ranges) total += length
  return total
}
