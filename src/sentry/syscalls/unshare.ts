// unshare(2): a task gives up what it shares with others. There are no namespaces to leave.

import {
  CLONE_FILES,
  CLONE_FS,
  CLONE_NEWTIME,
  CLONE_SIGHAND,
  CLONE_SYSVSEM,
  CLONE_THREAD,
  CLONE_VM,
  NAMESPACES,
} from '../../abi/clone.ts'
import {EINVAL, EPERM, Errno} from '../../abi/errno.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'

/** What nobody can give up: a task may ask for it that has it alone. */
const OF_PROCESS = CLONE_THREAD | CLONE_SIGHAND | CLONE_VM
const KNOWN = OF_PROCESS | CLONE_FILES | CLONE_FS | CLONE_SYSVSEM | NAMESPACES | CLONE_NEWTIME

export const unshare: Syscall = (task, args) => {
  const flags = args.address(0)
  if (flags > 0xffff_ffff || flags & ~KNOWN) throw new Errno(EINVAL)
  if (flags & OF_PROCESS) requireAlone(task, flags)
  if (flags & (NAMESPACES | CLONE_NEWTIME)) throw new Errno(EPERM)
  if (flags & CLONE_FILES) task.unshareFds()
  if (flags & CLONE_FS) task.unshareFs()
  if (flags & CLONE_SYSVSEM) task.unshareSemaphoreUndo()
  return 0
}

/** @throws Errno EINVAL */
function requireAlone({kernel, process}: Task, flags: number): void {
  const {handlers} = process.signals
  const sharesHandlers = (): boolean =>
    [...kernel.processes.values()].some((other) => other !== process && other.signals.handlers === handlers)
  const isAlone =
    process.tasks.length === 1 &&
    !(flags & CLONE_VM && process.space.isShared) &&
    !(flags & (CLONE_SIGHAND | CLONE_VM) && sharesHandlers())
  if (!isAlone) throw new Errno(EINVAL)
}
