// connect(2).

import {EAGAIN, Errno} from '../../abi/errno.ts'
import {O_NONBLOCK} from '../../abi/open-flags.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {continuation, restartOf} from '../core/wait.ts'
import {openFile} from '../fd/descriptor-argument.ts'
import type {Socket} from '../net/socket.ts'
import {deadlineOf, readAddress, requireSocket} from '../net/socket-argument.ts'
import {requirePeerPromise} from '../pledge/socket-promises.ts'

/** The address is read before the descriptor is checked to be a socket. */
export const connect: Syscall = (task, args) => {
  const file = openFile(task, args.int32(0))
  const address = readAddress(task, args.address(1), args.int32(2))
  const {socket, flags} = requireSocket(file)
  requirePeerPromise(task, socket.family, address)
  const deadlineNs = deadlineOf(task, socket.options.sendTimeoutNs)
  const hasBegun = socket.isConnecting === true
  return proceed(task, {socket, address, hasBegun, mayWait: !(flags & O_NONBLOCK), deadlineNs})
}

interface Attempt {
  readonly socket: Socket
  readonly address: Uint8Array
  /** By another call. */
  readonly hasBegun: boolean
  readonly mayWait: boolean
  readonly deadlineNs: number
}

const next = continuation<Attempt>({name: 'connect', resume: proceed})

/** After a wait, the address may lead elsewhere. */
function proceed(task: Task, attempt: Attempt, expired = false): number {
  const {socket, address, hasBegun, mayWait, deadlineNs} = attempt
  const waits = mayWait && !expired
  const queues = socket.connect(task, address, waits, expired && !hasBegun)
  if (queues === undefined) return 0
  if (!waits) throw new Errno(EAGAIN)
  return task.block({queues, deadlineNs, restart: restartOf(deadlineNs), next, progress: attempt})
}
