// SharedSegment: System V shared memory: shmget(2), shmop(2). Its pages live until it is removed and no longer attached.

import {ENXIO, Errno} from '../../abi/errno.ts'
import {SHM_DEST, SHMMNI} from '../../abi/ipc.ts'
import {PAGE_SIZE} from '../../platform/platform.ts'
import type {FileClock} from '../../vfs/clock.ts'
import type {Mappable} from '../../vfs/file.ts'
import {SharedMemory} from '../memory/shared-memory.ts'
import {type Backing, pageAlign} from '../memory/vma.ts'
import {IpcTable} from './ipc-table.ts'
import type {KernelIpc} from './kernel-ipc.ts'
import type {IpcPermission} from './permission.ts'

export class SharedSegment implements Mappable {
  readonly permission: IpcPermission
  /** In bytes, as given to shmget(2). */
  readonly size: number
  readonly pages: number
  /** Its name in /proc/PID/maps. */
  readonly path: string
  readonly creator: number
  lastPid = 0
  /** Seconds. */
  attachedAt = 0
  detachedAt = 0
  changedAt: number
  /** In all address spaces. */
  attachments = 0
  readonly #memory: SharedMemory
  readonly #segments: SharedSegments
  readonly #clock: FileClock

  constructor(permission: IpcPermission, size: number, creator: number, segments: SharedSegments) {
    this.#clock = segments.ipc.kernel.vfs.clock
    this.changedAt = this.#clock.now().seconds
    this.permission = permission
    this.size = size
    this.pages = pageAlign(size) / PAGE_SIZE
    this.path = `/SYSV${(permission.key >>> 0).toString(16).padStart(8, '0')} (deleted)`
    this.creator = creator
    this.#segments = segments
    this.#memory = new SharedMemory(segments.ipc.kernel)
    this.#memory.acquire()
  }

  /** Pages that were touched. */
  get resident(): number {
    return this.#memory.pageCount
  }

  /** For one shmat(2): mappings of several do not join. */
  attachment(): Attachment {
    return new Attachment(this, this.#memory)
  }

  sharedPage(pageIndex: number): number {
    if (pageIndex >= this.pages) throw new Errno(ENXIO)
    return this.#memory.sharedPage(pageIndex)
  }

  isResident(pageIndex: number): boolean {
    return this.#memory.isResident(pageIndex)
  }

  markDirty(): void {}

  flush(): void {}

  attached(): void {
    this.attachments++
    this.attachedAt = this.#clock.now().seconds
    this.lastPid = this.#segments.ipc.pid
  }

  detached(): void {
    this.attachments--
    this.detachedAt = this.#clock.now().seconds
    this.lastPid = this.#segments.ipc.pid
    if (this.attachments === 0 && this.permission.mode & SHM_DEST) this.#segments.destroy(this)
  }

  free(): void {
    this.#memory.release()
  }
}

/** What backs the mappings of one shmat(2). An address space that fork copies counts as one more. */
export class Attachment implements Backing {
  readonly mappable: SharedSegment
  /** The same as SharedMemory's. */
  readonly dev = 1
  readonly ino: number
  readonly path: string
  readonly #memory: SharedMemory

  constructor(segment: SharedSegment, memory: SharedMemory) {
    this.mappable = segment
    this.ino = segment.permission.id
    this.path = segment.path
    this.#memory = memory
  }

  acquire(): void {
    this.mappable.attached()
  }

  release(): void {
    this.mappable.detached()
  }

  punch(offset: number, length: number): void {
    this.#memory.punch(offset, length, this.mappable)
  }
}

export class SharedSegments extends IpcTable<SharedSegment> {
  readonly ipc: KernelIpc

  constructor(ipc: KernelIpc) {
    super(SHMMNI)
    this.ipc = ipc
  }

  /** Of all segments. */
  get totalPages(): number {
    let total = 0
    for (const {pages} of this) total += pages
    return total
  }

  get residentPages(): number {
    let total = 0
    for (const {resident} of this) total += resident
    return total
  }

  /** Attached processes keep it, and others may still attach it by its identifier. */
  override remove(segment: SharedSegment): void {
    if (segment.attachments === 0) {
      this.destroy(segment)
      return
    }
    this.hide(segment)
    segment.permission.mode |= SHM_DEST
  }

  destroy(segment: SharedSegment): void {
    this.drop(segment)
    segment.free()
  }
}
