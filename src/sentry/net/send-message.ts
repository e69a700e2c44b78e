// Sends guest memory through a socket: the one way that send(2), sendmsg(2), write(2) and the like take.

import {EAGAIN, Errno} from '../../abi/errno.ts'
import type {Task} from '../core/task.ts'
import {continuation, restartOf} from '../core/wait.ts'
import {type Outgoing, Sending} from './sending.ts'
import type {OpenSocket} from './socket-argument.ts'

/** @returns bytes that were sent, or BLOCKED @throws Errno as man 2 send */
export function sendMessage(task: Task, file: OpenSocket, outgoing: Outgoing): number {
  return proceed(task, new Sending(task, file, outgoing))
}

const next = continuation<Sending>({name: 'send', resume: proceed, bytesDone: (_task, {sent}) => sent})

function proceed(task: Task, sending: Sending, expired = false): number {
  const {socket, outgoing, mayWait, deadlineNs} = sending
  try {
    const queues = socket.send(sending)
    if (queues !== undefined) {
      if (expired || !mayWait) throw new Errno(EAGAIN)
      sending.hasWaited = true
      return task.block({queues, deadlineNs, restart: restartOf(deadlineNs), next, progress: sending})
    }
  } catch (error) {
    if (sending.sent === 0 || !(error instanceof Errno)) throw error
  }
  const {resultAddress} = outgoing
  if (resultAddress !== undefined) task.memory.writeUint32(resultAddress, sending.sent)
  return sending.sent
}
