// Transfer: bytes between a file and guest memory: what read(2), write(2) and their vectored and positioned kin share.
// The fast paths, one range that moves at once, make nothing but the view.

import {EAGAIN, EPIPE, Errno} from '../../abi/errno.ts'
import {O_NONBLOCK, POLLIN, POLLOUT} from '../../abi/open-flags.ts'
import {SIGPIPE} from '../../abi/signal.ts'
import {PROT_READ, PROT_WRITE} from '../../platform/platform.ts'
import type {OpenFile} from '../../vfs/file.ts'
import type {Iovec} from '../memory/user-memory.ts'
import type {Task} from '../task.ts'
import {limitWrite} from './file-size-limit.ts'
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
  let moved: number
  try {
    const view = task.memory.view(address, length, PROT_WRITE)
    moved = file.read(view, position)
    if (moved < view.length || moved === length) return moved
  } catch (error) {
    if (!mayBlock(error, file)) throw error
    moved = 0
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
  const attempt = (): number => {
    try {
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
  const allowed = limitWrite(task, file, length, position)
  let moved: number
  try {
    moved = file.write(task.memory.view(address, allowed, PROT_READ), position)
    if (moved === allowed) return moved
  } catch (error) {
    if (!mayBlock(error, file)) throw brokenPipe(task, error)
    moved = 0
  }
  return writeRest(task, file, [{address, length: allowed}], position, moved)
}

/** What fits here is gathered first: it reaches a pipe or a terminal in one piece, as with Linux. */
const GATHER_BYTES = 64 * 1024
let gatherBuffer: Uint8Array | undefined

/** The same over several ranges. */
export function writeRanges(
  task: Task,
  file: OpenFile,
  ranges: readonly Iovec[],
  position: number | undefined,
): number {
  const total = sum(ranges)
  const allowed = limitWrite(task, file, total, position)
  const limited = allowed === total ? ranges : cut(ranges, allowed)
  if (allowed > GATHER_BYTES) return writeRest(task, file, limited, position, 0)

  let moved = 0
  try {
    moved = file.write(gather(task, limited, allowed), position)
    if (moved === allowed) return moved
  } catch (error) {
    if (!mayBlock(error, file)) throw brokenPipe(task, error)
  }
  return writeRest(task, file, limited, position, moved)
}

/** @throws Errno EFAULT when the first byte is not accessible */
function gather(task: Task, ranges: readonly Iovec[], total: number): Uint8Array {
  gatherBuffer ??= new Uint8Array(GATHER_BYTES)
  let filled = 0
  try {
    for (const {address, length} of ranges) {
      for (let done = 0; done < length; ) {
        const view = task.memory.view(address + done, length - done, PROT_READ)
        gatherBuffer.set(view, filled)
        filled += view.length
        done += view.length
      }
    }
  } catch (error) {
    if (filled === 0 || !(error instanceof Errno)) throw error
  }
  return gatherBuffer.subarray(0, Math.min(filled, total))
}

function writeRest(
  task: Task,
  file: OpenFile,
  ranges: readonly Iovec[],
  position: number | undefined,
  moved: number,
): number {
  const attempt = (): number => {
    try {
      for (const range of rest(ranges, moved)) {
        for (let done = 0; done < range.length; ) {
          const view = task.memory.view(range.address + done, range.length - done, PROT_READ)
          const count = file.write(view, position === undefined ? undefined : position + moved)
          if (count === 0) return moved
          moved += count
          done += count
        }
      }
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

/** Whether the task is to sleep over this failure. */
function mayBlock(error: unknown, file: OpenFile): boolean {
  return error instanceof Errno && error.code === EAGAIN && (file.flags & O_NONBLOCK) === 0
}

/** A write without a reader: the signal comes before the error. */
function brokenPipe(task: Task, error: unknown): unknown {
  if (error instanceof Errno && error.code === EPIPE) task.signals.raise(SIGPIPE)
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

export function sum(ranges: readonly Iovec[]): number {
  let total = 0
  for (const {length} of ranges) total += length
  return total
}
