// mq_timedsend(2), mq_timedreceive(2).

import {opensForReading, opensForWriting} from '../../abi/access-mode.ts'
import {EAGAIN, EBADF, EINVAL, EMSGSIZE, Errno, ETIMEDOUT} from '../../abi/errno.ts'
import {MQ_PRIO_MAX} from '../../abi/ipc.ts'
import {O_NONBLOCK} from '../../abi/open-flags.ts'
import {CLOCK_REALTIME} from '../../abi/time.ts'
import {BLOCKED, type Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {attempt, type Continuation, continuation, type Wait} from '../core/wait.ts'
import type {PosixQueue, QueueMessage} from '../ipc/posix-queue.ts'
import {type PosixQueueDescription, queueFile} from '../ipc/posix-queue-description.ts'
import {sendMessage} from '../ipc/posix-queues.ts'
import {readEndNs} from '../time/time-argument.ts'

export const mqTimedsend: Syscall = (task, args) => {
  const length = args.address(2)
  const priority = args.uint32(3)
  const deadlineNs = readEndNs(task, args.address(4), CLOCK_REALTIME)
  if (priority >= MQ_PRIO_MAX) throw new Errno(EINVAL)
  const file = queueFile(task, args.int32(0))
  const queue = file.inode
  if (!opensForWriting(file.flags)) throw new Errno(EBADF)
  if (length > queue.messageBytes) throw new Errno(EMSGSIZE)
  const message = {priority, text: task.memory.readBytes(args.address(1), length)}
  return tryOrSleep(task, file, deadlineNs, sending, {queue, message})
}

const sending = continuation<{readonly queue: PosixQueue; readonly message: QueueMessage}>({
  name: 'mq_timedsend',
  resume: ({process, credentials}, {queue, message}, expired) => {
    if (queue.isFull) return fullOrEmpty(expired)
    sendMessage(queue, message, process, credentials.ruid)
    return 0
  },
})

export const mqTimedreceive: Syscall = (task, args) => {
  const address = args.address(1)
  const priorityAddress = args.address(3)
  const deadlineNs = readEndNs(task, args.address(4), CLOCK_REALTIME)
  const file = queueFile(task, args.int32(0))
  const queue = file.inode
  if (!opensForReading(file.flags)) throw new Errno(EBADF)
  if (args.address(2) < queue.messageBytes) throw new Errno(EMSGSIZE)
  const result = tryOrSleep(task, file, deadlineNs, receiving, {queue, address, priorityAddress})
  if (result === BLOCKED) queue.receivers++
  return result
}

interface Receiving {
  readonly queue: PosixQueue
  readonly address: number
  readonly priorityAddress: number
}

const receiving = continuation<Receiving>({
  name: 'mq_timedreceive',
  resume: ({memory}, {queue, address, priorityAddress}, expired) => {
    if (queue.count === 0) return fullOrEmpty(expired)
    // As in Linux, the message is lost when the memory is bad.
    const {priority, text} = queue.receive()
    if (priorityAddress !== 0) memory.writeUint32(priorityAddress, priority)
    memory.writeBytes(address, text)
    return text.length
  },
  ended: (_task, {queue}) => void queue.receivers--,
})

/** @throws Errno ETIMEDOUT */
function fullOrEmpty(expired: boolean | undefined): number {
  if (expired) throw new Errno(ETIMEDOUT)
  return BLOCKED
}

/** @returns its result, or BLOCKED. @throws Errno EAGAIN */
function tryOrSleep<Progress>(
  task: Task,
  {flags, inode}: PosixQueueDescription,
  deadlineNs: number,
  next: Continuation<Progress>,
  progress: Progress,
): number {
  const wait: Wait<Progress> = {queues: [inode.changed], deadlineNs, restart: 'sa-restart', next, progress}
  return attempt(task, wait, flags & O_NONBLOCK ? EAGAIN : undefined)
}
