// PidFile: a process as a file: pidfd_open(2). Readable once the process has ended.

import {EINVAL, Errno} from '../abi/errno.ts'
import {POLLIN} from '../abi/open-flags.ts'
import {AnonymousDescription} from '../vfs/anonymous-description.ts'
import type {WaitQueue} from '../vfs/wait-queue.ts'
import type {Process} from './process.ts'

export class PidFile extends AnonymousDescription {
  override readonly waiters: WaitQueue
  readonly process: Process

  /** @param flags O_NONBLOCK counts: for waitid(2) */
  constructor(process: Process, flags = 0) {
    super('[pidfd]', flags)
    this.process = process
    this.waiters = process.departed
  }

  override read(): number {
    throw new Errno(EINVAL)
  }

  /** -1: nobody has the pid any more. */
  fdinfo(): string {
    const {pid, parent} = this.process
    const shown = parent === undefined ? -1 : pid
    return `Pid:\t${shown}\nNSpid:\t${shown}\n`
  }

  override readiness(): number {
    return this.process.exit === undefined ? 0 : POLLIN
  }
}
