// HostWatch: which host descriptors the blocked tasks wait for; tells the platform, and wakes the files' queues.

import type {FileDescription} from '../vfs/file.ts'

/** The part of Platform that it needs. */
interface Watching {
  watch(fd: number, events: number): void
}

interface Interest {
  readonly file: FileDescription
  readonly events: number
}

export class HostWatch {
  readonly #platform: Watching
  readonly #interests = new Map<number, Set<Interest>>()

  constructor(platform: Watching) {
    this.#platform = platform
  }

  /** Watches the file's host descriptor, if it has one. @returns what to give to `remove` */
  add(file: FileDescription, events: number): Interest | undefined {
    const {hostFd} = file
    if (hostFd === undefined) return undefined
    const interest = {file, events}
    let interests = this.#interests.get(hostFd)
    if (interests === undefined) {
      interests = new Set()
      this.#interests.set(hostFd, interests)
    }
    interests.add(interest)
    this.#update(hostFd, interests)
    return interest
  }

  remove(interest: Interest): void {
    const fd = interest.file.hostFd!
    const interests = this.#interests.get(fd)
    if (!interests?.delete(interest)) return
    if (interests.size === 0) this.#interests.delete(fd)
    this.#update(fd, interests)
  }

  /** The platform says that these descriptors are ready. */
  wake(ready: ReadonlyArray<readonly [fd: number, events: number]>): void {
    for (const [fd] of ready) {
      for (const {file} of [...(this.#interests.get(fd) ?? [])]) file.waiters?.wakeAll()
    }
  }

  #update(fd: number, interests: ReadonlySet<Interest>): void {
    let events = 0
    for (const interest of interests) events |= interest.events
    this.#platform.watch(fd, events)
  }
}
