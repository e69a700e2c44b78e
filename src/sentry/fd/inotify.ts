// InotifyDescription: watches of files, and the events that are not read yet: inotify(7).

import {EAGAIN, EEXIST, EINVAL, EMFILE, ENOSPC, Errno} from '../../abi/errno.ts'
import {
  EVENT_BYTES,
  IN_ALL_EVENTS,
  IN_EXCL_UNLINK,
  IN_IGNORED,
  IN_MASK_ADD,
  IN_MASK_CREATE,
  IN_ONESHOT,
  IN_Q_OVERFLOW,
} from '../../abi/inotify.ts'
import {FIONREAD} from '../../abi/ioctl.ts'
import {O_RDONLY, POLLIN} from '../../abi/open-flags.ts'
import {AnonymousDescription} from '../../vfs/anonymous-description.ts'
import {type Budget, COST} from '../../vfs/budget.ts'
import type {ByteString, Inode, IoctlMemory} from '../../vfs/file.ts'
import {writeInt} from '../../vfs/int-argument.ts'
import type {VirtualFileSystem} from '../../vfs/virtual-file-system.ts'
import {WaitQueue} from '../../vfs/wait-queue.ts'
import {addWatcher, removeWatcher, type Watcher, watchedInode} from '../../vfs/watchers.ts'

/** /proc/sys/fs/inotify/max_queued_events, max_user_instances, max_user_watches. */
export const MAX_QUEUED_EVENTS = 16_384
const MAX_INSTANCES = 128
const MAX_WATCHES = 65_536
const MAX_WD = 2 ** 31 - 1
/** Bits of a watch's mask that are kept besides events. */
const KEPT_FLAGS = IN_ONESHOT | IN_EXCL_UNLINK

/** The limited numbers, shared by all instances of a kernel. */
export class InotifyCounts {
  instances = 0
  watches = 0
}

interface Event {
  readonly wd: number
  readonly mask: number
  readonly cookie: number
  readonly name: ByteString | undefined
}

const OVERFLOW: Event = {wd: -1, mask: IN_Q_OVERFLOW, cookie: 0, name: undefined}

class Watch implements Watcher {
  readonly wd: number
  readonly inode: Inode
  /** Kept, as its name may go before the watch does. */
  readonly ino: number
  readonly dev: number
  mask: number
  readonly #file: InotifyDescription

  constructor(wd: number, inode: Inode, mask: number, file: InotifyDescription) {
    this.wd = wd
    this.inode = inode
    const {ino, dev} = inode.attributes()
    this.ino = ino
    this.dev = dev
    this.mask = mask
    this.#file = file
  }

  tell(event: number, name: ByteString | undefined, cookie: number, isUnlinked: boolean): void {
    if ((event & this.mask & IN_ALL_EVENTS) === 0) return
    if (isUnlinked && this.mask & IN_EXCL_UNLINK) return
    this.#file.add({wd: this.wd, mask: event, cookie, name})
    if (this.mask & IN_ONESHOT) this.gone()
  }

  gone(): void {
    this.#file.forget(this)
    this.#file.add({wd: this.wd, mask: IN_IGNORED, cookie: 0, name: undefined})
  }
}

export class InotifyDescription extends AnonymousDescription {
  override readonly waiters = new WaitQueue()
  readonly #watches = new Map<number, Watch>()
  readonly #ofInodes = new Map<Inode, Watch>()
  readonly #queue: Event[] = []
  #queuedBytes = 0
  #lastWd = 0
  readonly #counts: InotifyCounts
  readonly #budget: Budget

  /**
   * @param flags O_NONBLOCK counts
   * @param budget counts watches and events
   * @throws Errno EMFILE
   */
  constructor(vfs: VirtualFileSystem, flags: number, counts: InotifyCounts, budget: Budget) {
    super(vfs, 'inotify', flags, O_RDONLY)
    if (counts.instances >= MAX_INSTANCES) throw new Errno(EMFILE)
    counts.instances++
    this.#counts = counts
    this.#budget = budget
  }

  /** inotify_add_watch(2). @param mask IN_* @returns the watch descriptor @throws Errno EEXIST, ENOSPC */
  watch(file: Inode, mask: number): number {
    const inode = watchedInode(file)
    const kept = mask & (IN_ALL_EVENTS | KEPT_FLAGS)
    const known = this.#ofInodes.get(inode)
    if (known !== undefined) {
      if (mask & IN_MASK_CREATE) throw new Errno(EEXIST)
      known.mask = mask & IN_MASK_ADD ? known.mask | kept : kept
      return known.wd
    }
    if (this.#counts.watches >= MAX_WATCHES) throw new Errno(ENOSPC)
    this.#budget.take(COST.watch, ENOSPC)
    this.#counts.watches++
    const watch = new Watch(this.#takeWd(), inode, kept, this)
    this.#watches.set(watch.wd, watch)
    this.#ofInodes.set(inode, watch)
    addWatcher(inode, watch)
    return watch.wd
  }

  /** inotify_rm_watch(2). @throws Errno EINVAL */
  unwatch(wd: number): void {
    const watch = this.#watches.get(wd)
    if (watch === undefined) throw new Errno(EINVAL)
    watch.gone()
  }

  forget(watch: Watch): void {
    if (!this.#watches.delete(watch.wd)) return
    this.#ofInodes.delete(watch.inode)
    removeWatcher(watch.inode, watch)
    this.#counts.watches--
    this.#budget.give(COST.watch)
  }

  /** An event equal to the last unread one is merged with it. */
  add(event: Event): void {
    const last = this.#queue.at(-1)
    if (last !== undefined && isSame(last, event)) return
    const isFull = this.#queue.length >= MAX_QUEUED_EVENTS || !this.#budget.hasRoom(COST.event)
    if (isFull && last === OVERFLOW) return
    const added = isFull ? OVERFLOW : event
    this.#queue.push(added)
    this.#queuedBytes += sizeOf(added)
    this.#budget.note(COST.event)
    this.waiters.wakeAll(POLLIN)
  }

  override read(target: Uint8Array): number {
    if (this.#queue.length === 0) throw new Errno(EAGAIN)
    let length = 0
    let count = 0
    for (const event of this.#queue) {
      const size = sizeOf(event)
      if (length + size > target.length) break
      encode(target, length, event)
      length += size
      count++
    }
    if (count === 0) throw new Errno(EINVAL)
    this.#queue.splice(0, count)
    this.#queuedBytes -= length
    this.#budget.give(count * COST.event)
    return length
  }

  override readiness(): number {
    return this.#queue.length > 0 ? POLLIN : 0
  }

  override ioctl(request: number, argument: number, memory: IoctlMemory): number {
    if (request !== FIONREAD) return super.ioctl(request, argument, memory)
    return writeInt(memory, argument, this.#queuedBytes)
  }

  override fdinfo(): ByteString {
    let lines = ''
    // The newest comes first.
    for (const {wd, ino, dev, mask} of [...this.#watches.values()].reverse()) {
      lines += `inotify wd:${wd.toString(16)} ino:${ino.toString(16)} sdev:${dev.toString(16)} mask:${(mask >>> 0).toString(16)} ignored_mask:0\n`
    }
    return lines
  }

  override close(): void {
    for (const watch of [...this.#watches.values()]) this.forget(watch)
    this.#budget.give(this.#queue.length * COST.event)
    this.#queue.length = 0
    this.#counts.instances--
  }

  /** Never one that was just in use: a reader of an old event must not take it for a new watch's. */
  #takeWd(): number {
    do this.#lastWd = this.#lastWd >= MAX_WD ? 1 : this.#lastWd + 1
    while (this.#watches.has(this.#lastWd))
    return this.#lastWd
  }
}

function isSame(a: Event, b: Event): boolean {
  return a.mask === b.mask && a.wd === b.wd && a.name === b.name && (a.mask & IN_IGNORED) === 0
}

/** The name with its NUL, padded. */
function nameBytes(name: ByteString | undefined): number {
  return name === undefined ? 0 : Math.ceil((name.length + 1) / EVENT_BYTES) * EVENT_BYTES
}

function sizeOf({name}: Event): number {
  return EVENT_BYTES + nameBytes(name)
}

function encode(target: Uint8Array, at: number, {wd, mask, cookie, name}: Event): void {
  const view = new DataView(target.buffer, target.byteOffset + at)
  const length = nameBytes(name)
  view.setInt32(0, wd, true)
  view.setUint32(4, mask, true)
  view.setUint32(8, cookie, true)
  view.setUint32(12, length, true)
  target.fill(0, at + EVENT_BYTES, at + EVENT_BYTES + length)
  for (let i = 0; i < (name ?? '').length; i++) target[at + EVENT_BYTES + i] = name!.charCodeAt(i)
}
