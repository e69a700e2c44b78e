// File locks: record locks of processes and of file descriptions (man 2 fcntl), and whole-file locks (man 2 flock).

import {ENOLCK, Errno} from '../abi/errno.ts'
import {F_RDLCK, F_UNLCK, F_WRLCK} from '../abi/fcntl.ts'
import {type Budget, COST} from './budget.ts'
import type {FileDescription, FileLocking, Inode, LockedRange} from './file.ts'
import {WaitQueue} from './wait-queue.ts'

export interface RecordLock extends LockedRange {
  /** A process's descriptor table, or a file description; only a name, where nothing else is known. */
  readonly owner: object | string
}

/** Record locks of one file: the guest makes them, and each new one is compared with all. */
const MAX_RECORDS = 4096

/** The locks of one file. */
export class FileLocks {
  /** Woken when a lock was given up. */
  readonly released = new WaitQueue()
  #records: RecordLock[] = []
  /** flock(2): true is exclusive. */
  readonly #holders = new Map<object, boolean>()
  readonly #budget: Budget
  /** The union of all that is held, on the host, while anything is held. */
  #host: FileLocking | undefined

  constructor(budget: Budget) {
    this.#budget = budget
  }

  /** Call before a lock is set. */
  useHost(file: FileDescription): void {
    this.#host ??= file.openHostLocks?.()
  }

  /** Nobody holds a lock, or waits for one. */
  get isIdle(): boolean {
    return this.#records.length === 0 && this.#holders.size === 0 && this.released.isEmpty
  }

  /** The first lock of the guest that keeps `wanted` from being set. */
  conflict(wanted: RecordLock): RecordLock | undefined {
    return this.#records.find(
      (lock) =>
        lock.owner !== wanted.owner &&
        lock.start < wanted.end &&
        wanted.start < lock.end &&
        (lock.type === F_WRLCK || wanted.type === F_WRLCK),
    )
  }

  /** Like `conflict`, for host processes; asks through the open file that holds the guest's locks, if there are any. */
  hostConflict({type, start, end}: RecordLock, file: FileDescription): LockedRange | undefined {
    this.useHost(file)
    const found = this.#host?.conflict(type, start, end)
    this.#leaveHost()
    return found
  }

  /**
   * Sets or, with F_UNLCK, clears a range; the owner's locks there are replaced. Preconditions: no conflict.
   * @returns false when a process of the host has a lock there
   * @throws Errno ENOLCK when the file has too many, or all files have
   */
  set(wanted: RecordLock): boolean {
    const kept: RecordLock[] = []
    let released = false
    for (const lock of this.#records) {
      if (lock.owner !== wanted.owner || lock.end <= wanted.start || lock.start >= wanted.end) {
        kept.push(lock)
        continue
      }
      released ||= lock.type !== wanted.type && wanted.type !== F_WRLCK
      if (lock.start < wanted.start) kept.push({...lock, end: wanted.start})
      if (lock.end > wanted.end) kept.push({...lock, start: wanted.end})
    }
    if (wanted.type !== F_UNLCK) kept.push(wanted)
    const merged = mergeNeighbours(kept)
    if (merged.length > MAX_RECORDS && merged.length > this.#records.length) throw new Errno(ENOLCK)
    const more = merged.length - this.#records.length
    this.#requireRoom(more)
    if (more > 0) this.#budget.note(more * COST.lock)
    else this.#budget.give(-more * COST.lock)
    const before = this.#records
    this.#records = merged
    if (!this.#lockHost(wanted.start, wanted.end) && wanted.type !== F_UNLCK) {
      this.#records = before
      this.#lockHost(wanted.start, wanted.end)
      this.#budget.note(-more * COST.lock)
      this.#leaveHost()
      return false
    }
    this.#leaveHost()
    if (released) this.released.wakeAll()
    return true
  }

  /** Releases all that `owner` holds: its record locks and its flock. */
  release(owner: RecordLock['owner']): void {
    this.releaseRecords((lock) => lock.owner === owner)
    if (typeof owner === 'object') this.unflock(owner)
  }

  /** By default all: nobody has the file open any longer. */
  releaseRecords(isGone: (lock: RecordLock) => boolean = () => true): void {
    const gone = this.#records.filter(isGone)
    this.#records = this.#records.filter((lock) => !isGone(lock))
    for (const {start, end} of gone) this.#lockHost(start, end)
    this.#budget.give(gone.length * COST.lock)
    this.#leaveHost()
    if (gone.length > 0) this.released.wakeAll()
  }

  /**
   * flock(2). @returns false when another description's lock, or one of the host's, forbids it; the own lock is then lost, as in Linux
   * @throws Errno ENOLCK
   */
  tryFlock(owner: object, exclusive: boolean): boolean {
    if (this.#holders.get(owner) === exclusive) return true
    this.#dropFlock(owner)
    for (const otherExclusive of this.#holders.values()) {
      if (exclusive || otherExclusive) return false
    }
    this.#requireRoom(1)
    this.#budget.note(COST.lock)
    this.#holders.set(owner, exclusive)
    if (this.#flockHost()) return true
    this.unflock(owner)
    return false
  }

  unflock(owner: object): void {
    this.#dropFlock(owner)
    this.#leaveHost()
  }

  #dropFlock(owner: object): void {
    if (!this.#holders.delete(owner)) return
    this.#budget.give(COST.lock)
    this.#flockHost()
    this.released.wakeAll()
  }

  /** @throws Errno ENOLCK */
  #requireRoom(locks: number): void {
    if (locks <= 0 || this.#budget.hasRoom(locks * COST.lock)) return
    this.#leaveHost()
    throw new Errno(ENOLCK)
  }

  /** Brings the host's lock of a range into line. @returns false: a lock of the host is in the way */
  #lockHost(start: number, end: number): boolean {
    const host = this.#host
    if (host === undefined) return true
    return unionOf(this.#records, start, end).every((part) => host.lockRange(part.type, part.start, part.end))
  }

  #flockHost(): boolean {
    const kinds = [...this.#holders.values()]
    const type = kinds.length === 0 ? F_UNLCK : kinds.includes(true) ? F_WRLCK : F_RDLCK
    return this.#host?.lockWhole(type) ?? true
  }

  #leaveHost(): void {
    if (this.#records.length > 0 || this.#holders.size > 0) return
    this.#host?.close()
    this.#host = undefined
  }
}

/** The locks of all files that the guest has locked: one table for the kernel. */
export class FileLockTable {
  readonly #ofFiles = new WeakMap<Inode, FileLocks>()
  readonly #budget: Budget

  /** @param budget counts new locks */
  constructor(budget: Budget) {
    this.#budget = budget
  }

  /** Do not keep the result: a file without locks is forgotten. */
  of(inode: Inode): FileLocks {
    let locks = this.#ofFiles.get(inode)
    if (locks === undefined) {
      locks = new FileLocks(this.#budget)
      this.#ofFiles.set(inode, locks)
    }
    return locks
  }

  /** What keeps `wanted` from being set: the first lock of the guest, otherwise one of the host. */
  conflict(file: FileDescription, wanted: RecordLock): LockedRange | undefined {
    const locks = this.of(file.inode)
    const found = locks.conflict(wanted) ?? locks.hostConflict(wanted, file)
    this.forgetIdle(file.inode)
    return found
  }

  /** Ends what a close ends: does nothing for a file that is not locked. */
  release(inode: Inode, owner: object): void {
    this.#ofFiles.get(inode)?.release(owner)
    this.forgetIdle(inode)
  }

  /** The last descriptor of an open file is gone: what the file itself held ends. */
  lastClosed(description: {readonly file: FileDescription}): void {
    this.release(description.file.inode, description)
  }

  /** Call after locks were released. */
  forgetIdle(inode: Inode): void {
    if (this.#ofFiles.get(inode)?.isIdle) this.#ofFiles.delete(inode)
  }
}

/** What is held of a range, in parts: the strongest lock of each. */
function unionOf(
  records: readonly RecordLock[],
  start: number,
  end: number,
): Pick<RecordLock, 'type' | 'start' | 'end'>[] {
  const there = records.filter((lock) => lock.start < end && start < lock.end)
  const edges = there.flatMap((lock) => [lock.start, lock.end]).filter((edge) => start < edge && edge < end)
  const bounds = [...new Set([start, ...edges, end])].sort((a, b) => a - b)
  return bounds.slice(1).map((partEnd, i) => {
    const here = there.filter((lock) => lock.start < partEnd && bounds[i] < lock.end)
    const isWrite = here.some(({type}) => type === F_WRLCK)
    return {type: here.length === 0 ? F_UNLCK : isWrite ? F_WRLCK : F_RDLCK, start: bounds[i], end: partEnd}
  })
}

/** Adjacent locks of one owner and type are one lock: F_GETLK and the table's size depend on it. One owner's never overlap. */
function mergeNeighbours(locks: RecordLock[]): RecordLock[] {
  const merged: RecordLock[] = []
  /** The index of each owner's last lock. */
  const lastOf = new Map<RecordLock['owner'], number>()
  for (const lock of locks.sort((a, b) => a.start - b.start)) {
    const index = lastOf.get(lock.owner)
    const last = index === undefined ? undefined : merged[index]
    if (index !== undefined && last?.type === lock.type && last.end === lock.start) {
      merged[index] = {...last, end: lock.end}
      continue
    }
    lastOf.set(lock.owner, merged.length)
    merged.push(lock)
  }
  return merged
}

/** Whether a lock type is F_RDLCK, F_WRLCK or F_UNLCK. */
export function isLockType(type: number): boolean {
  return type === F_RDLCK || type === F_WRLCK || type === F_UNLCK
}
