// kill(2), tkill(2), tgkill(2), rt_sigqueueinfo(2), rt_tgsigqueueinfo(2).

import {CAP_KILL, hasCapability} from '../../abi/capability.ts'
import {EINVAL, EPERM, Errno, ESRCH} from '../../abi/errno.ts'
import {codeOf, killInfo, SI_TKILL, SI_USER, type SignalInfo} from '../../abi/siginfo.ts'
import {SIGCONT} from '../../abi/signal.ts'
import {isSendersUser} from '../core/credentials.ts'
import type {Kernel} from '../core/kernel.ts'
import type {Process} from '../core/process.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {readSignalInfo, signalOrZero} from '../signals/signal-argument.ts'
import {processArgument, processById} from '../task/process-argument.ts'

export const kill: Syscall = (task, args) => {
  const signal = signalOrZero(args.int32(1))
  const pid = args.int32(0)
  const info = killInfo(signal, SI_USER, task.process.pid, task.credentials.ruid)
  const allowed = signalAll(task, processesOf(task, pid), signal, info)
  // With -1, processes that may not be signalled are no error.
  if (allowed === 0 && pid !== -1) throw new Errno(EPERM)
  return 0
}

export const tkill: Syscall = (task, args) => {
  const tid = args.int32(0)
  if (tid <= 0) throw new Errno(EINVAL)
  return signalTask(task, undefined, tid, signalOrZero(args.int32(1)))
}

export const tgkill: Syscall = (task, args) => {
  const pid = args.int32(0)
  const tid = args.int32(1)
  if (pid <= 0 || tid <= 0) throw new Errno(EINVAL)
  return signalTask(task, pid, tid, signalOrZero(args.int32(2)))
}

export const rtSigqueueinfo: Syscall = (task, args) => {
  const pid = args.int32(0)
  const signal = args.int32(1)
  const info = readSignalInfo(task, args.address(2), signal)
  requireOwnCode(info, pid === task.process.pid)
  const target = processById(task, pid)
  if (target === undefined) throw new Errno(ESRCH)
  if (!maySignal(task, target, signal)) throw new Errno(EPERM)
  if (signalOrZero(signal) !== 0 && target.exit === undefined) target.signals.raise(signal, info)
  return 0
}

export const rtTgsigqueueinfo: Syscall = (task, args) => {
  const pid = args.int32(0)
  const tid = args.int32(1)
  const signal = args.int32(2)
  const info = readSignalInfo(task, args.address(3), signal)
  if (pid <= 0 || tid <= 0) throw new Errno(EINVAL)
  requireOwnCode(info, tid === task.tid)
  return signalTask(task, pid, tid, signalOrZero(signal), info)
}

function signalTask(
  task: Task,
  pid: number | undefined,
  tid: number,
  signal: number,
  info?: Uint8Array,
): number {
  const target = task.kernel.tasks.get(tid)
  if (target === undefined || (pid !== undefined && target.process.pid !== pid)) throw new Errno(ESRCH)
  if (!maySignal(task, target.process, signal)) throw new Errno(EPERM)
  if (signal === 0) return 0
  target.signals.raise(signal, info ?? killInfo(signal, SI_TKILL, task.process.pid, task.credentials.ruid))
  return 0
}

/** @returns how many of them the caller may signal @throws Errno ESRCH: there are none */
export function signalAll(task: Task, targets: readonly Process[], signal: number, info: SignalInfo): number {
  if (targets.length === 0) throw new Errno(ESRCH)
  const allowed = targets.filter((target) => maySignal(task, target, signal))
  // Signalling a zombie is allowed, and has no effect.
  for (const target of allowed)
    if (signal !== 0 && target.exit === undefined) target.signals.raise(signal, info)
  return allowed.length
}

/** kill(2): a pid, 0 for the caller's group, -1 for all but the caller and init, -n for group n. @throws Errno ESRCH */
function processesOf(task: Task, pid: number): Process[] {
  const {kernel} = task
  if (pid > 0) return [processArgument(task, pid)]
  const {init, processes} = kernel
  if (pid === -1) return [...processes.values()].filter((other) => other !== task.process && other !== init)
  return groupMembers(kernel, pid === 0 ? task.process.processGroup : -pid)
}

/** Includes zombies. */
export function groupMembers({processes}: Kernel, group: number): Process[] {
  return [...processes.values()].filter(({processGroup}) => processGroup === group)
}

/** Through the users' ids, or CAP_KILL. */
export function maySignal(task: Task, target: Process, signal: number): boolean {
  // A shell may continue its jobs, whatever users they have become.
  if (signal === SIGCONT && target.session === task.process.session) return true
  if (target === task.process || hasCapability(task.credentials.capabilities, CAP_KILL)) return true
  return isSendersUser(task.credentials, target.credentials)
}

/** Only the kernel and kill(2) send infos with their codes; others may send such infos only to themselves. */
export function requireOwnCode(info: Uint8Array, toItself: boolean): void {
  const code = codeOf(info)
  if ((code >= 0 || code === SI_TKILL) && !toItself) throw new Errno(EPERM)
}
