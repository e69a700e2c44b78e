// HostStreamDescription: a file description over a descriptor that hv inherited: its standard input, output or error.

import {EAGAIN, EINVAL, EIO, ENOTTY, EOPNOTSUPP, EPERM, Errno, ESPIPE} from '../abi/errno.ts'
import {S_IFIFO, S_IFMT, S_IFREG, S_IFSOCK} from '../abi/file-mode.ts'
import {FIONREAD} from '../abi/ioctl.ts'
import {O_APPEND, POLLERR, POLLHUP, POLLIN, POLLOUT, SEEK_CUR, SEEK_END, SEEK_SET} from '../abi/open-flags.ts'
import type {AttributeChanges, Attributes, IoctlMemory} from './file.ts'
import {FileDescription} from './file-description.ts'
import type {HostFsAddon} from './host-addon.ts'
import {attributesFrom, check, STAT_FIELDS, STAT_MODE} from './host-calls.ts'
import {Inode} from './inode.ts'
import type {UnmountedFileSystem} from './unmounted.ts'
import type {VirtualFileSystem} from './virtual-file-system.ts'
import {WaitQueue} from './wait-queue.ts'

/** What a pipe or terminal that polls writable takes without blocking: PIPE_BUF. */
const UNBLOCKED_WRITE = 4096
const READ_READY = POLLIN | POLLHUP | POLLERR

/**
 * Wraps a host descriptor, which stays the caller's. Its file description may be shared with other host processes: its
 * O_NONBLOCK is never touched, so every transfer asks poll(2) first.
 */
export class HostStreamDescription extends FileDescription {
  override readonly waiters = new WaitQueue()
  /** Undefined for regular files: they are always ready, and epoll refuses them. */
  declare readonly hostFd?: number
  protected readonly files: HostFsAddon
  protected readonly fd: number
  readonly #isRegular: boolean
  /** A terminal, and a pipe before Linux 6.4, cannot be asked to take only what fits. */
  #takesPieces = false

  /** @param flags the status flags that the guest sees; the access mode counts */
  constructor(files: HostFsAddon, fd: number, flags: number, inode: Inode) {
    super(inode, flags)
    this.files = files
    this.fd = fd
    this.#isRegular = inode.kind === S_IFREG
    if (this.#isRegular) this.#shareOffset()
    else this.hostFd = fd
  }

  /** The host's offset is used: others that share the file continue after what the guest wrote, and the guest after theirs. */
  #shareOffset(): void {
    Object.defineProperty(this, 'position', {
      get: () => this.seek(0, SEEK_CUR),
      set: (offset: number) => this.seek(offset, SEEK_SET),
    })
  }

  override read(target: Uint8Array, position?: number): number {
    this.requireReadable()
    if (position !== undefined) this.#requireSeekable()
    if (target.length === 0) return 0
    if (!this.#isRegular) this.#requireReady(READ_READY)
    return check(this.files.hostRead(this.fd, target, position ?? -1))
  }

  override write(source: Uint8Array, position?: number): number {
    this.requireWritable()
    if (position !== undefined) this.#requireSeekable()
    if (source.length === 0) return 0
    if (this.#isRegular) return this.#writeFile(source, position)

    if (!this.#takesPieces) {
      const count = this.files.hostWriteNow(this.fd, source)
      this.#takesPieces = count === -EOPNOTSUPP
      // EAGAIN also comes while another process has the pipe's lock.
      if (!this.#takesPieces && (count !== -EAGAIN || !this.#isReady(POLLOUT))) return check(count)
    }
    return this.#writePieces(source)
  }

  #writePieces(source: Uint8Array): number {
    let done = 0
    while (done < source.length && (done === 0 || this.#isReady(POLLOUT))) {
      if (done === 0) this.#requireReady(POLLOUT | POLLERR | POLLHUP)
      const piece = source.subarray(done, done + UNBLOCKED_WRITE)
      const count = this.files.hostWrite(this.fd, piece, -1)
      if (count < 0 && done > 0) break
      done += check(count)
    }
    return done
  }

  override seek(offset: number, whence: number): number {
    this.#requireSeekable()
    if (whence !== SEEK_SET && whence !== SEEK_CUR && whence !== SEEK_END) throw new Errno(EINVAL)
    return check(this.files.hostSeek(this.fd, offset, whence))
  }

  override truncate(size: number): void {
    if (!this.#isRegular) throw new Errno(EINVAL)
    this.requireWritable()
    check(this.files.hostTruncate(this.fd, size))
  }

  override allocate(mode: number, offset: number, length: number): number {
    this.#requireSeekable()
    check(this.files.hostAllocate(this.fd, mode, offset, length))
    return length
  }

  override sync(): void {
    check(this.files.hostSync(this.fd))
  }

  override readiness(): number {
    if (this.#isRegular) return POLLIN | POLLOUT
    const ready = this.files.hostPoll(this.fd, POLLIN | POLLOUT)
    return ready < 0 ? POLLERR : ready & (POLLIN | POLLOUT | POLLERR | POLLHUP)
  }

  override ioctl(request: number, argument: number, memory: IoctlMemory): number {
    if (request === FIONREAD) return this.copyOut(request, argument, memory, 4)
    throw new Errno(ENOTTY)
  }

  /** The descriptor is hv's: only the guest's description ends. */
  override close(): void {}

  #writeFile(source: Uint8Array, position: number | undefined): number {
    if (position !== undefined) return check(this.files.hostWrite(this.fd, source, position))
    // The host's own O_APPEND (a shell's >>) holds anyway; this is the guest's fcntl(F_SETFL).
    if (this.flags & O_APPEND) return check(this.files.hostAppend(this.fd, source))
    return check(this.files.hostWrite(this.fd, source, -1))
  }

  #isReady(events: number): boolean {
    return this.files.hostPoll(this.fd, events) > 0
  }

  /** @throws Errno EAGAIN */
  #requireReady(events: number): void {
    const ready = this.files.hostPoll(this.fd, events)
    if (ready < 0) throw new Errno(EIO)
    if (ready === 0) throw new Errno(EAGAIN)
  }

  #requireSeekable(): void {
    if (!this.#isRegular) throw new Errno(ESPIPE)
  }

  /** Asks the host, and copies its answer to the guest. */
  protected copyOut(request: number, argument: number, memory: IoctlMemory, size: number): number {
    const bytes = new Uint8Array(size)
    check(this.files.hostIoctl(this.fd, request, bytes))
    memory.write(argument, bytes)
    return 0
  }
}

const stat = new Float64Array(STAT_FIELDS)

/** A host socket is a pipe here: it has no socket calls, which libuv would ask for. */
function kindOf(mode: number): number {
  const kind = mode & S_IFMT
  return kind === S_IFSOCK ? S_IFIFO : kind
}

/** What a descriptor leads to that has no path in the guest. */
export class StreamInode extends Inode {
  readonly fs: UnmountedFileSystem
  readonly files: HostFsAddon
  readonly #fd: number
  readonly #Stream: typeof HostStreamDescription

  constructor(vfs: VirtualFileSystem, fd: number, Stream: typeof HostStreamDescription) {
    const {files} = vfs.host
    check(files.hostStat(fd, '', stat))
    super(kindOf(stat[STAT_MODE]))
    this.files = files
    this.fs = vfs.hostStreams
    this.#fd = fd
    this.#Stream = Stream
  }

  override attributes(): Attributes {
    check(this.files.hostStat(this.#fd, '', stat))
    const attributes = attributesFrom(stat, this.fs.dev)
    return {...attributes, mode: this.kind | (attributes.mode & ~S_IFMT)}
  }

  override setAttributes(changes: AttributeChanges): void {
    if (changes.size !== undefined) check(this.files.hostTruncate(this.#fd, changes.size))
    // The mode and owner of hv's own streams belong to its user.
    if (changes.mode !== undefined || changes.uid !== undefined || changes.gid !== undefined)
      throw new Errno(EPERM)
  }

  /** Opening /proc/self/fd/N or /dev/stdin anew gives the same stream. */
  override open(flags: number): HostStreamDescription {
    return new this.#Stream(this.files, this.#fd, flags, this)
  }
}
