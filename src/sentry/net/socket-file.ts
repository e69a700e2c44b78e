// SocketFile: a socket as a file description, and the inode that it has in Linux's sockfs.

import {EAGAIN, EINVAL, ENODEV, ENOTTY, ENXIO, Errno} from '../../abi/errno.ts'
import {S_IFSOCK} from '../../abi/file-mode.ts'
import {FIONREAD, TIOCOUTQ} from '../../abi/ioctl.ts'
import {O_RDWR} from '../../abi/open-flags.ts'
import {now} from '../../vfs/clock.ts'
import type {AttributeChanges, Attributes, Credentials, FileDescription, IoctlMemory} from '../../vfs/file.ts'
import {Description} from '../../vfs/file-description.ts'
import {writeInt} from '../../vfs/int-argument.ts'
import {Node} from '../../vfs/node.ts'
import {UnmountedFileSystem} from '../../vfs/unmounted.ts'
import type {WaitQueue} from '../../vfs/wait-queue.ts'
import {readSocket, writeSocket} from './transfer.ts'
import type {UnixSocket} from './unix-socket.ts'

const SOCKFS_MAGIC = 0x534f434b
const sockfs = new UnmountedFileSystem('sockfs', SOCKFS_MAGIC)

export type SocketOwner = Pick<Credentials, 'uid' | 'gid'>

export class SocketFile extends Description {
  readonly socket: UnixSocket
  override readonly waiters: WaitQueue

  /** @param flags status flags (O_NONBLOCK) */
  constructor(socket: UnixSocket, flags: number, owner: SocketOwner) {
    super(new SocketInode(owner), flags | O_RDWR)
    this.socket = socket
    this.waiters = socket.waiters
  }

  /** What moves bytes inside the sentry reads so: splice(2). Calls with guest memory go by syscalls/recv.ts. */
  override read(target: Uint8Array, position?: number): number {
    this.refusePosition(position)
    const count = readSocket(this.socket, target)
    if (count === undefined) throw new Errno(EAGAIN)
    return count
  }

  /** As `read`: splice(2), sendfile(2). */
  override write(source: Uint8Array, position?: number): number {
    this.refusePosition(position)
    return writeSocket(this.socket, source)
  }

  override readiness(): number {
    return this.socket.readiness()
  }

  override allocate(): number {
    throw new Errno(ENODEV)
  }

  override ioctl(request: number, argument: number, memory: IoctlMemory): number {
    return writeInt(memory, argument, this.#ask(request))
  }

  override close(): void {
    this.socket.close()
  }

  /** SIOCINQ, SIOCOUTQ. */
  #ask(request: number): number {
    if (request === TIOCOUTQ) return this.socket.sentCost
    if (request !== FIONREAD) throw new Errno(ENOTTY)
    if (this.socket.state === 'listening') throw new Errno(EINVAL)
    return this.socket.receivableBytes
  }
}

export class SocketInode extends Node {
  readonly fs = sockfs
  readonly #attributes: Attributes

  constructor({uid, gid}: SocketOwner) {
    super(S_IFSOCK)
    const time = now()
    this.#attributes = {
      ...{dev: this.fs.dev, ino: sockfs.takeIno(), mode: S_IFSOCK | 0o777, nlink: 1, uid, gid, rdev: 0},
      ...{size: 0, blocks: 0, blksize: 4096, atime: time, mtime: time, ctime: time, btime: time},
    }
  }

  /** By /proc/self/fd/N. */
  override open(): FileDescription {
    throw new Errno(ENXIO)
  }

  override attributes(): Attributes {
    return this.#attributes
  }

  override setAttributes({mode, uid, gid, atime, mtime}: AttributeChanges): void {
    const kept = this.#attributes
    if (mode !== undefined) kept.mode = S_IFSOCK | (mode & 0o7777)
    kept.uid = uid ?? kept.uid
    kept.gid = gid ?? kept.gid
    kept.atime = atime ?? kept.atime
    kept.mtime = mtime ?? kept.mtime
    kept.ctime = now()
  }
}
