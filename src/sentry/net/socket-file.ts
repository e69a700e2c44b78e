// SocketFile: a socket as a file description, and its inode in Linux's sockfs.

import {EINVAL, ENODEV, ENXIO, Errno} from '../../abi/errno.ts'
import {S_IFSOCK} from '../../abi/file-mode.ts'
import {FIONREAD, TIOCOUTQ} from '../../abi/ioctl.ts'
import {O_RDWR} from '../../abi/open-flags.ts'
import {MSG_PEEK} from '../../abi/socket.ts'
import type {Credentials, FileDescription, IoctlMemory} from '../../vfs/file.ts'
import {Description} from '../../vfs/file-description.ts'
import {writeInt} from '../../vfs/int-argument.ts'
import type {UnmountedFileSystem} from '../../vfs/unmounted.ts'
import {UnmountedNode} from '../../vfs/unmounted-node.ts'
import type {WaitQueue} from '../../vfs/wait-queue.ts'
import type {Iovec} from '../core/iovec.ts'
import type {Task} from '../core/task.ts'
import {askInterface} from './interfaces.ts'
import {readSocket, writeSocket} from './transfer.ts'
import type {UnixSocket} from './unix-socket.ts'

export type SocketOwner = Pick<Credentials, 'uid' | 'gid'>

/** Given by make-socket-file.ts, so that the files of a message do not import what receives it. */
export interface Transfers {
  receive(task: Task, file: SocketFile, ranges: readonly Iovec[]): number
  send(task: Task, file: SocketFile, ranges: readonly Iovec[]): number
}

export class SocketFile extends Description {
  readonly socket: UnixSocket
  override readonly waiters: WaitQueue
  readonly #transfers: Transfers

  constructor(socket: UnixSocket, flags: number, owner: SocketOwner, transfers: Transfers) {
    super(new SocketInode(socket.domain.fs, owner), flags | O_RDWR)
    this.socket = socket
    this.waiters = socket.waiters
    this.#transfers = transfers
  }

  receive(task: Task, ranges: readonly Iovec[]): number {
    return this.#transfers.receive(task, this, ranges)
  }

  send(task: Task, ranges: readonly Iovec[]): number {
    return this.#transfers.send(task, this, ranges)
  }

  /** For transfers inside the sentry: splice(2). Closes descriptors that come with the bytes. */
  override read(target: Uint8Array, position?: number): number {
    this.refusePosition(position)
    return readSocket(this.socket, target)
  }

  /** Like `read`, but the bytes stay. */
  peek(target: Uint8Array): number {
    return readSocket(this.socket, target, MSG_PEEK)
  }

  /** Like `read`: splice(2), sendfile(2). */
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
    const isOfQueue = request === FIONREAD || request === TIOCOUTQ
    return isOfQueue
      ? writeInt(memory, argument, this.#ask(request))
      : askInterface(request, argument, memory)
  }

  override close(): void {
    this.socket.close()
  }

  /** SIOCINQ, SIOCOUTQ. */
  #ask(request: number): number {
    if (request === TIOCOUTQ) return this.socket.sentCost
    if (this.socket.state === 'listening') throw new Errno(EINVAL)
    return this.socket.receivableBytes
  }
}

class SocketInode extends UnmountedNode {
  constructor(fs: UnmountedFileSystem, owner: SocketOwner) {
    super(fs, S_IFSOCK | 0o777, owner)
  }

  /** Through /proc/self/fd/N. */
  override open(): FileDescription {
    throw new Errno(ENXIO)
  }
}
