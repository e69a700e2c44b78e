// EpollFile: a set of watched descriptors: level-triggered, EPOLLET, EPOLLONESHOT (man 7 epoll).

import {EPOLLERR, EPOLLET, EPOLLHUP, EPOLLONESHOT} from '../abi/epoll.ts'
import {EEXIST, EINVAL, ELOOP, ENOENT, EPERM, Errno} from '../abi/errno.ts'
import {S_IFCHR, S_IFDIR, S_IFREG} from '../abi/file-mode.ts'
import {O_RDWR} from '../abi/open-flags.ts'
import {POLLIN, withNormalBits} from '../abi/poll.ts'
import {anonymousInode} from '../vfs/anonymous-inode.ts'
import type {OpenFile} from '../vfs/file.ts'
import {FileDescription} from '../vfs/file-description.ts'
import {WaitQueue} from '../vfs/wait-queue.ts'
import type {Description} from './fd-table.ts'

/** What a watched descriptor is watched for; `data` is the guest's, two 32-bit halves. */
export interface Interest {
  readonly events: number
  readonly dataLow: number
  readonly dataHigh: number
}

class Watch {
  readonly fd: number
  readonly description: Description
  interest: Interest
  /** Something happened since the last report: what EPOLLET waits for. */
  changed = true
  /** EPOLLONESHOT was reported: silent until EPOLL_CTL_MOD. */
  disabled = false
  readonly onWake: (events: number) => void

  constructor(fd: number, description: Description, interest: Interest, epoll: EpollFile) {
    this.fd = fd
    this.description = description
    this.interest = interest
    this.onWake = (events) => {
      if ((events & (this.interest.events | ALWAYS)) === 0) return
      this.changed = true
      epoll.waiters.wakeAll()
    }
  }
}

const ALWAYS = EPOLLERR | EPOLLHUP
/** Epolls may watch epolls this deep (EP_MAX_NESTS). */
const MAX_NESTS = 4

export class EpollFile extends FileDescription {
  override readonly waiters = new WaitQueue()
  readonly #watches = new Set<Watch>()

  constructor() {
    super(anonymousInode('[eventpoll]'), O_RDWR)
  }

  /** EPOLL_CTL_ADD. @throws Errno EEXIST, EPERM (a file that is always ready), ELOOP, EINVAL */
  add(fd: number, description: Description, interest: Interest): void {
    const {file} = description
    if (this.#find(fd, description) !== undefined) throw new Errno(EEXIST)
    if (isAlwaysReady(file)) throw new Errno(EPERM)
    if (file instanceof EpollFile) {
      if (file === this || file.watches(this)) throw new Errno(ELOOP)
      if (file.depth >= MAX_NESTS) throw new Errno(EINVAL)
    }

    const watch = new Watch(fd, description, interest, this)
    this.#watches.add(watch)
    file.waiters?.join(watch.onWake)
    description.onLastClose(watch, () => this.#drop(watch))
    this.waiters.wakeAll()
  }

  /** EPOLL_CTL_MOD. @throws Errno ENOENT */
  modify(fd: number, description: Description, interest: Interest): void {
    const watch = this.#get(fd, description)
    watch.interest = interest
    watch.changed = true
    watch.disabled = false
    this.waiters.wakeAll()
  }

  /** The events word a descriptor is watched with. @throws Errno ENOENT */
  eventsOf(fd: number, description: Description): number {
    return this.#get(fd, description).interest.events
  }

  /** EPOLL_CTL_DEL. @throws Errno ENOENT */
  remove(fd: number, description: Description): void {
    this.#drop(this.#get(fd, description))
  }

  /** Reports up to `max` ready descriptors, and marks them reported. */
  collect(max: number, report: (events: number, interest: Interest) => void): number {
    let count = 0
    for (const watch of [...this.#watches]) {
      if (count === max) break
      const ready = readyEvents(watch)
      if (ready === 0) continue
      report(ready, watch.interest)
      count++
      watch.changed = false
      if (watch.interest.events & EPOLLONESHOT) watch.disabled = true
      // To the end of the line: with more ready than `max`, all get their turn.
      this.#watches.delete(watch)
      this.#watches.add(watch)
    }
    return count
  }

  /** Files below that only a watch of their host descriptor wakes, with the events that count: for Wait.files. */
  hostFiles(): {file: OpenFile; events: number}[] {
    const files: {file: OpenFile; events: number}[] = []
    for (const {description, interest, disabled} of this.#watches) {
      const {file} = description
      if (disabled) continue
      if (file.hostFd !== undefined) files.push({file, events: interest.events & 0xffff})
      if (file instanceof EpollFile) files.push(...file.hostFiles())
    }
    return files
  }

  override readiness(): number {
    for (const watch of this.#watches) if (readyEvents(watch) !== 0) return POLLIN
    return 0
  }

  override close(): void {
    for (const watch of [...this.#watches]) this.#drop(watch)
  }

  /** Whether `other` is among what is watched, however deep. */
  watches(other: EpollFile, seen = new Set<EpollFile>()): boolean {
    seen.add(this)
    for (const {description} of this.#watches) {
      const {file} = description
      if (file === other) return true
      if (file instanceof EpollFile && !seen.has(file) && file.watches(other, seen)) return true
    }
    return false
  }

  get depth(): number {
    let depth = 0
    for (const {description} of this.#watches) {
      if (description.file instanceof EpollFile) depth = Math.max(depth, description.file.depth + 1)
    }
    return depth
  }

  #find(fd: number, description: Description): Watch | undefined {
    for (const watch of this.#watches) {
      if (watch.fd === fd && watch.description === description) return watch
    }
    return undefined
  }

  #get(fd: number, description: Description): Watch {
    const watch = this.#find(fd, description)
    if (watch === undefined) throw new Errno(ENOENT)
    return watch
  }

  #drop(watch: Watch): void {
    this.#watches.delete(watch)
    watch.description.file.waiters?.leave(watch.onWake)
    watch.description.forgetLastClose(watch)
  }
}

/** The events to report now; 0 for none. */
function readyEvents({description, interest, changed, disabled}: Watch): number {
  if (disabled || (interest.events & EPOLLET && !changed)) return 0
  return withNormalBits(description.file.readiness()) & (interest.events | ALWAYS)
}

/** Regular files, directories and devices without a wait queue: Linux says EPERM, for it knows no poll of them. */
function isAlwaysReady(file: OpenFile): boolean {
  const {kind} = file.inode
  return file.waiters === undefined && (kind === S_IFREG || kind === S_IFDIR || kind === S_IFCHR)
}
