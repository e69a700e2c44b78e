// FdTable: a process's descriptors. Each holds a file description, which dup(2) and fork(2) share.

import {opensForWriting} from '../../abi/access-mode.ts'
import {EBADF, EINVAL, EMFILE, ENFILE, Errno} from '../../abi/errno.ts'
import {IN_CLOSE_NOWRITE, IN_CLOSE_WRITE} from '../../abi/inotify.ts'
import {O_PATH} from '../../abi/open-flags.ts'
import {Budget, COST} from '../../vfs/budget.ts'
import type {Credentials, FileDescription} from '../../vfs/file.ts'
import type {FileLockTable} from '../../vfs/file-locks.ts'
import type {Location} from '../../vfs/location.ts'
import {ownString} from '../../vfs/own-string.ts'
import {countWritten} from '../../vfs/text-busy.ts'
import {tell, tellIfGone} from '../../vfs/watchers.ts'
import type {LastCloseListener, OpenDescription} from '../core/open-description.ts'
import type {Backing} from '../memory/vma.ts'
import type {NestedWatch} from './epoll-nesting.ts'
import type {SignalOwner} from './signal-owner.ts'

export const O_CLOEXEC = 0o2000000

/** A file description as descriptors share it, with the sentry's own data about it. It closes with the last of them. */
export class SharedDescription implements OpenDescription {
  readonly file: FileDescription
  readonly location: Location | undefined
  references = 0
  backing: Backing | undefined
  /** The credentials with which it was opened by path: linkat(2). */
  opener: Credentials | undefined
  /** Who gets signals about it. */
  owner: SignalOwner | undefined
  /** How many references are in messages (SCM_RIGHTS): counted only for sockets, for InFlight. */
  inFlight = 0
  /** The messages that hold it, which are told when nothing else does. */
  senders: {onlyInFlight(): void} | undefined
  /** The epolls that watch it. */
  readonly watchers = new Set<NestedWatch>()
  #closeListeners: Set<LastCloseListener> | undefined
  /** What closing it gives back, and to whom. */
  readonly #budget: Budget | undefined
  chargedBytes = 0

  constructor(file: FileDescription, location?: Location, budget?: Budget) {
    this.file = file
    this.location = location
    this.#budget = budget
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

  release(): void {
    if (--this.references === 0) this.close()
    else if (this.references === this.inFlight) this.senders?.onlyInFlight()
  }

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

export class FdTable {
  #descriptions: (SharedDescription | undefined)[] = []
  #closeOnExec = new Set<number>()
  /** RLIMIT_NOFILE's soft value: descriptors are below it. */
  limit = 1024
  /** Where the process has record locks: any close of a descriptor ends those on its file. */
  recordLocks: FileLockTable | undefined
  readonly #budget: Budget
  /** Every descriptor below this is open. */
  #firstFree = 0
  #users = 1

  /** @param budget counts open files and descriptors: ENFILE beyond it */
  constructor(budget = new Budget()) {
    this.#budget = budget
  }

  /** @throws Errno EBADF */
  get(fd: number): FileDescription {
    const description = this.#descriptions[fd]
    if (description === undefined) throw new Errno(EBADF)
    return description.file
  }

  /** @throws Errno EBADF */
  description(fd: number): SharedDescription {
    const description = this.#descriptions[fd]
    if (description === undefined) throw new Errno(EBADF)
    return description
  }

  /** Undefined when the descriptor is not open. */
  find(fd: number): SharedDescription | undefined {
    return this.#descriptions[fd]
  }

  /** Gives a new file the lowest free descriptor. `flags`: O_CLOEXEC counts. @throws Errno EMFILE, ENFILE; the file is then closed */
  install(file: FileDescription, flags = 0, location?: Location): number {
    const cost = file.inode.fs.type === 'proc' ? COST.procFile : COST.file
    const description = new SharedDescription(file, location && keptLocation(location), this.#budget)
    try {
      this.#budget.take(cost, ENFILE)
      description.chargedBytes = cost
      return this.duplicate(description, flags)
    } catch (error) {
      description.close()
      throw error
    }
  }

  /** One more descriptor, the lowest free one not below `minimum`. @throws Errno EMFILE, ENFILE, EINVAL */
  duplicate(description: SharedDescription, flags = 0, minimum = 0): number {
    if (minimum < 0 || minimum >= this.limit) throw new Errno(EINVAL)
    let fd = Math.max(minimum, this.#firstFree)
    while (this.#descriptions[fd] !== undefined) fd++
    if (fd >= this.limit) throw new Errno(EMFILE)
    this.#place(fd, description, flags)
    if (minimum <= this.#firstFree) this.#firstFree = fd + 1
    return fd
  }

  /** A call that takes a descriptor at its end checks for a free one at its start. @throws Errno EMFILE */
  requireFree(): void {
    while (this.#descriptions[this.#firstFree] !== undefined) this.#firstFree++
    if (this.#firstFree >= this.limit) throw new Errno(EMFILE)
  }

  /** A part of dup2: puts a description at `fd`, closing what is there. @throws Errno EBADF, ENFILE */
  replace(fd: number, description: SharedDescription, flags = 0): void {
    if (fd < 0 || fd >= this.limit) throw new Errno(EBADF)
    description.references++
    if (this.#descriptions[fd] !== undefined) this.remove(fd)
    description.references--
    this.#place(fd, description, flags)
  }

  /** close(2). @throws Errno EBADF */
  remove(fd: number): void {
    const description = this.description(fd)
    this.#descriptions[fd] = undefined
    this.#closeOnExec.delete(fd)
    this.#firstFree = Math.min(this.#firstFree, fd)
    this.#budget.give(COST.descriptor)
    this.recordLocks?.release(description.file.inode, this)
    description.file.descriptorClosed?.()
    description.release()
  }

  closesOnExec(fd: number): boolean {
    return this.#closeOnExec.has(fd)
  }

  setCloseOnExec(fd: number, on: boolean): void {
    this.description(fd)
    if (on) this.#closeOnExec.add(fd)
    else this.#closeOnExec.delete(fd)
  }

  /** Open descriptors in ascending order. */
  *entries(): Iterable<[fd: number, description: SharedDescription]> {
    for (let fd = 0; fd < this.#descriptions.length; fd++) {
      const description = this.#descriptions[fd]
      if (description !== undefined) yield [fd, description]
    }
  }

  /** One more task uses it: CLONE_FILES. */
  share(): this {
    this.#users++
    return this
  }

  get isShared(): boolean {
    return this.#users > 1
  }

  /** A separate table with the same descriptions: fork(2). @throws Errno ENFILE */
  copy(): FdTable {
    const copy = new FdTable(this.#budget)
    copy.limit = this.limit
    try {
      for (const [fd, description] of this.entries())
        copy.#place(fd, description, this.#closeOnExec.has(fd) ? O_CLOEXEC : 0)
    } catch (error) {
      copy.release()
      throw error
    }
    copy.#firstFree = this.#firstFree
    return copy
  }

  /** execve(2): closes descriptors with O_CLOEXEC. */
  closeOnExec(): void {
    for (const fd of [...this.#closeOnExec]) this.remove(fd)
  }

  /** A task is done with it: the last one closes everything. */
  release(): void {
    if (--this.#users > 0) return
    for (const [fd] of this.entries()) this.remove(fd)
  }

  #place(fd: number, description: SharedDescription, flags: number): void {
    this.#budget.take(COST.descriptor, ENFILE)
    description.references++
    this.#descriptions[fd] = description
    if (flags & O_CLOEXEC) this.#closeOnExec.add(fd)
  }
}

function keptLocation({mount, inode, parent, name}: Location): Location {
  return {mount, inode, parent, name: ownString(name)}
}
