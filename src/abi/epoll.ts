// epoll(7): operations, event bits, the layout of struct epoll_event.

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
