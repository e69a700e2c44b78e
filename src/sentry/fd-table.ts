// FdTable: a process's descriptors. Each holds an open file description, which dup(2) and fork(2) share.

import {EBADF, EINVAL, EMFILE, Errno} from '../abi/errno.ts'
import type {OpenFile} from '../vfs/file.ts'
import type {Location} from '../vfs/location.ts'
import type {NestedWatch} from './epoll-nesting.ts'
import type {SignalOwner} from './signal-owner.ts'

export const O_CLOEXEC = 0o2000000

/** An open file description. Closes its file with the last descriptor. */
export class Description {
  readonly file: OpenFile
  /** Where it was opened; undefined for pipes, eventfds and the host's streams. */
  readonly location: Location | undefined
  references = 0
  /** Who is told of it by signals. */
  owner: SignalOwner | undefined
  /** The epolls that watch it. */
  readonly watchers = new Set<NestedWatch>()
  #closeActions: Map<object, () => void> | undefined

  constructor(file: OpenFile, location?: Location) {
    this.file = file
    this.location = location
  }

  /** What to do when the last descriptor is gone: flock(2) and OFD locks end. One action a key. */
  onLastClose(key: object, action: () => void): void {
    this.#closeActions ??= new Map()
    this.#closeActions.set(key, action)
  }

  /** The last descriptor is gone. */
  close(): void {
    for (const watch of this.watchers) watch.epoll.forget(watch)
    if (this.#closeActions !== undefined) for (const action of [...this.#closeActions.values()]) action()
    this.file.close()
  }
}

export class FdTable {
  #descriptions: (Description | undefined)[] = []
  #closeOnExec = new Set<number>()
  /** RLIMIT_NOFILE's soft value: descriptors are below it. */
  limit = 1024
  /** Called before a descriptor closes: POSIX record locks end with any close. */
  onClose: ((file: OpenFile) => void) | undefined

  /** @throws Errno EBADF */
  get(fd: number): OpenFile {
    const description = this.#descriptions[fd]
    if (description === undefined) throw new Errno(EBADF)
    return description.file
  }

  /** @throws Errno EBADF */
  description(fd: number): Description {
    const description = this.#descriptions[fd]
    if (description === undefined) throw new Errno(EBADF)
    return description
  }

  /** Undefined when the descriptor is not open. */
  find(fd: number): Description | undefined {
    return this.#descriptions[fd]
  }

  /** Gives a new file the lowest free descriptor. `flags`: O_CLOEXEC counts. @throws Errno EMFILE; the file is then closed */
  install(file: OpenFile, flags = 0, location?: Location): number {
    const description = new Description(file, location)
    try {
      return this.share(description, flags)
    } catch (error) {
      file.close()
      throw error
    }
  }

  /** One more descriptor, the lowest free one not below `minimum`. @throws Errno EMFILE, EINVAL */
  share(description: Description, flags = 0, minimum = 0): number {
    if (minimum < 0 || minimum >= this.limit) throw new Errno(EINVAL)
    let fd = minimum
    while (this.#descriptions[fd] !== undefined) fd++
    if (fd >= this.limit) throw new Errno(EMFILE)
    this.#place(fd, description, flags)
    return fd
  }

  /** dup2's half: puts a description at `fd`, closing what is there. @throws Errno EBADF */
  replace(fd: number, description: Description, flags = 0): void {
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
    this.onClose?.(description.file)
    if (--description.references === 0) description.close()
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
  *entries(): Iterable<[fd: number, description: Description]> {
    for (let fd = 0; fd < this.#descriptions.length; fd++) {
      const description = this.#descriptions[fd]
      if (description !== undefined) yield [fd, description]
    }
  }

  closeAll(): void {
    for (const [fd] of this.entries()) this.remove(fd)
  }

  #place(fd: number, description: Description, flags: number): void {
    description.references++
    this.#descriptions[fd] = description
    if (flags & O_CLOEXEC) this.#closeOnExec.add(fd)
  }
}
