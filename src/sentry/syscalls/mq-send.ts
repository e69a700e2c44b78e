// mq_timedsend(2), mq_timedreceive(2).

import {opensForReading, opensForWriting} from '../../abi/access-mode.ts'
import {EAGAIN, EBADF, EINVAL, EMSGSIZE, Errno, ETIMEDOUT} from '../../abi/errno.ts'
import {MQ_PRIO_MAX} from '../../abi/mqueue.ts'
import {O_NONBLOCK} from '../../abi/open-flags.ts'
import {CLOCK_REALTIME} from '../../abi/time.ts'
import {BLOCKED, type Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {type PosixQueueFile, queueFile} from '../ipc/posix-queue-file.ts'
import {sendMessage} from '../ipc/posix-queues.ts'
import {monotonicDeadlineNs} from '../time/clocks.ts'
import {readTimespec} from '../time/time-argument.ts'

export const mqTimedsend: Syscall = (task, args) => {
  const length = args.address(2)
  const priority = args.uint32(3)
  const deadlineNs = readDeadline(task, args.address(4))
  if (priority >= MQ_PRIO_MAX) throw new Errno(EINVAL)
  const file = queueFile(task, args.int32(0))
  const queue = file.inode
  if (!opensForWriting(file.flags)) throw new Errno(EBADF)
  if (length > queue.messageBytes) throw new Errno(EMSGSIZE)
  const message = {priority, text: task.memory.readBytes(args.address(1), length)}
  const {process, credentials} = task
  const attempt = (): number => {
    if (queue.isFull) return BLOCKED
    sendMessage(queue, message, process, credentials.ruid)
    return 0
  }

  const result = attempt()
  return result === BLOCKED ? sleep(task, file, deadlineNs, attempt) : result
}

export const mqTimedreceive: Syscall = (task, args) => {
  const address = args.address(1)
  const priorityAddress = args.address(3)
  const deadlineNs = readDeadline(task, args.address(4))
  const file = queueFile(task, args.int32(0))
  const queue = file.inode
  if (!opensForReading(file.flags)) throw new Errno(EBADF)
  if (args.address(2) < queue.messageBytes) throw new Errno(EMSGSIZE)
  const attempt = (): number => {
    if (queue.count === 0) return BLOCKED
    // As in Linux, the message is lost when the memory is bad.
    const {priority, text} = queue.receive()
    if (priorityAddress !== 0) task.memory.writeUint32(priorityAddress, priority)
    task.memory.writeBytes(address, text)
    return text.length
  }

  const result = attempt()
  if (result !== BLOCKED) return result
  if (!(file.flags & O_NONBLOCK)) queue.receivers++
  return sleep(task, file, deadlineNs, attempt, () => queue.receivers--)
}

/** @param ended called when a sleep is over. @throws Errno EAGAIN */
function sleep(
  task: Task,
  {flags, inode}: PosixQueueFile,
  deadlineNs: number,
  attempt: () => number,
  ended?: () => void,
): number {
  if (flags & O_NONBLOCK) throw new Errno(EAGAIN)
  return task.block({
    queues: [inode.changed],
    deadlineNs,
    restart: 'sa-restart',
    retry: (expired) => {
      const result = attempt()
      if (result === BLOCKED && expired) throw new Errno(ETIMEDOUT)
      return result
    },
    ended,
  })
}

/** @throws Errno EFAULT, EINVAL */
function readDeadline(task: Task, address: number): number {
  if (address === 0) return Number.POSITIVE_INFINITY
  return monotonicDeadlineNs(task, CLOCK_REALTIME, readTimespec(task, address))
}
