// SocketDescription: a socket as a file description, and its inode in Linux's sockfs.

import {ENODEV, ENXIO, Errno} from '../../abi/errno.ts'
import {S_IFSOCK} from '../../abi/file-mode.ts'
import {O_NONBLOCK, O_RDWR} from '../../abi/open-flags.ts'
import {MSG_PEEK} from '../../abi/socket.ts'
import type {IoctlMemory} from '../../vfs/file.ts'
import {FileDescription} from '../../vfs/file-description.ts'
import {StoredInode} from '../../vfs/inode.ts'
import type {UnmountedFileSystem} from '../../vfs/unmounted.ts'
import type {WaitQueue} from '../../vfs/wait-queue.ts'
import type {Iovec} from '../core/iovec.ts'
import type {Task} from '../core/task.ts'
import {receiveMessage, receiveRange} from './receive-message.ts'
import {sendMessage, sendRange} from './sending.ts'
import type {Socket} from './socket.ts'

/** Gives a new socket a descriptor. @param flags SOCK_CLOEXEC, SOCK_NONBLOCK @throws Errno EMFILE, ENFILE; the socket is then closed */
export function installSocket(task: Task, socket: Socket, flags: number): number {
  const {kernel, credentials, fds} = task
  const {fs} = kernel.socketFamilies
  const inode = new SocketInode(fs, fs.takeIno(), S_IFSOCK | 0o777, credentials)
  socket.chargeTo?.(task.process.run.counters.traffic)
  return fds.install(new SocketDescription(socket, inode, flags & O_NONBLOCK), flags)
}

export class SocketDescription extends FileDescription {
  override readonly socket: Socket
  override readonly waiters: WaitQueue

  constructor(socket: Socket, inode: SocketInode, flags: number) {
    super(inode, flags | O_RDWR)
    this.socket = socket
    socket.inode = inode
    this.waiters = socket.waiters
  }

  /** What comes with the bytes is lost. */
  override receive(task: Task, ranges: readonly Iovec[]): number {
    return receiveMessage(task, this, ranges, 0)
  }

  override send(task: Task, ranges: readonly Iovec[]): number {
    return sendMessage(task, this, {ranges, flags: 0})
  }

  override receiveRange(task: Task, address: number, length: number): number {
    return receiveRange(task, this, address, length, 0)
  }

  override sendRange(task: Task, address: number, length: number): number {
    return sendRange(task, this, address, length, 0)
  }

  /** For transfers inside the sentry: splice(2), sendfile(2). */
  override read(target: Uint8Array, position?: number): number {
    this.refusePosition(position)
    return this.socket.read(target, 0)
  }

  override peek(target: Uint8Array): number {
    return this.socket.read(target, MSG_PEEK)
  }

  override write(source: Uint8Array, position?: number): number {
    this.refusePosition(position)
    return this.socket.write(source)
  }

  override readiness(): number {
    return this.socket.readiness()
  }

  override allocate(): number {
    throw new Errno(ENODEV)
  }

  override ioctl(request: number, argument: number, memory: IoctlMemory): number {
    return this.socket.ioctl(request, argument, memory)
  }

  override close(): void {
    this.socket.close()
  }
}

export class SocketInode extends StoredInode<UnmountedFileSystem> {
  /** Through /proc/self/fd/N. */
  override open(): FileDescription {
    throw new Errno(ENXIO)
  }
}
