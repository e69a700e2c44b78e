// cloneTask: makes a new task, in the same process or a new one, which shares what it is told to: copy_process in Linux.

import {CAP_SYS_ADMIN, CAP_SYS_RESOURCE, hasCapability} from '../../abi/capability.ts'
import {
  CLONE_CHILD_CLEARTID,
  CLONE_CLEAR_SIGHAND,
  CLONE_FILES,
  CLONE_FS,
  CLONE_PARENT,
  CLONE_SIGHAND,
  CLONE_SYSVSEM,
  CLONE_THREAD,
  CLONE_VFORK,
  CLONE_VM,
} from '../../abi/clone.ts'
import {EAGAIN, Errno} from '../../abi/errno.ts'
import {arch} from '../../arch/index.ts'
import type {Context} from '../../platform/platform.ts'
import type {Process} from '../core/process.ts'
import {RLIMIT_NPROC, UNLIMITED} from '../core/resource-limits.ts'
import type {Task} from '../core/task.ts'
import {SemaphoreUndo} from '../ipc/semaphore-undo.ts'
import type {Space} from '../memory/space.ts'
import {releaseSeccomp, shareSeccomp} from '../seccomp/filter.ts'
import {makeProcess, makeTask} from './make.ts'

export interface CloneRequest {
  /** CLONE_*, checked; up to 2^33. */
  readonly flags: number
  readonly exitSignal: number
  /** Undefined: the parent's. */
  readonly stack: number | undefined
  readonly threadPointer: number | undefined
  /** CLONE_CHILD_CLEARTID's word. */
  readonly childTid: number
}

/**
 * Does not start the task.
 * @param prepare the last step: if it throws, there is no new task
 * @throws Errno EAGAIN, ENOMEM, ENFILE, and what `prepare` throws, having left nothing behind
 */
export function cloneTask(parent: Task, request: CloneRequest, prepare: (child: Task) => void): Task {
  const {kernel, process} = parent
  const {flags} = request
  requireRoom(parent)
  const tid = kernel.pids.take()
  const undo: (() => void)[] = []
  try {
    const context = kernel.platform.createContext()
    undo.push(() => context.dispose())
    const fds = has(flags, CLONE_FILES) ? parent.fds.share() : parent.fds.copy()
    undo.push(() => fds.release())
    if (has(flags, CLONE_VM) && !isAlone(process, flags)) process.space.callPatches?.becomeThreaded()
    const fs = has(flags, CLONE_FS) ? parent.fs.share() : parent.fs.copy()
    undo.push(() => fs.release())
    const owner = has(flags, CLONE_THREAD) ? process : forkProcess(parent, tid, request, undo)
    const task = makeTask({
      ...{tid, kernel, process: owner, context, fds, fs},
      // Only threads have the very same: linkat(2).
      credentials: has(flags, CLONE_THREAD) ? parent.credentials : {...parent.credentials},
      name: parent.name,
      scheduling: parent.scheduling.copy(),
    })
    task.seccomp = shareSeccomp(parent.seccomp)
    undo.push(() => releaseSeccomp(task.seccomp))
    task.virtualNs = parent.virtualNs
    task.signals.mask = parent.signals.mask
    // A thread on its parent's stack would share that: at first it has none of its own.
    if (!has(flags, CLONE_VM) || has(flags, CLONE_VFORK))
      task.signals.alternateStack.copyFrom(parent.signals.alternateStack)
    if (has(flags, CLONE_CHILD_CLEARTID)) task.clearChildTid = request.childTid
    copyRegisters(parent.context, context, request)
    if (has(flags, CLONE_SYSVSEM)) {
      parent.semaphoreUndo ??= new SemaphoreUndo(kernel.budget)
      task.semaphoreUndo = parent.semaphoreUndo.share()
      undo.push(() => task.semaphoreUndo?.release(owner.pid))
    }
    prepare(task)
    return task
  } catch (error) {
    for (const step of undo.reverse()) step()
    throw error
  }
}

/** A vfork(2) caller makes no calls meanwhile. But if its child is killed while waiting for a child of its own, both others run. */
function isAlone(parent: Process, flags: number): boolean {
  return has(flags, CLONE_VFORK) && !has(flags, CLONE_THREAD) && !parent.family.isBorrowing
}

/** In the new task, the call returns 0. */
function copyRegisters(from: Context, to: Context, {stack, threadPointer}: CloneRequest): void {
  to.takeFpState(from.readFpState())
  const registers = from.readRegisters().slice()
  arch.setCallResult(registers, 0)
  if (stack !== undefined) arch.setStackPointer(registers, stack)
  if (threadPointer !== undefined) arch.setThreadPointer(registers, threadPointer)
  to.writeRegisters(registers)
}

/** RLIMIT_NPROC counts the user's tasks and zombies. @throws Errno EAGAIN */
function requireRoom({kernel, process, credentials}: Task): void {
  const limit = process.limits.get(RLIMIT_NPROC).soft
  if (limit === UNLIMITED) return
  const {ruid, capabilities} = credentials
  if (
    ruid === 0 ||
    hasCapability(capabilities, CAP_SYS_RESOURCE) ||
    hasCapability(capabilities, CAP_SYS_ADMIN)
  )
    return
  let count = 0
  for (const task of kernel.tasks.values()) if (task.credentials.ruid === ruid) count++
  for (const {exit, credentials: last} of kernel.processes.values())
    if (exit !== undefined && last.ruid === ruid) count++
  if (count >= limit) throw new Errno(EAGAIN)
}

function forkProcess(
  parent: Task,
  pid: number,
  {flags, exitSignal}: CloneRequest,
  undo: (() => void)[],
): Process {
  const {kernel, process} = parent
  const limits = process.limits.copy()
  const budget = kernel.budget.part()
  undo.push(() => budget.giveAll())
  const space = has(flags, CLONE_VM) ? process.space.share() : forkSpace(parent, limits)
  undo.push(() => space.release())
  const {handlers} = process.signals
  const childHandlers = has(flags, CLONE_SIGHAND)
    ? handlers
    : has(flags, CLONE_CLEAR_SIGHAND)
      ? handlers.copyCleared()
      : handlers.copy()
  const {run, program, syscalls} = process
  const child = makeProcess(kernel, {
    ...{pid, run, space, limits, budget, program, syscalls, handlers: childHandlers},
    ...{job: process.job.copy(), attributes: process.attributes.copy()},
    restrictions: process.restrictions.copy(pid, budget),
  })
  const isSibling = has(flags, CLONE_PARENT)
  const {family} = isSibling ? (process.family.parent ?? kernel.init) : process
  family.adopt(child)
  undo.push(() => family.disown(child))
  child.family.exitSignal = isSibling ? process.family.exitSignal : exitSignal
  child.family.isBorrowing = has(flags, CLONE_VFORK)
  return child
}

function forkSpace({kernel, process}: Task, limits: Process['limits']): Space {
  return process.space.fork(limits, kernel.budget.part(), process.tasks.length === 1)
}

/** Works for flags above 32 bits, too. */
export function has(flags: number, flag: number): boolean {
  return flag > 0xffff_ffff ? Math.floor(flags / flag) % 2 === 1 : (flags & flag) !== 0
}
