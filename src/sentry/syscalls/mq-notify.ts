// mq_notify(2).

import {EBUSY, EINVAL, ENOTSOCK, Errno} from '../../abi/errno.ts'
import {NOTIFY_COOKIE_BYTES, SIGEV_NONE, SIGEV_SIGNAL, SIGEV_THREAD} from '../../abi/ipc.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import type {Notification} from '../ipc/posix-queue.ts'
import {queueFile} from '../ipc/posix-queue-description.ts'
import {readSigevent, signalOrZero} from '../signals/signal-argument.ts'

export const mqNotify: Syscall = (task, args) => {
  const event = args.address(1)
  const notification = event === 0 ? undefined : readNotification(task, event)
  const queue = queueFile(task, args.int32(0)).inode
  if (notification === undefined) {
    if (queue.notification?.process === task.process) queue.notification = undefined
    return 0
  }
  if (queue.notification !== undefined) throw new Errno(EBUSY)
  queue.notification = notification
  return 0
}

/** @throws Errno EFAULT, EINVAL; EBADF and ENOTSOCK for SIGEV_THREAD, which needs a netlink socket */
function readNotification(task: Task, address: number): Notification {
  const {process, memory, fds} = task
  const {value, signal, notify} = readSigevent(task, address)
  switch (notify) {
    case SIGEV_NONE:
      return {process, signal: undefined, value}
    case SIGEV_SIGNAL:
      return {process, signal: signalOrZero(signal), value}
    case SIGEV_THREAD:
      memory.readBytes(Number(value), NOTIFY_COOKIE_BYTES)
      fds.get(signal)
      throw new Errno(ENOTSOCK)
    default:
      throw new Errno(EINVAL)
  }
}
