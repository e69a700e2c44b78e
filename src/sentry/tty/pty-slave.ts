// PtySlaveDescription: the opened slave of a pseudo-terminal: the terminal that a program sees.

import {EAGAIN, EIO, ENOTTY, Errno} from '../../abi/errno.ts'
import {TIOCSPGRP} from '../../abi/ioctl.ts'
import {O_NONBLOCK, POLLERR, POLLHUP, POLLIN, POLLOUT} from '../../abi/open-flags.ts'
import {SIGTTIN, SIGTTOU} from '../../abi/signal.ts'
import {TOSTOP} from '../../abi/termios.ts'
import type {Inode, IoctlMemory} from '../../vfs/file.ts'
import {FileDescription} from '../../vfs/file-description.ts'
import {PtsNode} from '../../vfs/fs/devpts.ts'
import {MustWait} from '../../vfs/must-wait.ts'
import type {WaitQueue} from '../../vfs/wait-queue.ts'
import type {Pty} from './pty.ts'
import {answerRequest, SLAVE_REQUESTS} from './pty-requests.ts'

export class PtySlaveDescription extends FileDescription {
  override readonly waiters: WaitQueue
  readonly pty: Pty
  readonly #hangUps: number

  constructor(pty: Pty, inode: Inode, flags: number) {
    super(inode, flags)
    this.pty = pty
    this.waiters = pty.slaveWaiters
    this.#hangUps = pty.hangUps
  }

  override read(target: Uint8Array, position?: number): number {
    this.requireReadable()
    this.refusePosition(position)
    if (this.#isHungUp) return 0
    if (!this.pty.admits(SIGTTIN)) throw new MustWait()
    if (target.length === 0) return 0
    this.pty.typeEnd()
    const {line} = this.pty
    const takesWhatIsThere = (this.flags & O_NONBLOCK) !== 0 && line.inputBytes > 0
    if (!line.endsRead(target.length) && !takesWhatIsThere) throw new Errno(EAGAIN)
    const count = line.read(target)
    this.pty.inputTaken()
    this.#touch(false)
    return count
  }

  /** VTIME: counted from the start of the read, or from the last byte. */
  override readDeadlineNs(sinceNs: number): number | undefined {
    const {line, typedNs} = this.pty
    const {readTimeoutNs} = line
    if (readTimeoutNs === undefined) return undefined
    return (line.inputBytes > 0 ? Math.max(sinceNs, typedNs) : sinceNs) + readTimeoutNs
  }

  override write(source: Uint8Array, position?: number): number {
    this.requireWritable()
    this.refusePosition(position)
    if (this.#isHungUp) throw new Errno(EIO)
    if (this.pty.line.modes.local & TOSTOP && !this.pty.admits(SIGTTOU)) throw new MustWait()
    if (source.length === 0) return 0
    const count = this.pty.print(source)
    if (count === 0) throw new Errno(EAGAIN)
    this.#touch(true)
    return count
  }

  override readiness(): number {
    if (this.#isHungUp) return POLLIN | POLLOUT | POLLERR | POLLHUP
    const {line, isAtEnd} = this.pty
    return (line.isReadable || isAtEnd ? POLLIN : 0) | (line.hasOutputRoom ? POLLOUT : 0)
  }

  override ioctl(request: number, argument: number, memory: IoctlMemory): number {
    if (this.#isHungUp) throw new Errno(request === TIOCSPGRP ? ENOTTY : EIO)
    return answerRequest(SLAVE_REQUESTS, request, this.pty, argument, memory, this.flags)
  }

  override close(): void {
    this.pty.slaveClosed()
  }

  get #isHungUp(): boolean {
    return this.#hangUps !== this.pty.hangUps
  }

  #touch(isWritten: boolean): void {
    if (this.inode instanceof PtsNode) this.inode.touch(isWritten)
  }
}
