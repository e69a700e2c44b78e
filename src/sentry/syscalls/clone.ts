// fork(2), vfork(2), clone(2), clone3(2).

import {CAP_SYS_ADMIN} from '../../abi/capability.ts'
import {
  CLONE_ARGS_SIZE_VER0,
  CLONE_ARGS_SIZE_VER2,
  CLONE_CHILD_SETTID,
  CLONE_CLEAR_SIGHAND,
  CLONE_DETACHED,
  CLONE_FS,
  CLONE_INTO_CGROUP,
  CLONE_NEWNS,
  CLONE_NEWTIME,
  CLONE_NEWUSER,
  CLONE_PARENT,
  CLONE_PARENT_SETTID,
  CLONE_PIDFD,
  CLONE_SETTLS,
  CLONE_SIGHAND,
  CLONE_THREAD,
  CLONE_VFORK,
  CLONE_VM,
  CSIGNAL,
  NAMESPACES,
} from '../../abi/clone.ts'
import {E2BIG, EINVAL, EPERM, Errno} from '../../abi/errno.ts'
import {O_CLOEXEC} from '../../abi/open-flags.ts'
import {NSIG, SIGCHLD} from '../../abi/signal.ts'
import {arch} from '../../arch/index.ts'
import {PAGE_SIZE} from '../../platform/platform.ts'
import {requireCapability} from '../core/credentials.ts'
import type {Process} from '../core/process.ts'
import {BLOCKED, type Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {unlessErrno} from '../core/unless-errno.ts'
import {continuation} from '../core/wait.ts'
import {type CloneRequest, cloneTask, has} from '../task/clone.ts'
import {PidFdDescription} from '../task/pidfd.ts'

/** What else the flags ask for: addresses in the caller's memory, and in the child's. */
interface Clone extends CloneRequest {
  readonly parentTid: number
  /** Where a pidfd is stored: clone(2) uses the place of the parent's tid. */
  readonly pidfd: number
}

const MAX_PID_NAMESPACES = 32
const NOTHING = {stack: undefined, threadPointer: undefined, childTid: 0, parentTid: 0, pidfd: 0}

export const fork: Syscall = (task) => make(task, {...NOTHING, flags: 0, exitSignal: SIGCHLD})
export const vfork: Syscall = (task) =>
  make(task, {...NOTHING, flags: CLONE_VM | CLONE_VFORK, exitSignal: SIGCHLD})

export const clone: Syscall = (task, args) => {
  const flags = args.uint32(0)
  const {cloneThreadPointer} = arch.kernelAbi
  const pidfd = args.address(2)
  // The pidfd would be stored where the tid is.
  if (flags & CLONE_PIDFD && flags & (CLONE_PARENT_SETTID | CLONE_DETACHED)) throw new Errno(EINVAL)
  return make(task, {
    flags: (flags & ~CSIGNAL) >>> 0,
    exitSignal: flags & CSIGNAL,
    stack: args.address(1) || undefined,
    threadPointer: flags & CLONE_SETTLS ? args.address(cloneThreadPointer) : undefined,
    childTid: args.address(7 - cloneThreadPointer),
    ...{parentTid: pidfd, pidfd},
  })
}

export const clone3: Syscall = (task, args) => {
  const words = readCloneArgs(task, args.address(0), args.address(1))
  const [flags, pidfd, childTid, parentTid, exitSignal, stack, stackSize, tls, setTid, setTidSize] = words
  const isKnown = flags < 2 * CLONE_CLEAR_SIGHAND && !has(flags, CLONE_INTO_CGROUP)
  if (!isKnown || flags & (CLONE_DETACHED | (CSIGNAL & ~CLONE_NEWTIME))) throw new Errno(EINVAL)
  if (has(flags, CLONE_SIGHAND) && has(flags, CLONE_CLEAR_SIGHAND)) throw new Errno(EINVAL)
  if (exitSignal > NSIG || (flags & (CLONE_THREAD | CLONE_PARENT) && exitSignal !== 0))
    throw new Errno(EINVAL)
  if ((stack === 0) !== (stackSize === 0)) throw new Errno(EINVAL)
  if (stack + stackSize > task.kernel.platform.userTop) throw new Errno(EINVAL)
  // Chosen pids are for restoring checkpoints.
  if (setTidSize > MAX_PID_NAMESPACES || (setTid === 0) !== (setTidSize === 0)) throw new Errno(EINVAL)
  if (setTidSize > 0) throw new Errno(EPERM)
  return make(task, {
    ...{flags, exitSignal, childTid, parentTid, pidfd},
    stack: stack === 0 ? undefined : stack + stackSize,
    threadPointer: flags & CLONE_SETTLS ? tls : undefined,
  })
}

/** @returns struct clone_args' words; words unknown to the caller are 0 @throws Errno EINVAL, E2BIG, EFAULT */
function readCloneArgs(task: Task, address: number, size: number): number[] {
  if (size > PAGE_SIZE) throw new Errno(E2BIG)
  if (size < CLONE_ARGS_SIZE_VER0) throw new Errno(EINVAL)
  const bytes = task.memory.readBytes(address, size)
  if (bytes.subarray(CLONE_ARGS_SIZE_VER2).some((byte) => byte !== 0)) throw new Errno(E2BIG)
  const known = new Uint8Array(CLONE_ARGS_SIZE_VER2)
  known.set(bytes.subarray(0, CLONE_ARGS_SIZE_VER2))
  return [...new BigUint64Array(known.buffer)].map(Number)
}

/** @throws Errno EINVAL, EPERM */
function checkFlags({credentials}: Task, flags: number): void {
  if ((flags & CLONE_NEWNS && flags & CLONE_FS) || (flags & CLONE_NEWUSER && flags & CLONE_FS))
    throw new Errno(EINVAL)
  if (flags & CLONE_THREAD && !(flags & CLONE_SIGHAND)) throw new Errno(EINVAL)
  if (flags & CLONE_SIGHAND && !(flags & CLONE_VM)) throw new Errno(EINVAL)
  if (flags & CLONE_PIDFD && flags & CLONE_THREAD) throw new Errno(EINVAL)
  // As in a kernel without namespaces.
  if (flags & (NAMESPACES | CLONE_NEWTIME)) {
    if (!(flags & CLONE_NEWUSER)) requireCapability(credentials, CAP_SYS_ADMIN)
    throw new Errno(EINVAL)
  }
}

function checkThreadPointer({kernel}: Task, {threadPointer = 0}: Clone): void {
  if (arch.kernelAbi.checksThreadPointer && threadPointer >= kernel.platform.userTop) throw new Errno(EPERM)
}

function make(task: Task, request: Clone): number {
  const {flags, pidfd, parentTid, childTid} = request
  checkFlags(task, flags)
  checkThreadPointer(task, request)
  const child = cloneTask(task, request, ({process}) => {
    if (flags & CLONE_PIDFD) givePidfd(task, process, pidfd)
  })
  const {tid, process} = child
  if (flags & CLONE_PARENT_SETTID) unlessErrno(() => task.memory.writeInt32(parentTid, tid))
  if (flags & CLONE_CHILD_SETTID) unlessErrno(() => child.memory.writeInt32(childTid, tid))
  task.kernel.start(process, child)
  if (!(flags & CLONE_VFORK)) return tid
  const progress = {child, tid}
  return task.block({
    queues: [process.family.departed],
    restart: 'never',
    onlyKillable: true,
    ...{next: untilReleased, progress},
  })
}

/** vfork(2). Its result is the child's first number: an execve(2) of a thread changes that. */
const untilReleased = continuation<{readonly child: Task; readonly tid: number}>({
  name: 'vfork',
  resume: (task, {child, tid}) => {
    const borrower = child.process
    const isReleased =
      borrower === task.process
        ? !borrower.tasks.includes(child)
        : !borrower.family.isBorrowing || borrower.exit !== undefined
    return isReleased ? tid : BLOCKED
  },
})

function givePidfd({kernel, fds, memory}: Task, process: Process, address: number): void {
  const file = new PidFdDescription(kernel.vfs, process)
  fds.installAll([file], O_CLOEXEC, ([fd]) => memory.writeInt32(address, fd))
}
