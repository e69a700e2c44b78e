// The standard streams of a sandboxed program: its input from memory, its output into memory. To the guest they are pipes.

import {EINVAL, ENOSPC, EPERM, EPIPE, Errno, ESPIPE} from '../../abi/errno.ts'
import {S_IFIFO} from '../../abi/file-mode.ts'
import {FIONREAD} from '../../abi/ioctl.ts'
import {O_ACCMODE, O_RDONLY, O_WRONLY, POLLHUP, POLLIN, POLLOUT} from '../../abi/open-flags.ts'
import type {AttributeChanges, IoctlMemory} from '../../vfs/file.ts'
import {FileDescription} from '../../vfs/file-description.ts'
import type {Inode} from '../../vfs/inode.ts'
import {StoredInode} from '../../vfs/inode.ts'
import {writeInt} from '../../vfs/int-argument.ts'
import type {UnmountedFileSystem} from '../../vfs/unmounted.ts'
import type {VirtualFileSystem} from '../../vfs/virtual-file-system.ts'
import {WaitQueue} from '../../vfs/wait-queue.ts'
import {GrowingBytes} from '../protocol/growing-bytes.ts'
import {PipeOutput} from './pipe-output.ts'

/** Standard input: `bytes`, then the end of the file. */
export function openInput(vfs: VirtualFileSystem, bytes: Uint8Array): FileDescription {
  return new StreamInode(vfs.pipes, new Input(bytes)).open(O_RDONLY)
}

/** Standard output or error: what the guest writes goes to `output`. */
export function openOutput(vfs: VirtualFileSystem, output: Output | PipeOutput): FileDescription {
  return new StreamInode(vfs.pipes, output).open(O_WRONLY)
}

/** Bytes that are read once, by the first reader. */
class Input {
  readonly #bytes: Uint8Array
  #taken = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get length(): number {
    return this.#bytes.length - this.#taken
  }

  take(target: Uint8Array): number {
    const piece = this.#bytes.subarray(this.#taken, this.#taken + target.length)
    target.set(piece)
    this.#taken += piece.length
    return piece.length
  }
}

/** What a description over it reads or writes. */
type Stream = Input | Output | PipeOutput

/** Collects at most `limitBytes`; a guest that writes more gets ENOSPC, as on a full disk. */
export class Output {
  readonly #limitBytes: number
  readonly #taken: GrowingBytes
  readonly #onFull: (() => void) | undefined
  #isClosed = false
  /** The guest wrote more than fits. */
  truncated = false

  /** @param onFull called each time the guest writes more than fits */
  constructor(limitBytes: number, onFull?: () => void) {
    this.#onFull = onFull
    this.#limitBytes = limitBytes
    this.#taken = new GrowingBytes(limitBytes)
  }

  /** Copies `source`. Short at the limit. @throws Errno ENOSPC, EPIPE */
  append(source: Uint8Array): number {
    if (this.#isClosed) throw new Errno(EPIPE)
    const count = Math.min(source.length, this.#limitBytes - this.#taken.length)
    if (count < source.length) {
      this.truncated = true
      this.#onFull?.()
    }
    if (count === 0 && source.length > 0) throw new Errno(ENOSPC)
    this.#taken.append(source.subarray(0, count))
    return count
  }

  /** Nobody takes more: writers get EPIPE. */
  close(): void {
    this.#isClosed = true
  }

  /** All of it, to be given away. */
  take(): Uint8Array<ArrayBuffer> {
    return this.#taken.take()
  }
}

class StreamDescription extends FileDescription {
  // Only a pipe is ever waited for, but epoll refuses a file that has no queue.
  override readonly waiters = new WaitQueue()
  readonly #stream: Stream

  constructor(inode: Inode, stream: Stream, flags: number) {
    super(inode, flags)
    this.#stream = stream
    if (stream instanceof PipeOutput) Object.defineProperty(this, 'hostFd', {get: () => stream.hostFd})
  }

  override read(target: Uint8Array, position?: number): number {
    this.refusePosition(position)
    this.requireReadable()
    return this.#stream instanceof Input ? this.#stream.take(target) : 0
  }

  override write(source: Uint8Array, position?: number): number {
    this.refusePosition(position)
    this.requireWritable()
    if (this.#stream instanceof Input) throw new Errno(EINVAL)
    return this.#stream.append(source)
  }

  override allocate(): number {
    throw new Errno(ESPIPE)
  }

  override readiness(): number {
    if (this.#stream instanceof PipeOutput) return this.#stream.readiness()
    if ((this.flags & O_ACCMODE) !== O_RDONLY) return POLLOUT
    return this.#stream instanceof Input && this.#stream.length > 0 ? POLLIN | POLLHUP : POLLHUP
  }

  override ioctl(request: number, argument: number, memory: IoctlMemory): number {
    if (request !== FIONREAD) return super.ioctl(request, argument, memory)
    const length = this.#stream instanceof Input ? this.#stream.length : 0
    return writeInt(memory, argument, length)
  }
}

class StreamInode extends StoredInode<UnmountedFileSystem> {
  readonly #stream: Stream

  constructor(fs: UnmountedFileSystem, stream: Stream) {
    super(fs, fs.takeIno(), S_IFIFO | 0o600, {uid: process.getuid!(), gid: process.getgid!()})
    this.#stream = stream
  }

  /** Opening /dev/stdin or /proc/self/fd/N anew gives the same stream. */
  override open(flags: number): FileDescription {
    return new StreamDescription(this, this.#stream, flags)
  }

  override setAttributes(changes: AttributeChanges): void {
    if (changes.size !== undefined) throw new Errno(EINVAL)
    if (changes.mode !== undefined || changes.uid !== undefined || changes.gid !== undefined)
      throw new Errno(EPERM)
  }
}
