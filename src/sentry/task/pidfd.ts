// PidFdDescription: a process or a thread as a file: pidfd_open(2). Readable once it has ended, hung up once it was waited for.

import {EBADF, EINVAL, Errno} from '../../abi/errno.ts'
import {POLLHUP, POLLIN} from '../../abi/open-flags.ts'
import {AnonymousDescription} from '../../vfs/anonymous-description.ts'
import {ProcessDirectory} from '../../vfs/fs/proc-process.ts'
import type {VirtualFileSystem} from '../../vfs/virtual-file-system.ts'
import type {WaitQueue} from '../../vfs/wait-queue.ts'
import type {Process} from '../core/process.ts'
import type {Task} from '../core/task.ts'
import {openFile} from '../fd/descriptor-argument.ts'
import {ProcessView} from './process-view.ts'

/** A process, or one of its threads, also when another has its number: struct pid in Linux. */
export class ProcessIdentity {
  readonly process: Process
  /** PIDFD_THREAD: it stands for this thread of the process. */
  readonly thread: Task | undefined

  constructor(process: Process, thread?: Task) {
    this.process = process
    this.thread = thread
  }

  /** The pid or tid that it was opened for. */
  get pid(): number {
    return this.thread?.tid ?? this.process.pid
  }

  /** The number is no longer in use: the process was waited for, or the thread is gone. */
  get isGone(): boolean {
    const {thread, process} = this
    if (thread === undefined || thread.tid === process.pid) return process.family.parent === undefined
    return !process.tasks.includes(thread)
  }
}

export class PidFdDescription extends AnonymousDescription {
  override readonly waiters: WaitQueue
  readonly of: ProcessIdentity

  /** @param flags O_NONBLOCK counts: for waitid(2) */
  constructor(vfs: VirtualFileSystem, process: Process, flags = 0, thread?: Task) {
    super(vfs, '[pidfd]', flags)
    this.of = new ProcessIdentity(process, thread)
    this.waiters = process.family.departed
  }

  override read(): number {
    throw new Errno(EINVAL)
  }

  /** -1: the pid is no longer in use. */
  override fdinfo(): string {
    const shown = this.of.isGone ? -1 : this.of.pid
    return `Pid:\t${shown}\nNSpid:\t${shown}\n`
  }

  override readiness(): number {
    const {thread, process, isGone} = this.of
    if (isGone) return POLLIN | POLLHUP
    const hasEnded = thread === undefined ? process.exit !== undefined : !process.tasks.includes(thread)
    return hasEnded ? POLLIN : 0
  }
}

/** @throws Errno EBADF: not a pidfd */
export function pidFileArgument(task: Task, fd: number): ProcessIdentity {
  const file = openFile(task, fd)
  if (!(file instanceof PidFdDescription)) throw new Errno(EBADF)
  return file.of
}

/** For pidfd_send_signal(2): an open /proc/PID does as well. @throws Errno EBADF: neither */
export function pidFileOrDirectory(task: Task, fd: number): ProcessIdentity {
  const {inode} = openFile(task, fd)
  if (!(inode instanceof ProcessDirectory && inode.process instanceof ProcessView))
    return pidFileArgument(task, fd)
  return new ProcessIdentity(inode.process.process)
}
