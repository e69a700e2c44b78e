// FdTable: a process's descriptors. Each holds an open file description, which dup(2) and fork(2) share.

import {EBADF, EINVAL, EMFILE, ENFILE, Errno} from '../../abi/errno.ts'
import {O_CLOEXEC} from '../../abi/open-flags.ts'
import {Budget, COST} from '../../vfs/budget.ts'
import type {FileDescription} from '../../vfs/file.ts'
import type {FileLockTable} from '../../vfs/file-locks.ts'
import type {Location} from '../../vfs/location.ts'
import {ownString} from '../../vfs/own-string.ts'
import {OpenDescription} from '../core/open-description.ts'

export class FdTable {
  #descriptions: (OpenDescription | undefined)[] = []
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
  description(fd: number): OpenDescription {
    const description = this.#descriptions[fd]
    if (description === undefined) throw new Errno(EBADF)
    return description
  }

  /** Undefined when the descriptor is not open. */
  find(fd: number): OpenDescription | undefined {
    return this.#descriptions[fd]
  }

  /** Gives a new file the lowest free descriptor. `flags`: O_CLOEXEC counts. @throws Errno EMFILE, ENFILE; the file is then closed */
  install(file: FileDescription, flags = 0, location?: Location): number {
    const cost = file.inode.fs.type === 'proc' ? COST.procFile : COST.file
    const description = new OpenDescription(file, location && keptLocation(location), this.#budget)
    try {
      this.#budget.take(cost, ENFILE)
      description.chargedBytes = cost
      return this.duplicate(description, flags)
    } catch (error) {
      description.close()
      throw error
    }
  }

  /**
   * Installs files whose descriptors the call then stores: it fails as a whole, and leaves none behind.
   * @throws Errno as install does, and what `store` throws; all files are then closed
   */
  installAll(files: readonly FileDescription[], flags: number, store: (fds: number[]) => void): void {
    const fds: number[] = []
    let tried = 0
    try {
      for (const file of files) {
        tried++
        fds.push(this.install(file, flags))
      }
      store(fds)
    } catch (error) {
      for (const fd of fds) this.remove(fd)
      for (const file of files.slice(tried)) file.close()
      throw error
    }
  }

  /** One more descriptor, the lowest free one not below `minimum`. @throws Errno EMFILE, ENFILE, EINVAL */
  duplicate(description: OpenDescription, flags = 0, minimum = 0): number {
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
  replace(fd: number, description: OpenDescription, flags = 0): void {
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
  *entries(): Iterable<[fd: number, description: OpenDescription]> {
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

  #place(fd: number, description: OpenDescription, flags: number): void {
    this.#budget.take(COST.descriptor, ENFILE)
    description.references++
    this.#descriptions[fd] = description
    if (flags & O_CLOEXEC) this.#closeOnExec.add(fd)
  }
}

function keptLocation({mount, inode, parent, name}: Location): Location {
  return {mount, inode, parent, name: ownString(name)}
}
