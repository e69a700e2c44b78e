// Leases: their holders are told before a file is opened in a way that conflicts: fcntl(2), F_SETLEASE.

import {opensForReading, opensForWriting} from '../../abi/access-mode.ts'
import {EAGAIN, Errno} from '../../abi/errno.ts'
import {F_RDLCK, F_UNLCK, F_WRLCK} from '../../abi/fcntl.ts'
import type {Inode} from '../../vfs/file.ts'
import {WaitQueue} from '../../vfs/wait-queue.ts'
import type {LastCloseListener, OpenDescription} from '../core/open-description.ts'
import {POLL_MSG} from './signal-owner.ts'

/** /proc/sys/fs/lease-break-time, nanoseconds: after that, the kernel takes the lease away. */
const BREAK_TIME_NS = 45e9

export interface Lease {
  readonly description: OpenDescription
  readonly fd: number
  type: number
  /** What it has to become, and when that happens by force; set while an open waits for it. */
  breaking: {type: number; deadlineNs: number} | undefined
}

export class Leases implements LastCloseListener {
  readonly #leases = new Map<Inode, Lease[]>()
  /** Woken when a lease is given up. */
  readonly changes = new WaitQueue()

  /** Without leases, opens need no look. */
  get isEmpty(): boolean {
    return this.#leases.size === 0
  }

  /** F_GETLEASE: of a lease that is being broken, what it has to become. */
  typeOf(description: OpenDescription): number {
    const lease = this.#of(description)
    return lease?.breaking?.type ?? lease?.type ?? F_UNLCK
  }

  /**
   * @param opened all file descriptions of the guest
   * @throws Errno EAGAIN
   */
  set(description: OpenDescription, fd: number, type: number, opened: Iterable<OpenDescription>): void {
    const {inode} = description.file
    const own = this.#of(description)
    if (type === F_UNLCK) {
      if (own === undefined) throw new Errno(EAGAIN)
      this.#remove(own)
      return
    }
    for (const {file} of opened) {
      if (file.inode !== inode) continue
      const isOther = file !== description.file
      const conflicts =
        type === F_RDLCK
          ? opensForWriting(file.flags)
          : isOther && (opensForReading(file.flags) || opensForWriting(file.flags))
      if (conflicts) throw new Errno(EAGAIN)
    }
    const others = (this.#leases.get(inode) ?? []).filter((lease) => lease !== own)
    if (others.some(({breaking}) => type === F_WRLCK || breaking?.type === F_UNLCK)) throw new Errno(EAGAIN)
    if (own?.breaking !== undefined && type === F_WRLCK) throw new Errno(EAGAIN)
    if (own !== undefined) this.#become(own, type)
    else {
      this.#leases.set(inode, [...others, {description, fd, type, breaking: undefined}])
      description.onLastClose(this)
    }
  }

  lastClosed(description: OpenDescription): void {
    const lease = this.#of(description)
    if (lease !== undefined) this.#remove(lease)
  }

  /**
   * `inode` is about to be opened: tells the holders of conflicting leases, once.
   * @returns when the last of them loses it by force; undefined: none is in the way
   */
  breakFor(inode: Inode, isWrite: boolean, nowNs: number): number | undefined {
    let deadlineNs: number | undefined
    for (const lease of [...(this.#leases.get(inode) ?? [])]) {
      if (!isWrite && lease.type === F_RDLCK) continue
      if (lease.breaking !== undefined && nowNs >= lease.breaking.deadlineNs) {
        this.#become(lease, lease.breaking.type)
        if (isWrite || lease.type === F_WRLCK) this.#remove(lease)
        continue
      }
      if (lease.breaking === undefined) {
        lease.breaking = {type: isWrite ? F_UNLCK : F_RDLCK, deadlineNs: nowNs + BREAK_TIME_NS}
        lease.description.owner?.tell(POLL_MSG, lease.fd)
      } else if (isWrite) {
        lease.breaking.type = F_UNLCK
      }
      deadlineNs = Math.max(deadlineNs ?? 0, lease.breaking.deadlineNs)
    }
    return deadlineNs
  }

  #of(description: OpenDescription): Lease | undefined {
    return this.#leases.get(description.file.inode)?.find((lease) => lease.description === description)
  }

  #become(lease: Lease, type: number): void {
    if (type === F_UNLCK) {
      this.#remove(lease)
      return
    }
    lease.type = type
    lease.breaking = undefined
    this.changes.wakeAll()
  }

  #remove(lease: Lease): void {
    const {inode} = lease.description.file
    const rest = (this.#leases.get(inode) ?? []).filter((other) => other !== lease)
    if (rest.length > 0) this.#leases.set(inode, rest)
    else this.#leases.delete(inode)
    this.changes.wakeAll()
  }
}
