// Pipes and fifos: a ring of ordinary memory with two ends (man 7 pipe, man 7 fifo).

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
import {now} from './clock.ts'
import type {AttributeChanges, Attributes, Credentials, FileDescription, Inode, IoctlMemory} from './file.ts'
import {Description} from './file-description.ts'
import {Node} from './node.ts'
import {UnmountedFileSystem} from './unmounted.ts'
import {WaitQueue} from './wait-queue.ts'

/** Writes of at most this many bytes are all or nothing. */
export const PIPE_BUF = 4096
const DEFAULT_CAPACITY = 65536
const PAGE = 4096
/** f_type of pipes, for whatever else looks like one. */
export const PIPEFS_MAGIC = 0x50495045
/** /proc/sys/fs/pipe-max-size. */
const MAX_CAPACITY = 1 << 20

export class Pipe {
  readonly waiters = new WaitQueue()
  readers = 0
  writers = 0
  /** How often each end was ever opened: a fifo's open(2) waits for the other's to change. */
  readerOpens = 0
  writerOpens = 0
  /** Allocated by the first write. */
  #ring: Uint8Array | undefined
  #capacity = DEFAULT_CAPACITY
  #head = 0
  #length = 0

  get capacity(): number {
    return this.#capacity
  }

  /** Bytes that can be read: FIONREAD. */
  get length(): number {
    return this.#length
  }

  /** F_SETPIPE_SZ: rounded up to a power of two pages. @returns the new capacity @throws Errno EINVAL, EPERM, EBUSY */
  resize(wanted: number): number {
    if (wanted < 0 || wanted > 2 ** 31) throw new Errno(EINVAL)
    let capacity = PAGE
    while (capacity < wanted) capacity *= 2
    if (capacity > MAX_CAPACITY) throw new Errno(EPERM)
    if (capacity < this.#length) throw new Errno(EBUSY)
    const ring = new Uint8Array(capacity)
    const length = this.#length
    if (length > 0) this.read(ring.subarray(0, length))
    this.#ring = ring
    this.#head = 0
    this.#length = length
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

  /** As read, but the bytes stay: tee(2), and splice(2) until it knows what the other side took. */
  peek(target: Uint8Array): number {
    if (target.length === 0) return 0
    if (this.#length === 0) {
      if (this.writers === 0) return 0
      throw new Errno(EAGAIN)
    }
    const ring = this.#ring as Uint8Array
    const count = Math.min(target.length, this.#length)
    const first = Math.min(count, this.#capacity - this.#head)
    target.set(ring.subarray(this.#head, this.#head + first))
    if (count > first) target.set(ring.subarray(0, count - first), first)
    return count
  }

  /** Takes away the first `count` bytes, at most `length`. */
  drop(count: number): void {
    this.#head = (this.#head + count) % this.#capacity
    this.#length -= count
    this.waiters.wakeAll(POLLOUT)
  }

  /** Short when the ring fills, but never for up to PIPE_BUF bytes. @throws Errno EPIPE, EAGAIN */
  write(source: Uint8Array): number {
    if (source.length === 0) return 0
    if (this.readers === 0) throw new Errno(EPIPE)
    const free = this.#capacity - this.#length
    if (free === 0 || (source.length <= PIPE_BUF && source.length > free)) throw new Errno(EAGAIN)
    this.#ring ??= new Uint8Array(this.#capacity)
    const count = Math.min(source.length, free)
    const tail = (this.#head + this.#length) % this.#capacity
    const first = Math.min(count, this.#capacity - tail)
    this.#ring.set(source.subarray(0, first), tail)
    if (count > first) this.#ring.set(source.subarray(first, count))
    this.#length += count
    this.waiters.wakeAll(POLLIN)
    return count
  }

  readable(): number {
    return (this.#length > 0 ? POLLIN : 0) | (this.writers === 0 ? POLLHUP : 0)
  }

  writable(): number {
    if (this.readers === 0) return POLLOUT | POLLERR
    return this.#capacity - this.#length >= PIPE_BUF ? POLLOUT : 0
  }

  /** A fifo that nobody has open forgets what it held. */
  clear(): void {
    this.#ring = undefined
    this.#head = this.#length = 0
  }
}

/** One end, or with O_RDWR (fifos only) both. */
export class PipeEnd extends Description {
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
    if (position !== undefined) throw new Errno(ESPIPE)
    this.requireReadable()
    return this.pipe.read(target)
  }

  override write(source: Uint8Array, position?: number): number {
    if (position !== undefined) throw new Errno(ESPIPE)
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
    memory.write(argument, new Uint8Array(new Int32Array([this.pipe.length]).buffer))
    return 0
  }

  isOpenComplete(): boolean {
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

export type PipeOwner = Pick<Credentials, 'uid' | 'gid'>

/** pipe2(2). `flags` are status flags (O_NONBLOCK). */
export function openPipe(flags = 0, owner: PipeOwner = {uid: 0, gid: 0}): [reader: PipeEnd, writer: PipeEnd] {
  const pipe = new Pipe()
  const inode = new PipeInode(pipe, owner)
  const end = (access: number) => new PipeEnd(inode, pipe, flags | access, true)
  return [end(O_RDONLY), end(O_WRONLY)]
}

const fifos = new WeakMap<Inode, Pipe>()

/**
 * Opens a fifo. Without O_NONBLOCK open(2) has not ended before `isOpenComplete`: the caller sleeps in `waiters`.
 * @throws Errno ENXIO: O_WRONLY | O_NONBLOCK without a reader; EINVAL for access mode 3
 */
export function openFifo(inode: Inode, flags: number): FileDescription {
  let pipe = fifos.get(inode)
  if (pipe === undefined) {
    pipe = new Pipe()
    fifos.set(inode, pipe)
  }
  const access = flags & O_ACCMODE
  const opensAtOnce = access === O_RDWR || (flags & O_NONBLOCK) !== 0
  if (access === O_WRONLY && opensAtOnce && pipe.readers === 0) throw new Errno(ENXIO)
  return new PipeEnd(inode, pipe, flags, opensAtOnce)
}

/** Where the inodes of pipe(2) live. */
const pipefs = new UnmountedFileSystem('pipefs', PIPEFS_MAGIC)

class PipeInode extends Node {
  readonly fs = pipefs
  readonly #pipe: Pipe
  readonly #attributes: Attributes

  constructor(pipe: Pipe, {uid, gid}: PipeOwner) {
    super(S_IFIFO)
    this.#pipe = pipe
    const time = now()
    this.#attributes = {
      dev: this.fs.dev,
      ino: pipefs.takeIno(),
      mode: S_IFIFO | 0o600,
      nlink: 1,
      uid,
      gid,
      rdev: 0,
      size: 0,
      blocks: 0,
      blksize: PAGE,
      atime: time,
      mtime: time,
      ctime: time,
      btime: time,
    }
  }

  /** By /proc/self/fd/N: another end of the same pipe. It does not wait for the other one, as a fifo's does. */
  override open(flags: number): FileDescription {
    return new PipeEnd(this, this.#pipe, flags, true)
  }

  override attributes(): Attributes {
    return this.#attributes
  }

  override setAttributes({mode, uid, gid, atime, mtime}: AttributeChanges): void {
    const kept = this.#attributes
    if (mode !== undefined) kept.mode = S_IFIFO | (mode & 0o7777)
    kept.uid = uid ?? kept.uid
    kept.gid = gid ?? kept.gid
    kept.atime = atime ?? kept.atime
    kept.mtime = mtime ?? kept.mtime
    kept.ctime = now()
  }
}
