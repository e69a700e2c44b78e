// What a parent is told about its children: SIGCHLD, and something for wait(2) to report.

import {CLD_CONTINUED, CLD_EXITED, CLD_KILLED, CLD_STOPPED, childInfo} from '../../abi/siginfo.ts'
import {NSIG, SA_NOCLDSTOP, SA_NOCLDWAIT, SIG_IGN, SIGCHLD, SIGCONT} from '../../abi/signal.ts'
import {NS_PER_TICK} from '../../abi/time.ts'
import type {Kernel} from '../core/kernel.ts'
import type {Process} from '../core/process.ts'
import {joinUsage} from '../core/resource-usage.ts'
import {unlessErrno} from '../core/unless-errno.ts'
import type {Exit} from './process-end.ts'

/** CLD_*, and an exit status or a signal. */
interface News {
  readonly code: number
  readonly status: number
}

/** A process, or a thread that is traced. */
type Subject = Pick<Process, 'pid' | 'credentials'> & {
  readonly usage: Pick<Process['usage'], 'endedCpuNs' | 'endedSystemNs'>
}

/** How it ended, as in SIGCHLD's siginfo and waitid(2): CLD_*, and an exit status or a signal. No core is ever written. */
export function endOf({code, signal}: Exit): News {
  if (signal === undefined) return {code: CLD_EXITED, status: code ?? 0}
  return {code: CLD_KILLED, status: signal}
}

/** A parent that ignores SIGCHLD, or asked for no zombies (SA_NOCLDWAIT), will not wait for its zombie. */
export function tellParentOfEnd(kernel: Kernel, process: Process): void {
  const parent = process.family.parent!
  const {handler, flags} = parent.signals.action(SIGCHLD)
  const isUnwanted =
    process.family.exitSignal === SIGCHLD && (handler === SIG_IGN || (flags & SA_NOCLDWAIT) !== 0)
  if (parent === kernel.init || isUnwanted) reap(kernel, process)
  const isIgnored = process.family.exitSignal === SIGCHLD && handler === SIG_IGN
  // clone(2) takes any number: one that is no signal sends nothing.
  if (process.family.exitSignal !== 0 && process.family.exitSignal <= NSIG && !isIgnored)
    tell(parent, process, endOf(process.exit!), process.family.exitSignal)
  parent.family.news.wakeAll()
}

/** From now on its parent hears when it stops and when it goes on. */
export function tellParentOfJobs(process: Process): void {
  process.signals.onStopped ??= (signal) => tellOfJob(process, signal, CLD_STOPPED)
  process.signals.onContinued ??= () => tellOfJob(process, SIGCONT, CLD_CONTINUED)
}

function tellOfJob(process: Process, signal: number, code: number): void {
  process.family.stopNews = signal
  const news = {code, status: signal}
  if (process.family.parent !== undefined) tellOfStop(process.family.parent, process, news)
}

/** @param parent or a tracer. @param subject what stopped, or goes on */
export function tellOfStop(parent: Process, subject: Subject, news: News): void {
  const {handler, flags} = parent.signals.action(SIGCHLD)
  if (handler !== SIG_IGN && (flags & SA_NOCLDSTOP) === 0) tell(parent, subject, news, SIGCHLD)
  parent.family.news.wakeAll()
}

function tell(
  parent: Process,
  {pid, credentials, usage: {endedCpuNs, endedSystemNs}}: Subject,
  {code, status}: News,
  signal: number,
): void {
  const userTicks = Math.floor((endedCpuNs - endedSystemNs) / NS_PER_TICK)
  const systemTicks = Math.floor(endedSystemNs / NS_PER_TICK)
  const info = childInfo(signal, code, {pid, uid: credentials.ruid, status, userTicks, systemTicks})
  // A real-time signal that the queue has no room for: do_notify_parent in Linux drops it, too.
  unlessErrno(() => parent.signals.raise(signal, info))
}

/** A parent has waited for it, or never will: its pid is free again. */
export function reap(kernel: Kernel, process: Process): void {
  const {parent} = process.family
  kernel.processes.delete(process.pid)
  if (parent === undefined) return
  const usage = joinUsage(process.usage.total(kernel.monotonicNs()), process.usage.ofChildren)
  parent.usage.ofChildren = joinUsage(parent.usage.ofChildren, usage)
  parent.family.disown(process)
  process.family.departed.wakeAll()
}
