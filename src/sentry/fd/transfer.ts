// Transfer: bytes between a file and guest memory: what read(2), write(2) and their vectored and positioned forms share.
// The fast paths, for one contiguous range that moves at once, make nothing but the view.

import {EAGAIN, EFAULT, EPIPE, Errno} from '../../abi/errno.ts'
import {S_IFREG} from '../../abi/file-mode.ts'
import {IN_ACCESS, IN_MODIFY} from '../../abi/inotify.ts'
import {RWF_APPEND, RWF_DSYNC, RWF_SYNC} from '../../abi/iovec.ts'
import {O_APPEND, O_NONBLOCK, POLLHUP, POLLIN, POLLOUT} from '../../abi/open-flags.ts'
import {SIGPIPE} from '../../abi/signal.ts'
import {PROT_READ, PROT_WRITE} from '../../platform/platform.ts'
import type {FileDescription} from '../../vfs/file.ts'
import {MustWait} from '../../vfs/must-wait.ts'
import {clearSetId} from '../../vfs/set-id-bits.ts'
import {tell} from '../../vfs/watchers.ts'
import type {Iovec} from '../core/iovec.ts'
import {nextSlice, SLICE_BYTES, type SliceOptions} from '../core/slices.ts'
import type {Task} from '../core/task.ts'
import type {Wait} from '../core/wait.ts'
import {raiseOwn} from '../signals/own.ts'
import {gather, SCRATCH_BYTES, scatterRead} from './scratch.ts'
import {limitWrite} from './transfer-limits.ts'

/**
 * Reads once into [address, address + length): a short count ends it.
 * @param length at most MAX_RW_COUNT
 * @param position undefined: the file offset
 */
export function readRange(
  task: Task,
  file: FileDescription,
  address: number,
  length: number,
  position: number | undefined,
): number {
  if (file.receive !== undefined) return readRanges(task, file, [{address, length}], position)
  let moved = 0
  try {
    const view = task.memory.view(address, length, PROT_WRITE)
    if (view.length === length) return accessed(file, file.read(view, position))
    if (length > SCRATCH_BYTES) {
      moved = file.read(view, position)
      if (moved < view.length) return accessed(file, moved)
    }
  } catch (error) {
    task.memory.check(address, length)
    const failure = readFailure(error, file)
    if (!mayBlock(failure, file)) throw failure
  }
  return readRanges(task, file, [{address, length}], position, moved)
}

/** The same over several ranges, of which `moved` bytes are filled already. */
export function readRanges(
  task: Task,
  file: FileDescription,
  ranges: readonly Iovec[],
  position: number | undefined,
  moved = 0,
): number {
  if (file.receive !== undefined) return totalLength(ranges) === 0 ? 0 : file.receive(task, ranges)
  // Files of records (eventfd, timerfd) and terminals must see one read: a request that fits is read in one piece.
  const total = totalLength(ranges)
  const inOnePiece = moved === 0 && total <= SCRATCH_BYTES
  const progress = (): number => moved
  const attempt = (): number => {
    try {
      if (inOnePiece) return accessed(file, scatterRead(task.memory, file, ranges, total, position))
      const sliceEnd = moved + SLICE_BYTES
      for (const range of rest(ranges, moved)) {
        for (let done = 0; done < range.length; ) {
          const view = task.memory.view(range.address + done, range.length - done, PROT_WRITE)
          const count = file.read(view, position === undefined ? undefined : position + moved)
          moved += count
          done += count
          if (count < view.length) return accessed(file, moved)
          if (moved >= sliceEnd && moved < total) {
            return nextSlice(task, attempt, interruptible(file, progress))
          }
        }
      }
    } catch (error) {
      if (moved > 0 && error instanceof Errno) return accessed(file, moved)
      const failure = readFailure(error, file)
      if (!mayBlock(failure, file)) throw failure
      return failure instanceof MustWait ? task.block(wait) : waitToRead(task, file, beganNs, wait)
    }
    return accessed(file, moved)
  }

  const beganNs = file.readDeadlineNs === undefined ? 0 : task.kernel.monotonicNs()
  const wait: Wait = {files: [{file, events: POLLIN}], restart: 'sa-restart', retry: attempt}
  return attempt()
}

/** Sleeps until there is something to read, or until the file's time is over: then what is there counts. */
function waitToRead(task: Task, file: FileDescription, beganNs: number, wait: Wait): number {
  const deadlineNs = file.readDeadlineNs?.(beganNs)
  if (deadlineNs === undefined) return task.block(wait)
  if (deadlineNs > task.kernel.monotonicNs()) {
    // Continues the same wait, if possible.
    const before = task.wait
    const isSame = before?.retry === wait.retry && before.deadlineNs === deadlineNs
    return task.block(isSame ? before : {...wait, deadlineNs})
  }
  try {
    return withFlags(file, O_NONBLOCK, () => wait.retry(true))
  } catch (error) {
    if (error instanceof Errno && error.code === EAGAIN) return 0
    throw error
  }
}

/**
 * Writes all of [address, address + length), sleeping as often as it takes unless the file is non-blocking.
 * @param length at most MAX_RW_COUNT
 * @param position undefined: the file offset
 */
export function writeRange(
  task: Task,
  file: FileDescription,
  address: number,
  length: number,
  position: number | undefined,
): number {
  if (file.send !== undefined) return file.send(task, [{address, length}])
  const allowed = limitWrite(task, file, length, position)
  if (allowed > 0) clearSetId(task.credentials, file.inode)
  let moved = 0
  try {
    const view = task.memory.view(address, allowed, PROT_READ)
    if (view.length === allowed) {
      moved = file.write(view, position)
      if (moved === allowed) return modified(file, moved)
    }
  } catch (error) {
    if (!mayBlock(error, file)) throw brokenPipe(task, error)
  }
  return writeRest(task, file, [{address, length: allowed}], position, moved)
}

/** The same over several ranges. `flags`: pwritev2's RWF_APPEND, RWF_DSYNC, RWF_SYNC. */
export function writeRanges(
  task: Task,
  file: FileDescription,
  ranges: readonly Iovec[],
  position: number | undefined,
  flags = 0,
): number {
  const total = totalLength(ranges)
  // A write(2) of no bytes makes no record, and empty ranges are nothing to write.
  if (total === 0 && (file.writesRecords || file.send !== undefined)) return 0
  if (file.send !== undefined) return file.send(task, ranges)
  const statusFlags = flags & RWF_APPEND ? O_APPEND : 0
  const allowed = withFlags(file, statusFlags, () => limitWrite(task, file, total, position))
  if (allowed > 0) clearSetId(task.credentials, file.inode)
  const finish = (moved: number): number => {
    // Linux's streams and devices have nothing to sync, and report nothing.
    if (flags & (RWF_DSYNC | RWF_SYNC) && file.inode.kind === S_IFREG) file.sync()
    return moved
  }
  const writer: Writer = {
    write: (bytes, at) => withFlags(file, statusFlags, () => file.write(bytes, at)),
    finish,
  }
  return writeRest(task, file, allowed === total ? ranges : cut(ranges, allowed), position, 0, writer)
}

/** Status flags that are set for one step. */
export function withFlags(file: FileDescription, flags: number, step: () => number): number {
  const before = file.flags
  file.flags |= flags
  try {
    return step()
  } finally {
    file.flags = before
  }
}

/** How the rest of a write reaches its file. */
interface Writer {
  write(bytes: Uint8Array, position: number | undefined): number
  finish(moved: number): number
}

function writeRest(
  task: Task,
  file: FileDescription,
  ranges: readonly Iovec[],
  position: number | undefined,
  moved: number,
  writer: Writer = {write: (bytes, at) => file.write(bytes, at), finish: (count) => count},
): number {
  const total = totalLength(ranges)
  if (file.discardsWrites) return total
  const progress = (): number => moved
  const attempt = (): number => {
    const sliceEnd = moved + SLICE_BYTES
    try {
      do {
        if (moved >= sliceEnd) return nextSlice(task, attempt, interruptible(file, progress))
        const bytes = nextPiece(task, file, rest(ranges, moved), total - moved)
        const count = writer.write(bytes, position === undefined ? undefined : position + moved)
        if (count === 0) break
        moved += count
      } while (moved < total)
    } catch (error) {
      if (mayBlock(error, file)) return task.block(wait)
      const failure = brokenPipe(task, error)
      if (moved === 0 || !(failure instanceof Errno)) throw failure
    }
    return writer.finish(modified(file, moved))
  }
  const wait: Wait = {
    files: [{file, events: POLLOUT}],
    restart: 'sa-restart',
    retry: attempt,
    progress,
  }
  return attempt()
}

/** As in Linux, only the end of the process ends the transfer of a file, but any signal ends that of a device or a pipe. */
function interruptible(file: FileDescription, moved: () => number): SliceOptions {
  return file.inode.kind === S_IFREG ? {} : {moved}
}

/** A request that fits is gathered first: it reaches a pipe or a terminal in one piece, as in Linux. */
function nextPiece(task: Task, file: FileDescription, ranges: readonly Iovec[], total: number): Uint8Array {
  if (total <= SCRATCH_BYTES && !file.writesRecords) return gather(task.memory, ranges, total)
  const first = ranges.find((range) => range.length > 0)!
  if (first.length <= SCRATCH_BYTES) {
    const piece = gather(task.memory, [first], first.length)
    // A record cannot be written in part.
    if (file.writesRecords && piece.length < first.length) throw new Errno(EFAULT)
    return piece
  }
  const {address, length} = first
  return task.memory.view(address, length, PROT_READ)
}

/** A file with nothing to give reports that before it looks at the buffer. */
function readFailure(error: unknown, file: FileDescription): unknown {
  const isFault = error instanceof Errno && error.code === EFAULT
  return isFault && (file.readiness() & (POLLIN | POLLHUP)) === 0 ? new Errno(EAGAIN) : error
}

/** Whether the task must sleep after this failure. */
function mayBlock(error: unknown, file: FileDescription): boolean {
  if (!(error instanceof Errno) || error.code !== EAGAIN) return false
  return error instanceof MustWait || (file.flags & O_NONBLOCK) === 0
}

/** A write without a reader: the signal comes before the error. */
function brokenPipe(task: Task, error: unknown): unknown {
  if (error instanceof Errno && error.code === EPIPE) raiseOwn(task, SIGPIPE)
  return error
}

/** Tells the file's watchers what was read. */
function accessed(file: FileDescription, moved: number): number {
  if (moved > 0) tell(file.inode, IN_ACCESS, file.openedAt)
  return moved
}

function modified(file: FileDescription, moved: number): number {
  if (moved > 0) tell(file.inode, IN_MODIFY, file.openedAt)
  return moved
}

/** The ranges after the first `skip` bytes. */
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

export function totalLength(ranges: readonly Iovec[]): number {
  let total = 0
  for (const {length} of ranges) total += length
  return total
}
