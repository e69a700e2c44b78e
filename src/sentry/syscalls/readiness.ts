// Waiting for readiness: what poll(2), select(2) and epoll_wait(2) share.

import {EBADF, EINVAL, Errno} from '../../abi/errno.ts'
import {POLLNVAL, withNormalBits} from '../../abi/poll.ts'
import {SIGNAL_SET_BYTES, SignalSet} from '../../abi/signal-set.ts'
import type {FileDescription} from '../../vfs/file.ts'
import type {Task} from '../task.ts'
import {BLOCKED} from './syscall.ts'

export interface WatchedFile {
  readonly file: FileDescription
  readonly events: number
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
  files: readonly WatchedFile[],
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
function eachOnce(files: readonly WatchedFile[]): WatchedFile[] {
  const eventsOf = new Map<FileDescription, number>()
  for (const {file, events} of files) eventsOf.set(file, (eventsOf.get(file) ?? 0) | events)
  return Array.from(eventsOf, ([file, events]) => ({file, events}))
}

/** The signal mask of ppoll, pselect6 and epoll_pwait, in force until the call ends; address 0: none. @throws Errno EFAULT, EINVAL */
export function setMaskArgument(task: Task, address: number, size: number): void {
  if (address === 0) return
  if (size !== SIGNAL_SET_BYTES) throw new Errno(EINVAL)
  task.signals.setTemporaryMask(SignalSet.fromBytes(task.memory.readBytes(address, SIGNAL_SET_BYTES)))
}
