// Pump: moves bytes from file to file inside the sentry: what sendfile(2), copy_file_range(2) and splice(2) share.

import {EAGAIN, EINVAL, EPIPE, Errno} from '../../abi/errno.ts'
import {S_IFDIR} from '../../abi/file-mode.ts'
import {IN_ACCESS, IN_MODIFY} from '../../abi/inotify.ts'
import {O_APPEND, O_NONBLOCK, POLLIN, POLLOUT} from '../../abi/open-flags.ts'
import {SIGPIPE} from '../../abi/signal.ts'
import {FULL_DEV, isDevice, NULL_DEV} from '../../vfs/devices.ts'
import type {FileDescription} from '../../vfs/file.ts'
import type {PipeDescription} from '../../vfs/pipe.ts'
import {clearSetId} from '../../vfs/set-id-bits.ts'
import {tell} from '../../vfs/watchers.ts'
import {nextSlice, SLICE_BYTES} from '../core/slices.ts'
import {BLOCKED} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {continuation} from '../core/wait.ts'
import {raiseOwn} from '../signals/send.ts'
import {limitWrite} from './transfer-limits.ts'

/** Where bytes come from. A source gives them up only after the sink has taken them. */
export interface Source {
  readonly file: FileDescription
  /** Up to `target.length` bytes, `moved` bytes after the start. @throws Errno EAGAIN */
  peek(target: Uint8Array, moved: number): number
  /** `count` bytes went to the sink. */
  take(count: number): void
}

/** A file with offsets, from `start` on; its own offset does not change. */
export class FileSource implements Source {
  readonly file: FileDescription
  readonly start: number

  constructor(file: FileDescription, start: number) {
    this.file = file
    this.start = start
  }

  peek(target: Uint8Array, moved: number): number {
    return this.file.read(target, this.start + moved)
  }

  take(): void {}
}

export class PipeSource implements Source {
  readonly file: PipeDescription

  constructor(file: PipeDescription) {
    this.file = file
  }

  peek(target: Uint8Array, _moved: number): number {
    return this.file.pipe.peek(target)
  }

  take(count: number): void {
    this.file.pipe.drop(count)
  }
}

/** What stays in the pipe is copied once, and no more than that: a pipe holds less than one slice, in which no other task runs. */
export class TeeSource extends PipeSource {
  override peek(target: Uint8Array, moved: number): number {
    return this.file.pipe.peek(target, moved)
  }

  override take(): void {}
}

interface Peekable extends FileDescription {
  peek(target: Uint8Array): number
}

export function isPeekable(file: FileDescription): file is Peekable {
  return file.peek !== undefined
}

/** Closes descriptors that come with the bytes. */
export class SocketSource implements Source {
  readonly file: Peekable

  constructor(file: Peekable) {
    this.file = file
  }

  peek(target: Uint8Array): number {
    return this.file.peek(target)
  }

  take(count: number): void {
    this.file.read(new Uint8Array(count))
  }
}

/** A host stream, into a pipe. What was read cannot be put back, so no more is read than the pipe has room for. */
export class StreamSource implements Source {
  readonly file: FileDescription
  readonly sink: PipeDescription

  constructor(file: FileDescription, sink: PipeDescription) {
    this.file = file
    this.sink = sink
  }

  peek(target: Uint8Array): number {
    const {pipe} = this.sink
    if (pipe.readers === 0) throw new Errno(EPIPE)
    const room = pipe.capacity - pipe.length
    if (room === 0) throw new Errno(EAGAIN)
    return this.file.read(target.subarray(0, room))
  }

  take(): void {}
}

/** `position` undefined: the file offset, or a stream. */
export interface Sink {
  readonly file: FileDescription
  readonly position: number | undefined
}

/** @throws Errno EINVAL for files that Linux does not splice from: directories, eventfds and the like, /dev/null */
export function requireSource({inode}: FileDescription): void {
  if (inode.kind === S_IFDIR || inode.kind === 0 || isDevice(inode, NULL_DEV)) throw new Errno(EINVAL)
}

/** @throws Errno EINVAL for files that Linux does not splice to: eventfds and the like, /dev/full, O_APPEND */
export function requireSink({inode, flags}: FileDescription): void {
  if (flags & O_APPEND || inode.kind === 0 || isDevice(inode, FULL_DEV)) throw new Errno(EINVAL)
}

const CHUNK = 64 * 1024
/** Taken while it is in use: a write may wake another call of this kind. */
let spare: Uint8Array | undefined

/** An offset that the call advances: at `address` in the guest, or, where that is 0, the file's own. */
export interface Offset {
  readonly file: FileDescription
  readonly address: number
  readonly start: number
}

interface Transfer {
  readonly source: Source
  readonly sink: Sink
  readonly length: number
  /** EAGAIN instead of sleep, whatever the files say. */
  readonly isNonBlocking: boolean
  /** What is stored when a slice or the call succeeds. */
  readonly offsets: readonly Offset[]
  moved: number
}

/** Moves up to `length` bytes. Sleeps until the first byte moves, then returns what moves at once; a blocking socket takes all. */
export function pump(task: Task, transfer: Omit<Transfer, 'moved'>): number {
  return pumpOn(task, {...transfer, moved: 0})
}

const pumping = continuation<Transfer>({name: 'pump', resume: pumpOn, bytesDone: (_task, {moved}) => moved})

function pumpOn(task: Task, transfer: Transfer): number {
  const {source, sink, length} = transfer
  const sliceEnd = Math.min(length, transfer.moved + SLICE_BYTES)
  const moved = moveNow(task, transfer, sliceEnd)
  if (moved === BLOCKED) {
    const files = waitedFor(source, sink)
    return task.block({files, restart: 'sa-restart', next: pumping, progress: transfer})
  }
  store(task, transfer, moved)
  return moved >= sliceEnd && moved < length ? nextSlice(task, pumping, transfer, false) : moved
}

function store(task: Task, transfer: Transfer, moved: number): void {
  transfer.moved = moved
  for (const {file, address, start} of transfer.offsets) {
    if (address === 0) file.position = start + moved
    else task.memory.writeInt64(address, start + moved)
  }
}

/** sendmsg in Linux sleeps until the socket has taken all. */
function waitsForAll({sink, isNonBlocking}: Transfer): boolean {
  return sink.file.socket !== undefined && !isNonBlocking && !(sink.file.flags & O_NONBLOCK)
}

/** @returns how many bytes of the call have moved now; BLOCKED when none did and the task must sleep */
function moveNow(task: Task, transfer: Transfer, end: number): number {
  const {source, sink, moved: before, isNonBlocking} = transfer
  const buffer = spare ?? new Uint8Array(CHUNK)
  spare = undefined
  let moved = before
  let isSinking = false
  try {
    while (moved < end) {
      isSinking = false
      const wanted = buffer.subarray(0, Math.min(buffer.length, end - moved))
      const count = source.peek(wanted, moved)
      if (count === 0) break
      const position = sink.position === undefined ? undefined : sink.position + moved
      const allowed = limitWrite(task, sink.file, count, position)
      clearSetId(task.credentials, sink.file.inode)
      isSinking = true
      const written = sink.file.write(wanted.subarray(0, allowed), position)
      source.take(written)
      tell(source.file.inode, IN_ACCESS, source.file.openedAt)
      tell(sink.file.inode, IN_MODIFY, sink.file.openedAt)
      moved += written
      if (written < count && !waitsForAll(transfer)) break
    }
  } catch (error) {
    if (!(error instanceof Errno)) throw error
    if (error.code === EPIPE && signalsBrokenPipe(sink.file)) raiseOwn(task, SIGPIPE)
    if (moved > 0) {
      if (error.code !== EAGAIN || !isSinking || !waitsForAll(transfer)) return moved
      store(task, transfer, moved)
      return BLOCKED
    }
    if (error.code !== EAGAIN || isNonBlocking) throw error
    if ((source.file.flags | sink.file.flags) & O_NONBLOCK) throw error
    return BLOCKED
  } finally {
    spare = buffer
  }
  return moved
}

/** Of sockets, only streams do. */
function signalsBrokenPipe({socket}: FileDescription): boolean {
  return socket === undefined || socket.isStream
}

/** The side that is not ready, and maybe the other side next: both, unless a ready host descriptor would wake at once. */
function waitedFor(source: Source, sink: Sink): {file: FileDescription; events: number}[] {
  const reads = {file: source.file, events: POLLIN}
  const writes = {file: sink.file, events: POLLOUT}
  if (source.file.hostFd === undefined && sink.file.hostFd === undefined) return [reads, writes]
  return source.file.readiness() & POLLIN ? [writes] : [reads]
}
