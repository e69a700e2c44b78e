// Pump: moves bytes from file to file inside the sentry: what sendfile(2), copy_file_range(2) and splice(2) share.

import {EAGAIN, EINVAL, EPIPE, Errno} from '../../abi/errno.ts'
import {S_IFDIR} from '../../abi/file-mode.ts'
import {IN_ACCESS, IN_MODIFY} from '../../abi/inotify.ts'
import {O_APPEND, O_NONBLOCK, POLLIN, POLLOUT} from '../../abi/open-flags.ts'
import {SIGPIPE} from '../../abi/signal.ts'
import {FULL_DEV, isDevice, NULL_DEV} from '../../vfs/devices.ts'
import type {FileDescription} from '../../vfs/file.ts'
import type {PipeEnd} from '../../vfs/pipe.ts'
import {clearSetId} from '../../vfs/set-id-bits.ts'
import {tell} from '../../vfs/watchers.ts'
import {nextSlice, SLICE_BYTES} from '../core/slices.ts'
import {BLOCKED} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {raiseOwn} from '../signals/own.ts'
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
export function fileSource(file: FileDescription, start: number): Source {
  return {file, peek: (target, moved) => file.read(target, start + moved), take: () => {}}
}

export function pipeSource(file: PipeEnd): Source {
  return {file, peek: (target) => file.pipe.peek(target), take: (count) => file.pipe.drop(count)}
}

interface Peekable extends FileDescription {
  /** Like `read`, but the bytes stay. */
  peek(target: Uint8Array): number
}

/** Closes descriptors that come with the bytes. */
export function socketSource(file: Peekable): Source {
  return {file, peek: (target) => file.peek(target), take: (count) => void file.read(new Uint8Array(count))}
}

/** A host stream, into a pipe. What was read cannot be put back, so no more is read than the pipe has room for. */
export function streamSource(file: FileDescription, {pipe}: PipeEnd): Source {
  const peek = (target: Uint8Array): number => {
    if (pipe.readers === 0) throw new Errno(EPIPE)
    const room = pipe.capacity - pipe.length
    if (room === 0) throw new Errno(EAGAIN)
    return file.read(target.subarray(0, room))
  }
  return {file, peek, take: () => {}}
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

/**
 * Moves up to `length` bytes. Sleeps until the first byte moves, then returns what moves at once.
 * @param finish called with the number of bytes when a slice or the call succeeds; its last result is the call's
 * @param nonBlocking EAGAIN instead of sleep, whatever the files say
 */
export function pump(
  task: Task,
  source: Source,
  sink: Sink,
  length: number,
  nonBlocking: boolean,
  finish: (moved: number) => number,
): number {
  let moved = 0
  const attempt = (): number => {
    const sliceEnd = Math.min(length, moved + SLICE_BYTES)
    const outcome = moveNow(task, source, sink, moved, sliceEnd, nonBlocking)
    if (outcome === BLOCKED) {
      return task.block({files: waitedFor(source, sink), restart: 'sa-restart', retry: attempt})
    }
    moved = outcome
    const result = finish(moved)
    const goesOn = moved >= sliceEnd && moved < length
    return goesOn ? nextSlice(task, attempt, {moved: () => moved}) : result
  }
  return attempt()
}

/** @returns how many bytes of the call have moved now; BLOCKED when none did and the task must sleep */
function moveNow(
  task: Task,
  source: Source,
  sink: Sink,
  before: number,
  end: number,
  nonBlocking: boolean,
): number {
  const buffer = spare ?? new Uint8Array(CHUNK)
  spare = undefined
  let moved = before
  try {
    while (moved < end) {
      const wanted = buffer.subarray(0, Math.min(buffer.length, end - moved))
      const count = source.peek(wanted, moved)
      if (count === 0) break
      const position = sink.position === undefined ? undefined : sink.position + moved
      const allowed = limitWrite(task, sink.file, count, position)
      clearSetId(task.credentials, sink.file.inode)
      const written = sink.file.write(wanted.subarray(0, allowed), position)
      source.take(written)
      tell(source.file.inode, IN_ACCESS, source.file.openedAt)
      tell(sink.file.inode, IN_MODIFY, sink.file.openedAt)
      moved += written
      if (written < count) break
    }
  } catch (error) {
    if (!(error instanceof Errno)) throw error
    if (error.code === EPIPE && signalsBrokenPipe(sink.file)) raiseOwn(task, SIGPIPE)
    if (moved > 0) return moved
    if (error.code !== EAGAIN || nonBlocking) throw error
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
