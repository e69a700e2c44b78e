// Receives from a socket into guest memory: the one way that recv(2), recvmsg(2), read(2) and the like take.

import {EAGAIN, EOPNOTSUPP, Errno} from '../../abi/errno.ts'
import {O_NONBLOCK, POLLIN} from '../../abi/open-flags.ts'
import {MSG_DONTWAIT, MSG_OOB} from '../../abi/socket.ts'
import {type Iovec, totalLength} from '../core/iovec.ts'
import type {Task} from '../core/task.ts'
import {restartOf} from '../core/wait.ts'
import {copyOut} from '../memory/range-copy.ts'
import {Reading, receive} from './receive.ts'
import {deadlineOf} from './socket-argument.ts'
import type {SocketFile} from './socket-file.ts'

/**
 * @param finish stores what comes with the bytes, and returns the call's result. Called once, unless the call fails
 * @returns its result, or BLOCKED
 * @throws Errno as man 2 recv
 */
export function receiveMessage(
  task: Task,
  file: SocketFile,
  ranges: readonly Iovec[],
  flags: number,
  finish: (reading: Reading) => number,
): number {
  const {socket} = file
  if (flags & MSG_OOB) throw new Errno(EOPNOTSUPP)
  const mayWait = !(file.flags & O_NONBLOCK) && !(flags & MSG_DONTWAIT)
  const deadlineNs = deadlineOf(task, socket.options.receiveTimeoutNs)
  const put = (bytes: Uint8Array, at: number) => copyOut(task.memory, ranges, at, bytes)
  const allFlags = mayWait ? flags : flags | MSG_DONTWAIT
  const reading = new Reading(totalLength(ranges), allFlags, put)

  const attempt = (expired: boolean): number => {
    const isOver = receive(socket, reading)
    if (isOver || (reading.copied > 0 && (expired || !mayWait))) return finish(reading)
    if (expired || !mayWait) throw new Errno(EAGAIN)
    return task.block({
      files: [{file, events: POLLIN}],
      deadlineNs,
      restart: restartOf(deadlineNs),
      retry: attempt,
      progress: () => finishEarly(reading, finish),
    })
  }
  return attempt(false)
}

/** A signal ends the wait of a call that already has bytes. */
function finishEarly(reading: Reading, finish: (reading: Reading) => number): number {
  if (reading.copied === 0) return 0
  try {
    return finish(reading)
  } catch (error) {
    if (!(error instanceof Errno)) throw error
    return reading.result
  }
}
