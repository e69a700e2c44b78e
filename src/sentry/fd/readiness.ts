// Waiting for readiness: what poll(2), select(2) and epoll_wait(2) share.

import {EBADF, Errno} from '../../abi/errno.ts'
import {POLLNVAL, withNormalBits} from '../../abi/poll.ts'
import type {FileDescription} from '../../vfs/file.ts'
import {BLOCKED} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {type Continuation, continuation, type WaitedFile} from '../core/wait.ts'
import {readSignalSet} from '../signals/signal-argument.ts'
import {type TimeLimit, writeRemaining} from '../time/time-argument.ts'

/** What a descriptor leads to now: poll(2) and select(2) look each one up in every pass. */
export function readinessAt(task: Task, fd: number): number {
  const description = task.fds.find(fd)
  return description === undefined ? POLLNVAL : readinessOf(description.file)
}

/** All of a file's poll bits. O_PATH descriptors have none. */
function readinessOf(file: FileDescription): number {
  try {
    return withNormalBits(file.readiness())
  } catch (error) {
    if (error instanceof Errno && error.code === EBADF) return POLLNVAL
    throw error
  }
}

/** A call that waits for files to be ready. */
export interface ReadinessWait {
  readonly limit: TimeLimit
}

/** @param attempt BLOCKED: nothing is ready yet. At the deadline, when `expired`, it has the answer */
export function readinessWait<Progress extends ReadinessWait>(
  name: string,
  attempt: (task: Task, progress: Progress, expired: boolean) => number,
): Continuation<Progress> {
  return continuation<Progress>({
    name,
    resume: (task, progress, expired = false) => {
      const result = attempt(task, progress, expired)
      if (result !== BLOCKED) writeRemaining(task, progress.limit)
      return result
    },
    interrupted: (task, {limit}) => writeRemaining(task, limit),
  })
}

/** Sleeps until one of the files is ready, or until the deadline. */
export function sleepOnFiles<Progress extends ReadinessWait>(
  task: Task,
  files: readonly WaitedFile[],
  next: Continuation<Progress>,
  progress: Progress,
): number {
  const {deadlineNs} = progress.limit
  return task.block({
    files: eachOnce(files),
    ...(deadlineNs !== Number.POSITIVE_INFINITY && {deadlineNs}),
    restart: 'never',
    ...{next, progress},
  })
}

/** A guest may name a file as often as it likes. */
function eachOnce(files: readonly WaitedFile[]): WaitedFile[] {
  const once = new Map<FileDescription, WaitedFile>()
  for (const waited of files) {
    const events = waited.events | (once.get(waited.file)?.events ?? 0)
    once.set(waited.file, {...waited, events})
  }
  return [...once.values()]
}

/** The signal mask of ppoll, pselect6 and epoll_pwait, in force until the call ends; address 0: none. @throws Errno EFAULT, EINVAL */
export function setMaskArgument(task: Task, address: number, size: number): void {
  if (address === 0) return
  task.signals.setTemporaryMask(readSignalSet(task, address, size))
}
