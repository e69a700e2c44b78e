// epoll_ctl(2).

import {EINVAL, EPERM, Errno} from '../../abi/errno.ts'
import {
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLLERR,
  EPOLLET,
  EPOLLEXCLUSIVE,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  EPOLLWAKEUP,
  POLLRDNORM,
  POLLWRNORM,
} from '../../abi/poll.ts'
import {arch} from '../../arch/index.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {openFile} from '../fd/descriptor-argument.ts'
import {EpollDescription, type Interest, isAlwaysReady} from '../fd/epoll.ts'

/** Events that EPOLLEXCLUSIVE allows. */
const EXCLUSIVE_EVENTS =
  EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP | POLLRDNORM | POLLWRNORM | EPOLLET | EPOLLWAKEUP | EPOLLEXCLUSIVE

export const epollCtl: Syscall = (task, args) => {
  const operation = args.int32(1)
  const fd = args.int32(2)
  // Linux reads the event before it checks the descriptors.
  const interest = operation === EPOLL_CTL_DEL ? undefined : readInterest(task, args.address(3))
  const epoll = openFile(task, args.int32(0))
  const watched = openFile(task, fd)
  const description = task.fds.description(fd)
  if (isAlwaysReady(watched)) throw new Errno(EPERM)
  if (watched === epoll || !(epoll instanceof EpollDescription)) throw new Errno(EINVAL)
  if (interest === undefined) {
    epoll.remove(fd, description)
    return 0
  }

  if (operation === EPOLL_CTL_ADD) {
    checkExclusive(interest.events, watched instanceof EpollDescription)
    epoll.add(fd, description, interest)
  } else if (operation === EPOLL_CTL_MOD) {
    const exclusive = (interest.events | epoll.eventsOf(fd, description)) & EPOLLEXCLUSIVE
    if (exclusive) throw new Errno(EINVAL)
    epoll.modify(fd, description, interest)
  } else {
    throw new Errno(EINVAL)
  }
  return 0
}

function readInterest(task: Task, address: number): Interest {
  const {memory} = task
  const {data} = arch.kernelAbi.epollEvent
  return {
    events: memory.readInt32(address),
    dataLow: memory.readInt32(address + data),
    dataHigh: memory.readInt32(address + data + 4),
  }
}

function checkExclusive(events: number, isEpoll: boolean): void {
  if (!(events & EPOLLEXCLUSIVE)) return
  if (events & ~EXCLUSIVE_EVENTS || isEpoll) throw new Errno(EINVAL)
}
