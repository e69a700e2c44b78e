// Pipes and fifos: a ring with two ends (man 7 pipe, man 7 fifo).

import {ALL_CAPABILITIES, CAP_SYS_RESOURCE, hasCapability} from '../abi/capability.ts'
import {EAGAIN, EBUSY, EINVAL, ENXIO, EPERM, EPIPE, Errno, ESPIPE} from '../abi/errno.ts'
import {S_IFIFO} from '../abi/file-mode.ts'
import {FIONREAD} from '../abi/ioctl.ts'
import {
  O_ACCMODE,
  O_NONBLOCK,
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLOUT,
} from '../abi/open-flags.ts'
import {Budget} from './budget.ts'
import type {Credentials, Inode, IoctlMemory} from './file.ts'
import {FileDescription} from './file-description.ts'
import {StoredInode} from './inode.ts'
import {writeInt} from './int-argument.ts'
import {PipeRing} from './pipe-ring.ts'
import type {UnmountedFileSystem} from './unmounted.ts'
import type {VirtualFileSystem} from './virtual-file-system.ts'
import {WaitQueue} from './wait-queue.ts'

/** Writes of at most this many bytes are all or nothing. */
export const PIPE_BUF = 4096
const DEFAULT_CAPACITY = 65536
const PAGE = 4096
/** /proc/sys/fs/pipe-max-size. */
export const PIPE_MAX_BYTES = 1 << 20
/** Pages in all pipes, beyond which unprivileged callers get small ones, and cannot enlarge them (man 7 pipe). */
export const PIPE_USER_PAGES_SOFT = 16_384
const SMALL_CAPACITY = 2 * PAGE

export class Pipe {
  readonly waiters = new WaitQueue()
  readers = 0
  writers = 0
  /** How often each end was ever opened: a fifo's open(2) waits for the other's count to change. */
  readerOpens = 0
  writerOpens = 0
  #capacity: number
  readonly #ring: PipeRing
  readonly #budget: Budget

  /**
   * @param budget counts what it holds
   * @param privileged CAP_SYS_RESOURCE
   */
  constructor(budget = new Budget(), privileged = true) {
    this.#budget = budget
    this.#ring = new PipeRing(budget)
    const isOver = budget.pipePages + DEFAULT_CAPACITY / PAGE > PIPE_USER_PAGES_SOFT
    this.#capacity = isOver && !privileged ? SMALL_CAPACITY : DEFAULT_CAPACITY
  }

  get capacity(): number {
    return this.#capacity
  }

  /** Bytes that can be read: FIONREAD. */
  get length(): number {
    return this.#ring.length
  }

  /** F_SETPIPE_SZ: rounded up to a power of two pages. @returns the new capacity @throws Errno EINVAL, EPERM, EBUSY */
  resize(wanted: number, privileged = true): number {
    if (wanted < 0 || wanted > 2 ** 31) throw new Errno(EINVAL)
    let capacity = PAGE
    while (capacity < wanted) capacity *= 2
    if (capacity > PIPE_MAX_BYTES) throw new Errno(EPERM)
    const morePages = (capacity - this.#capacity) / PAGE
    const isOver = morePages > 0 && this.#budget.pipePages + morePages > PIPE_USER_PAGES_SOFT
    if (isOver && !privileged) throw new Errno(EPERM)
    if (capacity < this.length) throw new Errno(EBUSY)
    this.#budget.pipePages += morePages
    this.#capacity = capacity
    this.waiters.wakeAll()
    return capacity
  }

  /** @returns 0 at the end of the file @throws Errno EAGAIN */
  read(target: Uint8Array): number {
    const count = this.peek(target)
    if (count > 0) this.drop(count)
    return count
  }

  /**
   * Like read, but the bytes stay: for tee(2), and for splice(2) until it knows what the other side took.
   * @param skipped how many of the first bytes are left out; 0 if there are no more than that
   */
  peek(target: Uint8Array, skipped = 0): number {
    if (target.length === 0) return 0
    if (this.length === 0) {
      if (this.writers === 0) return 0
      throw new Errno(EAGAIN)
    }
    return this.#ring.peek(target, skipped)
  }

  /** Removes the first `count` bytes, at most `length`. */
  drop(count: number): void {
    this.#ring.drop(count)
    this.waiters.wakeAll(POLLOUT)
  }

  /** Short when the ring fills up, but never for up to PIPE_BUF bytes. @throws Errno EPIPE, EAGAIN, ENOMEM */
  write(source: Uint8Array): number {
    if (source.length === 0) return 0
    if (this.readers === 0) throw new Errno(EPIPE)
    const free = this.#capacity - this.length
    if (free === 0 || (source.length <= PIPE_BUF && source.length > free)) throw new Errno(EAGAIN)
    const count = Math.min(source.length, free)
    this.#ring.append(count < source.length ? source.subarray(0, count) : source)
    this.waiters.wakeAll(POLLIN)
    return count
  }

  readable(): number {
    return (this.length > 0 ? POLLIN : 0) | (this.writers === 0 ? POLLHUP : 0)
  }

  writable(): number {
    if (this.readers === 0) return POLLOUT | POLLERR
    return this.#capacity - this.length >= PIPE_BUF ? POLLOUT : 0
  }

  /** Call before its first end is opened. */
  begin(): void {
    this.#budget.pipePages += this.#capacity / PAGE
  }

  /** Nobody has it open any longer: a fifo forgets its content. */
  clear(): void {
    this.#ring.clear()
    this.#budget.pipePages -= this.#capacity / PAGE
  }
}

/** One end, or with O_RDWR (fifos only) both. */
export class PipeDescription extends FileDescription {
  readonly pipe: Pipe
  override readonly waiters: WaitQueue
  readonly #reads: boolean
  readonly #writes: boolean
  readonly #othersBefore: number
  readonly #opensAtOnce: boolean

  /** @throws Errno EINVAL for access mode 3 */
  constructor(inode: Inode, pipe: Pipe, flags: number, opensAtOnce: boolean) {
    if ((flags & O_ACCMODE) === O_ACCMODE) throw new Errno(EINVAL)
    super(inode, flags)
    this.pipe = pipe
    this.waiters = pipe.waiters
    const access = flags & O_ACCMODE
    this.#reads = access !== O_WRONLY
    this.#writes = access !== O_RDONLY
    this.#opensAtOnce = opensAtOnce
    this.#othersBefore = this.#reads ? pipe.writerOpens : pipe.readerOpens
    if (pipe.readers + pipe.writers === 0) pipe.begin()
    if (this.#reads) {
      pipe.readers++
      pipe.readerOpens++
    }
    if (this.#writes) {
      pipe.writers++
      pipe.writerOpens++
    }
    pipe.waiters.wakeAll()
  }

  override read(target: Uint8Array, position?: number): number {
    this.refusePosition(position)
    this.requireReadable()
    return this.pipe.read(target)
  }

  override write(source: Uint8Array, position?: number): number {
    this.refusePosition(position)
    this.requireWritable()
    return this.pipe.write(source)
  }

  override allocate(): number {
    throw new Errno(ESPIPE)
  }

  override readiness(): number {
    const forReading = this.#reads ? this.pipe.readable() : 0
    const forWriting = this.#writes ? this.pipe.writable() : 0
    return forReading | forWriting
  }

  override ioctl(request: number, argument: number, memory: IoctlMemory): number {
    if (request !== FIONREAD) return super.ioctl(request, argument, memory)
    return writeInt(memory, argument, this.pipe.length)
  }

  override isOpenComplete(): boolean {
    if (this.#opensAtOnce) return true
    if (this.#reads) return this.pipe.writers > 0 || this.pipe.writerOpens !== this.#othersBefore
    return this.pipe.readers > 0 || this.pipe.readerOpens !== this.#othersBefore
  }

  override close(): void {
    if (this.#reads) this.pipe.readers--
    if (this.#writes) this.pipe.writers--
    if (this.pipe.readers + this.pipe.writers === 0) this.pipe.clear()
    this.pipe.waiters.wakeAll()
  }
}

export type PipeOwner = Pick<Credentials, 'uid' | 'gid' | 'capabilities'>

/** Whether Linux's limit on pages in pipes does not apply to them. */
export const mayExceed = ({capabilities}: Pick<Credentials, 'capabilities'>): boolean =>
  hasCapability(capabilities, CAP_SYS_RESOURCE)

/** pipe2(2). `flags` are status flags (O_NONBLOCK). */
export function openPipe(
  vfs: VirtualFileSystem,
  flags = 0,
  owner: PipeOwner = {uid: 0, gid: 0, capabilities: ALL_CAPABILITIES},
  budget?: Budget,
): [reader: PipeDescription, writer: PipeDescription] {
  const pipe = new Pipe(budget, mayExceed(owner))
  const inode = new PipeInode(vfs.pipes, pipe, owner)
  const end = (access: number) => new PipeDescription(inode, pipe, flags | access, true)
  return [end(O_RDONLY), end(O_WRONLY)]
}

declare module './inode.ts' {
  interface Inode {
    /** What a fifo's descriptions share, from the first on. */
    fifo?: Pipe
  }
}

/**
 * Opens a fifo. Without O_NONBLOCK, open(2) is not over before `isOpenComplete`: the caller sleeps in `waiters`.
 * @throws Errno ENXIO: O_WRONLY | O_NONBLOCK without a reader; EINVAL for access mode 3
 */
export function openFifo(inode: Inode, flags: number): FileDescription {
  const pipe = inode.fifo ?? new Pipe(inode.fs.budget)
  inode.fifo = pipe
  const access = flags & O_ACCMODE
  const opensAtOnce = access === O_RDWR || (flags & O_NONBLOCK) !== 0
  if (access === O_WRONLY && opensAtOnce && pipe.readers === 0) throw new Errno(ENXIO)
  return new PipeDescription(inode, pipe, flags, opensAtOnce)
}

class PipeInode extends StoredInode<UnmountedFileSystem> {
  readonly #pipe: Pipe

  constructor(fs: UnmountedFileSystem, pipe: Pipe, owner: PipeOwner) {
    super(fs, fs.takeIno(), S_IFIFO | 0o600, owner)
    this.#pipe = pipe
  }

  /** Through /proc/self/fd/N: another end of the same pipe. Unlike a fifo's, it does not wait for the other end. */
  override open(flags: number): FileDescription {
    return new PipeDescription(this, this.#pipe, flags, true)
  }
}
