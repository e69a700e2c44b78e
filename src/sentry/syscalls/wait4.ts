// wait4(2), waitid(2).

import {EAGAIN, EBADF, ECHILD, EINVAL, Errno, ESRCH} from '../../abi/errno.ts'
import {O_NONBLOCK} from '../../abi/open-flags.ts'
import {CLD_CONTINUED, CLD_STOPPED, CLD_TRAPPED, childInfo, type SignalInfo} from '../../abi/siginfo.ts'
import {SIGCHLD, SIGCONT} from '../../abi/signal.ts'
import type {Process} from '../core/process.ts'
import {usageOfChild} from '../core/resource-usage.ts'
import {BLOCKED, type Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {attempt, continuation} from '../core/wait.ts'
import {endOf, reap} from '../task/child-news.ts'
import {PidFdDescription} from '../task/pidfd.ts'
import type {Tracing} from '../task/tracing.ts'

const WNOHANG = 0x1
const WSTOPPED = 0x2
const WEXITED = 0x4
const WCONTINUED = 0x8
const WNOWAIT = 0x0100_0000
const WNOTHREAD = 0x2000_0000
const WALL = 0x4000_0000
const WCLONE = 0x8000_0000
const THREAD_FLAGS = WNOTHREAD | WALL | WCLONE

const P_ALL = 0
const P_PID = 1
const P_PGID = 2
const P_PIDFD = 3

/** A number without a negative in 32 bits is no group. */
const INT_MIN = -(2 ** 31)
const STOPPED_STATUS = 0x7f
const CONTINUED_STATUS = 0xffff

/** Something to report about a child. */
interface News {
  readonly child: Process
  /** Another number than the child's: a tracee's. */
  readonly tid?: number
  /** CLD_* */
  readonly code: number
  /** An exit status, or a signal. */
  readonly status: number
}

/** Which children, and which tracees, whose number is their own. With nothing: all. */
interface Selection {
  readonly pid?: number
  readonly group?: number
  readonly process?: Process
}

/** A call, and where it stores what it reports: at addresses that are not 0. */
interface Waiting {
  readonly selection: Selection
  readonly options: number
  readonly usageAddress: number
  /** Of wait4(2). */
  readonly statusAddress: number
  /** Of waitid(2). */
  readonly infoAddress?: number
  /** By a pidfd: EAGAIN when there is nothing yet. */
  readonly isNonBlocking?: boolean
}

export const wait4: Syscall = (task, args) => {
  const pid = args.int32(0)
  const options = args.int32(2)
  if (options & ~(WNOHANG | WSTOPPED | WCONTINUED | THREAD_FLAGS)) throw new Errno(EINVAL)
  if (pid === INT_MIN) throw new Errno(ESRCH)
  return waitFor(task, {
    selection: selectionOf(task, pid),
    options: options | WEXITED,
    statusAddress: args.address(1),
    usageAddress: args.address(3),
  })
}

export const waitid: Syscall = (task, args) => {
  const which = args.int32(0)
  const id = args.int32(1)
  const infoAddress = args.address(2)
  const options = args.int32(3)
  const usageAddress = args.address(4)
  if (options & ~(WNOHANG | WNOWAIT | WSTOPPED | WEXITED | WCONTINUED | THREAD_FLAGS)) throw new Errno(EINVAL)
  if ((options & (WSTOPPED | WEXITED | WCONTINUED)) === 0) throw new Errno(EINVAL)
  const {selection, isNonBlocking} = selectionById(task, which, id)
  try {
    return waitFor(task, {selection, isNonBlocking, options, infoAddress, statusAddress: 0, usageAddress})
  } catch (error) {
    // The fields are stored in this case, too.
    if (error instanceof Errno && error.code === ECHILD) storeInfo(task, infoAddress, undefined)
    throw error
  }
}

function selectionOf({process}: Task, pid: number): Selection {
  if (pid === -1) return {}
  if (pid > 0) return {pid}
  return {group: pid === 0 ? process.job.group : -pid}
}

function selectionById(
  task: Task,
  which: number,
  id: number,
): {selection: Selection; isNonBlocking: boolean} {
  switch (which) {
    case P_ALL:
      return {selection: {}, isNonBlocking: false}
    case P_PID:
      if (id <= 0) throw new Errno(EINVAL)
      return {selection: {pid: id}, isNonBlocking: false}
    case P_PGID:
      if (id < 0) throw new Errno(EINVAL)
      return {selection: {group: id === 0 ? task.process.job.group : id}, isNonBlocking: false}
    case P_PIDFD: {
      if (id < 0) throw new Errno(EINVAL)
      const file = task.fds.get(id)
      if (!(file instanceof PidFdDescription)) throw new Errno(EBADF)
      return {selection: {process: file.of.process}, isNonBlocking: (file.flags & O_NONBLOCK) !== 0}
    }
    default:
      throw new Errno(EINVAL)
  }
}

function selects({pid, group, process}: Selection, child: Process, own: number): boolean {
  if (pid !== undefined) return own === pid
  if (group !== undefined) return child.job.group === group
  return process === undefined || child === process
}

function waitFor(task: Task, waiting: Waiting): number {
  const queues = [task.process.family.news]
  return attempt(task, {queues, restart: 'sa-restart', next: looking, progress: waiting})
}

const looking = continuation<Waiting>({name: 'wait4', resume: lookFor})

function lookFor(task: Task, waiting: Waiting): number {
  const {selection, options} = waiting
  const {process, kernel} = task
  const children = [...process.family.children].filter(
    (child) => selects(selection, child, child.pid) && isOfKind(child, options) && isAwaited(child, options),
  )
  const tracees = [...process.family.tracees].filter(({tracee}) =>
    selects(selection, tracee.process, tracee.tid),
  )
  if (children.length + tracees.length === 0) throw new Errno(ECHILD)
  const trapped = tracees.find(({isNews}) => isNews)
  if (trapped !== undefined) return report(task, waiting, takeNews(trapped, options))
  const news = newsOf(children, options)
  if (news === undefined) {
    if (options & WNOHANG) return report(task, waiting, undefined)
    if (waiting.isNonBlocking) throw new Errno(EAGAIN)
    return BLOCKED
  }
  // Before it is reported: a fault there does not bring it back.
  if (!(options & WNOWAIT)) {
    if (news.child.exit !== undefined) reap(kernel, news.child)
    else news.child.family.stopNews = undefined
  }
  return report(task, waiting, news)
}

/** @param news undefined: nothing yet, and the caller does not wait @returns the call's result */
function report(
  task: Task,
  {infoAddress, statusAddress, usageAddress}: Waiting,
  news: News | undefined,
): number {
  if (news !== undefined) {
    if (statusAddress !== 0) task.memory.writeInt32(statusAddress, statusWord(news))
    if (usageAddress !== 0) task.memory.writeBytes(usageAddress, usageOfChild(task, news.child))
  }
  if (infoAddress === undefined) return news === undefined ? 0 : (news.tid ?? news.child.pid)
  storeInfo(task, infoAddress, news)
  return 0
}

/** A tracee's stop is reported whatever the caller waits for. */
function takeNews(tracing: Tracing, options: number): News {
  if (!(options & WNOWAIT)) tracing.isNews = false
  const {tracee, stop} = tracing
  return {child: tracee.process, tid: tracee.tid, code: CLD_TRAPPED, status: stop!.signal}
}

/** Only __WCLONE and __WALL wait for children that do not send SIGCHLD at their end. */
function isOfKind({family}: Process, options: number): boolean {
  if (options & WALL) return true
  return (family.exitSignal !== SIGCHLD) === ((options & WCLONE) !== 0)
}

/** A zombie has nothing but its end to report: a caller that does not wait for that has no such child (wait_consider_task). */
function isAwaited({exit}: Process, options: number): boolean {
  return exit === undefined || (options & WEXITED) !== 0
}

/** @param children that are awaited */
function newsOf(children: readonly Process[], options: number): News | undefined {
  for (const child of children) {
    const {exit} = child
    const {stopNews} = child.family
    if (exit !== undefined) return {child, ...endOf(exit)}
    if (stopNews === SIGCONT) {
      if (options & WCONTINUED) return {child, code: CLD_CONTINUED, status: SIGCONT}
    } else if (stopNews !== undefined && options & WSTOPPED) {
      return {child, code: CLD_STOPPED, status: stopNews}
    }
  }
  return undefined
}

/** In the form that the W* macros of sys/wait.h take apart. */
function statusWord({child: {exit}, code, status}: News): number {
  if (exit === undefined) return code === CLD_CONTINUED ? CONTINUED_STATUS : (status << 8) | STOPPED_STATUS
  if (exit.signal === undefined) return status << 8
  return status
}

/** si_signo, si_errno, si_code; si_pid, si_uid, si_status: zeros when there is nothing to report. */
function storeInfo({memory}: Task, address: number, news: News | undefined): void {
  if (address === 0) return
  const info: SignalInfo =
    news === undefined
      ? new Uint8Array(28)
      : childInfo(SIGCHLD, news.code, {
          pid: news.tid ?? news.child.pid,
          uid: news.child.credentials.ruid,
          status: news.status,
          ...{userTicks: 0, systemTicks: 0},
        })
  memory.writeBytes(address, info.subarray(0, 12))
  memory.writeBytes(address + 16, info.subarray(16, 28))
}
