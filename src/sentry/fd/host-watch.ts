// HostWatch: the host descriptors that tasks wait for; tells the platform once, and wakes the files' queues.

import {POLLERR} from '../../abi/open-flags.ts'
import {EPOLLET, EPOLLONESHOT} from '../../abi/poll.ts'

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
  /** Told of the next event alone. */
  sleeper: HostSource | undefined
  /** What that one may be; 0: it has come. */
  nextEvents: number
}

/**
 * The platform watches edge-triggered, and continues when nobody waits any longer, so that the next wait costs no call. A waiter checks
 * first whether the descriptor is ready: a later edge will be reported. An edge that nobody waits for ends the watch, so that data
 * which nobody reads disturbs the guest once. A call that sleeps until the next event watches that one alone: what comes while the
 * program runs, as the answer to what it has just sent, disturbs nobody.
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
    const watched = this.#stateOf(hostFd)
    watched.interests.add(interest)
    watched.sleeper = undefined
    if (events & ~watched.events) {
      watched.events |= events
      watched.nextEvents = 0
      this.#platform.watch(hostFd, watched.events | EPOLLET)
    }
    return interest
  }

  /** Watches the host descriptor for one event, for a call that is about to sleep. Precondition: it has no interest in it. */
  awaitNext(file: HostSource & {readonly hostFd: number}, events: number): void {
    const watched = this.#stateOf(file.hostFd)
    watched.sleeper = file
    const known = watched.events | watched.nextEvents
    if ((events & ~known) === 0) return
    watched.events = 0
    watched.nextEvents = known | events
    this.#platform.watch(file.hostFd, watched.nextEvents | EPOLLONESHOT)
  }

  #stateOf(hostFd: number): DescriptorState {
    let state = this.#watched.get(hostFd)
    if (state === undefined) {
      state = {events: 0, interests: new Set(), sleeper: undefined, nextEvents: 0}
      this.#watched.set(hostFd, state)
    }
    return state
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
      const {sleeper} = watched
      watched.sleeper = undefined
      watched.nextEvents = 0
      if (watched.interests.size === 0 && watched.events !== 0) {
        this.#watched.delete(fd)
        this.#platform.watch(fd, 0)
      }
      sleeper?.waiters?.wakeAll(events)
      for (const {file} of [...watched.interests]) file.waiters?.wakeAll(events)
    }
  }
}
