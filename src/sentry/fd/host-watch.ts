// HostWatch: the host descriptors that tasks wait for; tells the platform once, and wakes the files' queues.

import {POLLERR} from '../../abi/open-flags.ts'
import {EPOLLET} from '../../abi/poll.ts'

/** The part of Platform that it needs. */
interface Watching {
  watch(fd: number, events: number): void
}

/** A file, or a socket, that a host descriptor carries. */
export interface HostSource {
  readonly hostFd?: number | undefined
  /** Told when the descriptor is ready. */
  readonly waiters?: {wakeAll(events: number): void} | undefined
}

export interface HostInterest {
  readonly file: HostSource
  readonly events: number
}

/** The state of one descriptor. */
interface DescriptorState {
  /** Events that the platform was told to watch. */
  events: number
  readonly interests: Set<HostInterest>
}

/**
 * The platform watches edge-triggered, and continues when nobody waits any longer, so that the next wait costs no call. A waiter checks
 * first whether the descriptor is ready: a later edge will be reported. An edge that nobody waits for ends the watch, so that data
 * which nobody reads disturbs the guest once.
 */
export class HostWatch {
  readonly #platform: Watching
  readonly #watched = new Map<number, DescriptorState>()

  constructor(platform: Watching) {
    this.#platform = platform
  }

  /** Watches the file's host descriptor, if it has one. @returns what to give to `remove` */
  add(file: HostSource, events: number): HostInterest | undefined {
    const {hostFd} = file
    if (hostFd === undefined) return undefined
    const interest = {file, events}
    const known = this.#watched.get(hostFd)
    const watched = known ?? {events, interests: new Set()}
    watched.interests.add(interest)
    if (known === undefined || events & ~known.events) {
      watched.events |= events
      this.#watched.set(hostFd, watched)
      this.#platform.watch(hostFd, watched.events | EPOLLET)
    }
    return interest
  }

  remove(interest: HostInterest | undefined): void {
    if (interest !== undefined) this.#watched.get(interest.file.hostFd!)?.interests.delete(interest)
  }

  /** The descriptor is about to be closed: its number may be reused. */
  forget(hostFd: number): void {
    const watched = this.#watched.get(hostFd)
    if (watched === undefined) return
    this.#watched.delete(hostFd)
    this.#platform.watch(hostFd, 0)
    for (const {file} of [...watched.interests]) file.waiters?.wakeAll(POLLERR)
  }

  /** The platform says that these descriptors are ready. */
  wake(ready: ReadonlyArray<readonly [fd: number, events: number]>): void {
    for (const [fd, events] of ready) {
      const watched = this.#watched.get(fd)
      if (watched === undefined) continue
      if (watched.interests.size === 0) {
        this.#watched.delete(fd)
        this.#platform.watch(fd, 0)
      }
      for (const {file} of [...watched.interests]) file.waiters?.wakeAll(events)
    }
  }
}
