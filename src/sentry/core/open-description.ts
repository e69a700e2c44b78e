// OpenDescription: an open file description as descriptors, mappings and messages share it; fd/ and memory/ merge what they add to it.

import {opensForWriting} from '../../abi/access-mode.ts'
import {IN_CLOSE_NOWRITE, IN_CLOSE_WRITE} from '../../abi/inotify.ts'
import {O_PATH} from '../../abi/open-flags.ts'
import type {Budget} from '../../vfs/budget.ts'
import type {Credentials, FileDescription} from '../../vfs/file.ts'
import type {Location} from '../../vfs/location.ts'
import {countWritten} from '../../vfs/text-busy.ts'
import {tell, tellIfGone} from '../../vfs/watchers.ts'

/** Who gives something up when an open file's last descriptor is gone: locks, leases, signals. */
export interface LastCloseListener {
  lastClosed(description: OpenDescription): void
}

/** It closes with the last reference. */
export class OpenDescription {
  readonly file: FileDescription
  /** Where it was opened; undefined for pipes, eventfds and host streams. */
  readonly location: Location | undefined
  references = 0
  /** The credentials with which it was opened by path: linkat(2). */
  opener: Credentials | undefined
  /** How many references are in messages (SCM_RIGHTS): counted only for sockets, for InFlight. */
  inFlight = 0
  /** The messages that hold it, which are told when nothing else does. */
  senders: {onlyInFlight(): void} | undefined
  #closeListeners: Set<LastCloseListener> | undefined
  /** What closing it gives back, and to whom. */
  readonly #budget: Budget | undefined
  chargedBytes = 0

  constructor(file: FileDescription, location?: Location, budget?: Budget) {
    this.file = file
    this.location = location
    this.#budget = budget
    this.watchers = new Set()
    this.owner = undefined
    this.backing = undefined
    file.inode.hold?.()
    if (location === undefined) return
    file.openedAt = location
    // Only open(2) counts as writing: memfd_create(2)'s own description keeps nobody from executing the file (alloc_file_pseudo).
    countWritten(file, 1)
  }

  /** Each listener is told once, however often it was added. */
  onLastClose(listener: LastCloseListener): void {
    this.#closeListeners ??= new Set()
    this.#closeListeners.add(listener)
  }

  /** Drops one reference. */
  release(): void {
    if (--this.references === 0) this.close()
    else if (this.references === this.inFlight) this.senders?.onlyInFlight()
  }

  /** The last reference is gone. */
  close(): void {
    for (const watch of this.watchers) watch.epoll.forget(watch)
    if (this.#closeListeners !== undefined)
      for (const listener of this.#closeListeners) listener.lastClosed(this)
    const {file, location} = this
    if (location !== undefined && !(file.flags & O_PATH))
      tell(file.inode, opensForWriting(file.flags) ? IN_CLOSE_WRITE : IN_CLOSE_NOWRITE, location)
    file.close()
    if (location !== undefined) countWritten(file, -1)
    file.inode.letGo?.()
    tellIfGone(file.inode)
    this.#budget?.give(this.chargedBytes)
  }
}
