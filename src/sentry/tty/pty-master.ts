// PtyMasterDescription: the master of a pseudo-terminal: its holder types into it and sees what it shows. man 4 ptmx.

import {EAGAIN, EIO, Errno} from '../../abi/errno.ts'
import {POLLHUP, POLLIN, POLLOUT, POLLPRI} from '../../abi/open-flags.ts'
import type {Inode, IoctlMemory} from '../../vfs/file.ts'
import {FileDescription} from '../../vfs/file-description.ts'
import type {WaitQueue} from '../../vfs/wait-queue.ts'
import {MASTER_REQUESTS} from './master-requests.ts'
import type {Pty} from './pty.ts'
import {answerRequest} from './pty-requests.ts'

/** In packet mode, before bytes of the slave. */
const PACKET_DATA = 0

export class PtyMasterDescription extends FileDescription {
  override readonly waiters: WaitQueue
  readonly pty: Pty

  constructor(pty: Pty, inode: Inode, flags: number) {
    super(inode, flags)
    this.pty = pty
    this.waiters = pty.masterWaiters
  }

  override read(target: Uint8Array, position?: number): number {
    this.requireReadable()
    this.refusePosition(position)
    if (target.length === 0) return 0
    const {packets, shown} = this.pty
    if (packets.hasStatus) {
      target[0] = packets.takeStatus()
      return 1
    }
    if (shown.length === 0) throw new Errno(this.pty.isSlaveGone ? EIO : EAGAIN)
    if (packets.isOn) {
      target[0] = PACKET_DATA
      return 1 + this.pty.see(target.subarray(1))
    }
    return this.pty.see(target)
  }

  override write(source: Uint8Array, position?: number): number {
    this.requireWritable()
    this.refusePosition(position)
    if (source.length === 0) return 0
    const count = this.pty.type(source)
    if (count === 0) throw new Errno(EAGAIN)
    return count
  }

  override readiness(): number {
    const {pty} = this
    return (
      (pty.shown.length > 0 ? POLLIN : 0) |
      (pty.packets.hasStatus ? POLLIN | POLLPRI : 0) |
      (pty.typingRoom > 0 ? POLLOUT : 0) |
      (pty.isSlaveGone ? POLLHUP : 0)
    )
  }

  override ioctl(request: number, argument: number, memory: IoctlMemory): number {
    return answerRequest(MASTER_REQUESTS, request, this.pty, argument, memory, this.flags)
  }

  override close(): void {
    this.pty.masterClosed()
  }
}
