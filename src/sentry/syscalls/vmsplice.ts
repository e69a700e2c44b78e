// vmsplice(2). Bytes are copied: a pipe holds no pages here.

import {opensForReading, opensForWriting} from '../../abi/access-mode.ts'
import {EAGAIN, EBADF, EINVAL, EPIPE, Errno} from '../../abi/errno.ts'
import {SPLICE_F_NONBLOCK, SPLICE_FLAGS} from '../../abi/iovec.ts'
import {POLLIN, POLLOUT} from '../../abi/open-flags.ts'
import {SIGPIPE} from '../../abi/signal.ts'
import {PROT_READ, PROT_WRITE} from '../../platform/platform.ts'
import {PipeDescription} from '../../vfs/pipe.ts'
import type {Iovec} from '../core/iovec.ts'
import {BLOCKED, type Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {attempt, continuation, type Wait} from '../core/wait.ts'
import {openFile} from '../fd/descriptor-argument.ts'
import {raiseOwn} from '../signals/send.ts'

/** Waits for the first byte, or room for it, even with O_NONBLOCK: only SPLICE_F_NONBLOCK counts. */
export const vmsplice: Syscall = (task, args) => {
  const file = openFile(task, args.int32(0))
  const flags = args.uint32(3)
  if (flags & ~SPLICE_FLAGS) throw new Errno(EINVAL)
  const fills = opensForWriting(file.flags)
  if (!fills && !opensForReading(file.flags)) throw new Errno(EBADF)
  if (!(file instanceof PipeDescription)) throw new Errno(EBADF)
  const ranges = task.memory.readIovecs(args.address(1), args.uint32(2)).filter(({length}) => length > 0)
  if (ranges.length === 0) return 0

  const files = [{file, events: fills ? POLLOUT : POLLIN}]
  const progress = {file, ranges, fills}
  const wait: Wait<Splicing> = {files, restart: 'sa-restart', next: splicing, progress}
  return attempt(task, wait, flags & SPLICE_F_NONBLOCK ? EAGAIN : undefined)
}

interface Splicing {
  readonly file: PipeDescription
  readonly ranges: readonly Iovec[]
  /** Into the pipe. */
  readonly fills: boolean
}

const splicing = continuation<Splicing>({name: 'vmsplice', resume: spliceOn})

function spliceOn(task: Task, {file, ranges, fills}: Splicing): number {
  return fills ? fill(task, file, ranges) : drain(task, file, ranges)
}

/** Puts in as much as fits. @throws Errno EPIPE, EFAULT */
function fill(task: Task, {pipe}: PipeDescription, ranges: readonly Iovec[]): number {
  if (pipe.readers === 0) {
    raiseOwn(task, SIGPIPE)
    throw new Errno(EPIPE)
  }
  if (pipe.length === pipe.capacity) return BLOCKED
  return moveRanges(task, ranges, PROT_READ, (view) => {
    const room = pipe.capacity - pipe.length
    return room === 0 ? 0 : pipe.write(view.length > room ? view.subarray(0, room) : view)
  })
}

/** @throws Errno EFAULT */
function drain(task: Task, {pipe}: PipeDescription, ranges: readonly Iovec[]): number {
  if (pipe.length === 0) return pipe.writers === 0 ? 0 : BLOCKED
  return moveRanges(task, ranges, PROT_WRITE, (view) => (pipe.length === 0 ? 0 : pipe.read(view)))
}

/** Moves until `move` takes less than it is given, or memory ends. @throws Errno EFAULT when it ends at once */
function moveRanges(
  task: Task,
  ranges: readonly Iovec[],
  access: number,
  move: (view: Uint8Array) => number,
): number {
  let moved = 0
  try {
    for (const {address, length} of ranges) {
      for (let done = 0; done < length; ) {
        const view = task.memory.view(address + done, length - done, access)
        const count = move(view)
        moved += count
        done += count
        if (count < view.length) return moved
      }
    }
  } catch (error) {
    if (moved === 0 || !(error instanceof Errno)) throw error
  }
  return moved
}
