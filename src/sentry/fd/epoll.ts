// EpollDescription: a set of watched descriptors: level-triggered, EPOLLET, EPOLLONESHOT (man 7 epoll).

import {EEXIST, EINVAL, ENOENT, ENOSPC, Errno} from '../../abi/errno.ts'
import {S_IFCHR, S_IFDIR, S_IFREG} from '../../abi/file-mode.ts'
import {EPOLLERR, EPOLLET, EPOLLHUP, EPOLLONESHOT, POLLIN, withNormalBits} from '../../abi/poll.ts'
import {type Budget, COST} from '../../vfs/budget.ts'
import type {FileDescription} from '../../vfs/file.ts'
import {type Waiter, WaitQueue} from '../../vfs/wait-queue.ts'
import type {Kernel} from '../core/kernel.ts'
import type {OpenDescription} from '../core/open-description.ts'
import {
  checkDepth,
  checkWays,
  type EpollPasses,
  NestedEpollDescription,
  type NestedWatch,
} from './epoll-nesting.ts'
import type {HostInterest, HostWatch} from './host-watch.ts'

/** What a watched descriptor is watched for; `data` is the guest's, two 32-bit halves. */
export interface Interest {
  readonly events: number
  readonly dataLow: number
  readonly dataHigh: number
}

class Watch implements NestedWatch, Waiter {
  readonly epoll: EpollDescription
  readonly fd: number
  readonly description: OpenDescription
  interest: Interest
  /** EPOLLONESHOT was reported: silent until EPOLL_CTL_MOD. */
  disabled = false
  /** An earlier watch of the same number: its file is still open elsewhere. */
  older: Watch | undefined
  /** The queue that wakes it: a signalfd's belongs to the process that added it. */
  readonly queue: WaitQueue | undefined
  hostInterest: HostInterest | undefined

  constructor(fd: number, description: OpenDescription, interest: Interest, epoll: EpollDescription) {
    this.epoll = epoll
    this.fd = fd
    this.description = description
    this.interest = interest
    this.queue = description.file.waiters
  }

  wake(events: number): void {
    if (!this.disabled && withNormalBits(events) & (this.interest.events | ALWAYS)) this.epoll.addReady(this)
  }
}

const ALWAYS = EPOLLERR | EPOLLHUP
/** The poll bits of an events word; the others say how to watch. */
const POLL_BITS = 0xffff

export type EpollKernel = Pick<Kernel, 'vfs' | 'budget' | 'epollPasses'> & {readonly hostWatch?: HostWatch}

function padded(value: number, base: number): string {
  return value.toString(base).padStart(8)
}

export class EpollDescription extends NestedEpollDescription {
  override readonly waiters = new WaitQueue()
  readonly #watches = new Set<Watch>()
  /**
   * Watches that may be ready, in the order of their turns: their files' queues put them here, and `collect` checks them.
   * A level-triggered one stays while it is ready.
   */
  readonly #ready = new Set<Watch>()
  /** The newest watch of each descriptor number. */
  readonly #byFd = new Map<number, Watch>()
  /** The pass that last asked for `#readiness`, and the one that last woke `waiters`. */
  #askedIn = 0
  #wokenIn = 0
  #readiness = 0

  readonly #budget: Budget
  /** For files that host descriptors wake. */
  readonly #hostWatch: HostWatch | undefined
  readonly #passes: EpollPasses

  /** @param kernel its budget counts watched files: ENOSPC, as beyond max_user_watches */
  constructor({vfs, budget, hostWatch, epollPasses}: EpollKernel) {
    super(vfs, '[eventpoll]', 0)
    this.#budget = budget
    this.#hostWatch = hostWatch
    this.#passes = epollPasses
  }

  /** EPOLL_CTL_ADD. Preconditions: the file can be watched. @throws Errno EEXIST, ELOOP, ENOSPC, EINVAL (too many ways to a file) */
  add(fd: number, description: OpenDescription, interest: Interest): void {
    const {file} = description
    if (file instanceof EpollDescription) checkDepth(this, file)
    if (this.#find(fd, description) !== undefined) throw new Errno(EEXIST)

    this.#budget.take(COST.watch, ENOSPC)
    const watch = new Watch(fd, description, interest, this)
    watch.older = this.#byFd.get(fd)
    this.#byFd.set(fd, watch)
    this.#watches.add(watch)
    description.watchers.add(watch)
    if (file instanceof EpollDescription) file.watchers.add(watch)
    try {
      if (file instanceof EpollDescription || this.watchers.size > 0) checkWays(watch)
    } catch (error) {
      this.forget(watch)
      throw error
    }
    watch.queue?.join(watch)
    this.#watchHost(watch)
    this.#lookAt(watch)
  }

  /** EPOLL_CTL_MOD. @throws Errno ENOENT */
  modify(fd: number, description: OpenDescription, interest: Interest): void {
    const watch = this.#get(fd, description)
    watch.interest = interest
    watch.disabled = false
    this.#watchHost(watch)
    this.#lookAt(watch)
  }

  /** The events word a descriptor is watched with. @throws Errno ENOENT */
  eventsOf(fd: number, description: OpenDescription): number {
    return this.#get(fd, description).interest.events
  }

  /** EPOLL_CTL_DEL. @throws Errno ENOENT */
  remove(fd: number, description: OpenDescription): void {
    this.forget(this.#get(fd, description))
  }

  /** Reports up to `max` ready descriptors. Looks only at those that may be ready. */
  collect(max: number, report: (events: number, interest: Interest) => void): number {
    return this.#passes.readiness.run(() => {
      let count = 0
      for (const watch of [...this.#ready]) {
        if (count === max) break
        this.#ready.delete(watch)
        const ready = readyEvents(watch)
        if (ready === 0) continue
        report(ready, watch.interest)
        count++
        const {events} = watch.interest
        if (events & EPOLLONESHOT) watch.disabled = true
        // To the end of the line: if more than `max` are ready, all get their turn.
        else if (!(events & EPOLLET)) this.#ready.add(watch)
      }
      return count
    })
  }

  /** One line for each watched descriptor. */
  override fdinfo(): string {
    let lines = ''
    for (const {fd, interest, description} of this.#watches) {
      const {position, inode} = description.file
      const {ino, dev} = inode.attributes()
      const data = (BigInt(interest.dataHigh >>> 0) << 32n) | BigInt(interest.dataLow >>> 0)
      lines += `tfd: ${padded(fd, 10)} events: ${padded((interest.events | ALWAYS) >>> 0, 16)} data: ${data.toString(16).padStart(16)} `
      lines += ` pos:${position} ino:${ino.toString(16)} sdev:${dev.toString(16)}\n`
    }
    return lines
  }

  /** It has requests of its own, and takes no others. */
  override ioctl(): number {
    throw new Errno(EINVAL)
  }

  override readiness(): number {
    return this.#passes.readiness.run((pass) => {
      if (this.#askedIn === pass) return this.#readiness
      this.#askedIn = pass
      this.#readiness = 0
      for (const watch of this.#ready) {
        if (readyEvents(watch) !== 0) {
          this.#readiness = POLLIN
          break
        }
        this.#ready.delete(watch)
      }
      return this.#readiness
    })
  }

  /** Something happened to the watched file. */
  addReady(watch: Watch): void {
    this.#ready.add(watch)
    this.#passes.wake.run((pass) => {
      if (this.#wokenIn === pass) return
      this.#wokenIn = pass
      this.waiters.wakeAll()
    })
  }

  override close(): void {
    for (const watch of [...this.#watches]) this.forget(watch)
  }

  override watches(): Iterable<Watch> {
    return this.#watches
  }

  override forget(watch: Watch): void {
    const {description} = watch
    if (!this.#watches.delete(watch)) return
    this.#ready.delete(watch)
    this.#hostWatch?.remove(watch.hostInterest)
    this.#forgetNumber(watch)
    this.#budget.give(COST.watch)
    description.watchers.delete(watch)
    watch.queue?.leave(watch)
    if (description.file instanceof EpollDescription) description.file.watchers.delete(watch)
  }

  #watchHost(watch: Watch): void {
    this.#hostWatch?.remove(watch.hostInterest)
    watch.hostInterest = this.#hostWatch?.add(watch.description.file, watch.interest.events & POLL_BITS)
  }

  /** For a watch that is new, or waits for something else now. */
  #lookAt(watch: Watch): void {
    if (this.#passes.readiness.run(() => readyEvents(watch)) !== 0) this.addReady(watch)
  }

  #find(fd: number, description: OpenDescription): Watch | undefined {
    let watch = this.#byFd.get(fd)
    while (watch !== undefined && watch.description !== description) watch = watch.older
    return watch
  }

  #forgetNumber(watch: Watch): void {
    const newest = this.#byFd.get(watch.fd)
    if (newest !== watch) {
      let newer = newest
      while (newer !== undefined && newer.older !== watch) newer = newer.older
      if (newer !== undefined) newer.older = watch.older
    } else if (watch.older === undefined) this.#byFd.delete(watch.fd)
    else this.#byFd.set(watch.fd, watch.older)
  }

  #get(fd: number, description: OpenDescription): Watch {
    const watch = this.#find(fd, description)
    if (watch === undefined) throw new Errno(ENOENT)
    return watch
  }
}

/** The events to report now; 0 for none. */
function readyEvents({description, interest, disabled}: Watch): number {
  if (disabled) return 0
  return withNormalBits(description.file.readiness()) & (interest.events | ALWAYS)
}

/** Regular files, directories and devices without a wait queue: Linux says EPERM, since it cannot poll them. */
export function isAlwaysReady(file: FileDescription): boolean {
  const {kind} = file.inode
  return file.waiters === undefined && (kind === S_IFREG || kind === S_IFDIR || kind === S_IFCHR)
}
