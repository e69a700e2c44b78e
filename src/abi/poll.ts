// poll(2), select(2): readiness bits, struct pollfd, fd_set; epoll(7): operations, event bits, struct epoll_event.

import {POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT, POLLPRI} from './open-flags.ts'

export {POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT, POLLPRI} from './open-flags.ts'

export const POLLRDNORM = 0x040
export const POLLRDBAND = 0x080
export const POLLWRNORM = 0x100
export const POLLWRBAND = 0x200
export const POLLRDHUP = 0x2000

/** sizeof(struct pollfd): fd int32, events int16, revents int16. */
export const POLLFD_SIZE = 8

/** What makes select's three sets ready (fs/select.c). */
export const SELECT_READ = POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR | POLLNVAL
export const SELECT_WRITE = POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR | POLLNVAL
export const SELECT_EXCEPT = POLLPRI | POLLNVAL

/** Linux's POLLIN and POLLOUT come with their "normal" twins: files report only the first two. */
export function withNormalBits(ready: number): number {
  return ready | (ready & POLLIN ? POLLRDNORM : 0) | (ready & POLLOUT ? POLLWRNORM : 0)
}

export const EPOLL_CTL_ADD = 1
export const EPOLL_CTL_DEL = 2
export const EPOLL_CTL_MOD = 3
export const EPOLL_CLOEXEC = 0o2000000

export const EPOLLIN = 0x001
export const EPOLLOUT = 0x004
export const EPOLLERR = 0x008
export const EPOLLHUP = 0x010
export const EPOLLRDHUP = 0x2000
export const EPOLLEXCLUSIVE = 1 << 28
export const EPOLLWAKEUP = 1 << 29
export const EPOLLONESHOT = 1 << 30
export const EPOLLET = 1 << 31

/** struct epoll_event: events uint32 at 0, data uint64 at `data`, sizeof. */
export interface EpollEventLayout {
  readonly size: number
  readonly data: number
}
