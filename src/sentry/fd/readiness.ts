// Waiting for readiness: what poll(2), select(2) and epoll_wait(2) share.

import {EBADF, EINVAL, Errno} from '../../abi/errno.ts'
import {POLLNVAL, withNormalBits} from '../../abi/poll.ts'
import {SIGNAL_SET_BYTES, SignalSet} from '../../abi/signal-set.ts'
import type {FileDescription} from '../../vfs/file.ts'
import {BLOCKED} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import type {WaitedFile} from '../core/wait.ts'

/** What a descriptor leads to now: poll(2) and select(2) look each one up in every pass. */
export function readinessAt(task: Task, fd: number): number {
  const description = task.fds.find(fd)
  return description === undefined ? POLLNVAL : readinessOf(description.file)
}

/** All of a file's poll bits. O_PATH descriptors have none. */
export function readinessOf(file: FileDescription): number {
  try {
    return withNormalBits(file.readiness())
  } catch (error) {
    if (error instanceof Errno && error.code === EBADF) return POLLNVAL
    throw error
  }
}

/**
 * Sleeps until `attempt` has an answer, or until the deadline, when attempt(true) gives it.
 * @param attempt BLOCKED: nothing is ready yet
 * @param finished called once, when the call ends, however it ends
 */
export function waitForReadiness(
  task: Task,
  files: readonly WaitedFile[],
  deadlineNs: number,
  attempt: (expired: boolean) => number,
  finished?: () => void,
): number {
  return task.block({
    files: eachOnce(files),
    ...(deadlineNs !== Number.POSITIVE_INFINITY && {deadlineNs}),
    restart: 'never',
    retry: (expired) => {
      const result = attempt(expired)
      if (result !== BLOCKED) finished?.()
      return result
    },
    ...(finished && {interrupted: finished}),
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
  if (size !== SIGNAL_SET_BYTES) throw new Errno(EINVAL)
  task.signals.setTemporaryMask(SignalSet.fromBytes(task.memory.readBytes(address, SIGNAL_SET_BYTES)))
}
