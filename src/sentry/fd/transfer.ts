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
import {cut, type Iovec, rest, totalLength} from '../core/iovec.ts'
import {nextSlice, SLICE_BYTES} from '../core/slices.ts'
import {BLOCKED} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {type Continuation, continuation} from '../core/wait.ts'
import {raiseOwn} from '../signals/send.ts'
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
  if (file.receiveRange !== undefined) return length === 0 ? 0 : file.receiveRange(task, address, length)
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
  const beganNs = file.readDeadlineNs === undefined ? 0 : task.kernel.monotonicNs()
  return readOn(task, {file, ranges, total: totalLength(ranges), position, moved, beganNs})
}

interface Read {
  readonly file: FileDescription
  readonly ranges: readonly Iovec[]
  readonly total: number
  readonly position: number | undefined
  moved: number
  readonly beganNs: number
}

const reading = continuation<Read>({name: 'read', resume: readOn, bytesDone: (_task, {moved}) => moved})

function readOn(task: Task, read: Read): number {
  const {file, ranges, total, position} = read
  try {
    // Files of records (eventfd, timerfd) and terminals must see one read: a request that fits is read in one piece.
    if (total <= SCRATCH_BYTES) return accessed(file, scatterRead(task.memory, file, ranges, total, position))
    const sliceEnd = read.moved + SLICE_BYTES
    for (const range of rest(ranges, read.moved)) {
      for (let done = 0; done < range.length; ) {
        const view = task.memory.view(range.address + done, range.length - done, PROT_WRITE)
        const count = file.read(view, position === undefined ? undefined : position + read.moved)
        read.moved += count
        done += count
        if (count < view.length) return accessed(file, read.moved)
        if (read.moved >= sliceEnd && read.moved < total)
          return nextSlice(task, reading, read, isRegular(file))
      }
    }
  } catch (error) {
    if (read.moved > 0 && error instanceof Errno) return accessed(file, read.moved)
    const failure = readFailure(error, file)
    if (!mayBlock(failure, file)) throw failure
    return waitToRead(task, read, failure instanceof MustWait)
  }
  return accessed(file, read.moved)
}

/** Sleeps until there is something to read, or until the file's time is over: then what is there counts. */
function waitToRead(task: Task, read: Read, mustWait: boolean): number {
  const {file, beganNs} = read
  const deadlineNs = mustWait ? undefined : file.readDeadlineNs?.(beganNs)
  if (deadlineNs === undefined || deadlineNs > task.kernel.monotonicNs())
    return sleepOnFile(task, POLLIN, reading, read, deadlineNs)
  try {
    return withFlags(file, O_NONBLOCK, () => readOn(task, read))
  } catch (error) {
    if (error instanceof Errno && error.code === EAGAIN) return 0
    throw error
  }
}

/** Until the file may be ready. Continues the same wait, if there is one. */
function sleepOnFile<Progress extends {readonly file: FileDescription}>(
  task: Task,
  events: number,
  next: Continuation<Progress>,
  progress: Progress,
  deadlineNs?: number,
): number {
  const {wait} = task
  if (wait?.progress === progress && wait.files !== undefined && wait.deadlineNs === deadlineNs)
    return BLOCKED
  return task.block({
    files: [{file: progress.file, events}],
    ...(deadlineNs !== undefined && {deadlineNs}),
    restart: 'sa-restart',
    ...{next, progress},
  })
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
  if (file.sendRange !== undefined) return file.sendRange(task, address, length)
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
  const ranges = [{address, length: allowed}]
  return writeRest(task, {file, ranges, total: allowed, position, moved, statusFlags: 0, syncs: false})
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
  const syncs = (flags & (RWF_DSYNC | RWF_SYNC)) !== 0
  const allowedRanges = allowed === total ? ranges : cut(ranges, allowed)
  return writeRest(task, {
    file,
    ranges: allowedRanges,
    total: allowed,
    position,
    moved: 0,
    statusFlags,
    syncs,
  })
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

interface Write {
  readonly file: FileDescription
  readonly ranges: readonly Iovec[]
  readonly total: number
  readonly position: number | undefined
  moved: number
  /** O_APPEND: as if the file had it. */
  readonly statusFlags: number
  /** Syncs the file in the end. */
  readonly syncs: boolean
}

const writing = continuation<Write>({name: 'write', resume: writeOn, bytesDone: (_task, {moved}) => moved})

function writeRest(task: Task, write: Write): number {
  return write.file.discardsWrites ? write.total : writeOn(task, write)
}

function writeOn(task: Task, write: Write): number {
  const {file, ranges, total, position, statusFlags, syncs} = write
  const sliceEnd = write.moved + SLICE_BYTES
  try {
    do {
      if (write.moved >= sliceEnd) return nextSlice(task, writing, write, isRegular(file))
      const bytes = nextPiece(task, file, rest(ranges, write.moved), total - write.moved)
      const at = position === undefined ? undefined : position + write.moved
      const count =
        statusFlags === 0 ? file.write(bytes, at) : withFlags(file, statusFlags, () => file.write(bytes, at))
      if (count === 0) break
      write.moved += count
    } while (write.moved < total)
  } catch (error) {
    if (mayBlock(error, file)) return sleepOnFile(task, POLLOUT, writing, write)
    const failure = brokenPipe(task, error)
    if (write.moved === 0 || !(failure instanceof Errno)) throw failure
  }
  modified(file, write.moved)
  // Linux's streams and devices have nothing to sync, and report nothing.
  if (syncs && isRegular(file)) file.sync()
  return write.moved
}

/** As in Linux, only the end of the process ends the transfer of a file, but any signal ends that of a device or a pipe. */
function isRegular({inode}: FileDescription): boolean {
  return inode.kind === S_IFREG
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
