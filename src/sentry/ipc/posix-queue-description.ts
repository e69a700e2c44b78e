// PosixQueueDescription: what mq_open(3) opens. poll(2) works on it, and read(2) shows its state: mq_overview(7).

import {EBADF, EINVAL, Errno} from '../../abi/errno.ts'
import {FileDescription} from '../../vfs/file-description.ts'
import {seekTo} from '../../vfs/seek.ts'
import type {WaitQueue} from '../../vfs/wait-queue.ts'
import type {Task} from '../core/task.ts'
import type {PosixQueue} from './posix-queue.ts'

export class PosixQueueDescription extends FileDescription {
  declare readonly inode: PosixQueue
  override readonly waiters: WaitQueue

  constructor(queue: PosixQueue, flags: number) {
    super(queue, flags)
    this.waiters = queue.changed
  }

  override read(target: Uint8Array, position?: number): number {
    this.requireReadable()
    const start = position ?? this.position
    const piece = Buffer.from(this.#text(), 'latin1').subarray(start, start + target.length)
    target.set(piece)
    if (position === undefined) this.position += piece.length
    return piece.length
  }

  override write(): number {
    this.requireWritable()
    throw new Errno(EINVAL)
  }

  override seek(offset: number, whence: number): number {
    this.position = seekTo(offset, whence, this.position, this.inode.attributes().size)
    return this.position
  }

  override readiness(): number {
    return this.inode.readiness
  }

  override descriptorClosed(): void {
    this.inode.descriptorClosed()
  }

  override close(): void {
    this.inode.closed()
  }

  #text(): string {
    const {bytes, notification} = this.inode
    const notify = notification !== undefined && notification.signal === undefined ? 1 : 0
    const signal = notification?.signal ?? 0
    const pid = notification?.process.pid ?? 0
    const field = (value: number, width: number): string => String(value).padEnd(width)
    return `QSIZE:${field(bytes, 10)} NOTIFY:${field(notify, 5)} SIGNO:${field(signal, 5)} NOTIFY_PID:${field(pid, 6)}\n`
  }
}

/** @throws Errno EBADF */
export function queueFile({fds}: Task, fd: number): PosixQueueDescription {
  const file = fds.get(fd)
  if (!(file instanceof PosixQueueDescription)) throw new Errno(EBADF)
  return file
}
