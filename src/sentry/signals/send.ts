// Sending a signal to processes: who may send it, to whom, with which siginfo: kill(2), pidfd_send_signal(2).

import {CAP_KILL, hasCapability} from '../../abi/capability.ts'
import {EPERM, Errno, ESRCH} from '../../abi/errno.ts'
import {codeOf, killInfo, SI_TKILL, SI_USER, type SignalInfo} from '../../abi/siginfo.ts'
import {SIGCONT} from '../../abi/signal.ts'
import {isSendersUser} from '../core/credentials.ts'
import type {Kernel} from '../core/kernel.ts'
import type {Process} from '../core/process.ts'
import type {Task} from '../core/task.ts'

/** @returns how many of them the caller may signal @throws Errno ESRCH: there are none */
export function signalAll(task: Task, targets: readonly Process[], signal: number, info: SignalInfo): number {
  if (targets.length === 0) throw new Errno(ESRCH)
  const allowed = targets.filter((target) => maySignal(task, target, signal))
  // Signalling a zombie is allowed, and has no effect.
  for (const target of allowed)
    if (signal !== 0 && target.exit === undefined) target.signals.raise(signal, info)
  return allowed.length
}

/** The signal that a failing call raises against its own task: send_sig(…, current, 0) of Linux's kernel/signal.c. */
export function raiseOwn(task: Task, signal: number): void {
  task.signals.raise(signal, infoFrom(task, signal))
}

/** As if the task had sent it. @param code of kill(2), or SI_TKILL */
export function infoFrom({process, credentials}: Task, signal: number, code = SI_USER): SignalInfo {
  return killInfo(signal, code, process.pid, credentials.ruid)
}

/** Includes zombies. */
export function groupMembers({processes}: Kernel, group: number): Process[] {
  return [...processes.values()].filter(({job}) => job.group === group)
}

/** Through the users' ids, or CAP_KILL. */
export function maySignal(task: Task, target: Process, signal: number): boolean {
  // A shell may continue its jobs, whatever users they have become.
  if (signal === SIGCONT && target.job.session === task.process.job.session) return true
  if (target === task.process || hasCapability(task.credentials.capabilities, CAP_KILL)) return true
  return isSendersUser(task.credentials, target.credentials)
}

/** Only the kernel and kill(2) send infos with their codes; others may send such infos only to themselves. */
export function requireOwnCode(info: Uint8Array, toItself: boolean): void {
  const code = codeOf(info)
  if ((code >= 0 || code === SI_TKILL) && !toItself) throw new Errno(EPERM)
}
