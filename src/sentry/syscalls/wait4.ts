// wait4(2), waitid(2).

import {EAGAIN, EBADF, ECHILD, EINVAL, Errno, ESRCH} from '../../abi/errno.ts'
import {O_NONBLOCK} from '../../abi/open-flags.ts'
import {CLD_CONTINUED, CLD_STOPPED, CLD_TRAPPED, childInfo, type SignalInfo} from '../../abi/siginfo.ts'
import {SIGCHLD, SIGCONT} from '../../abi/signal.ts'
import type {Process} from '../core/process.ts'
import {usageOfChild} from '../core/resource-usage.ts'
import {BLOCKED, type Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {endOf, reap} from '../task/child-news.ts'
import {PidFile} from '../task/pid-file.ts'
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

/** Of children, and of tracees, whose number is their own. */
type Selection = (child: Process, pid: number) => boolean

export const wait4: Syscall = (task, args) => {
  const pid = args.int32(0)
  const options = args.int32(2)
  const statusAddress = args.address(1)
  const usageAddress = args.address(3)
  if (options & ~(WNOHANG | WSTOPPED | WCONTINUED | THREAD_FLAGS)) throw new Errno(EINVAL)
  if (pid === INT_MIN) throw new Errno(ESRCH)
  return waitFor(task, selectionOf(task, pid), options | WEXITED, (news) => {
    if (news === undefined) return 0
    if (statusAddress !== 0) task.memory.writeInt32(statusAddress, statusWord(news))
    if (usageAddress !== 0) task.memory.writeBytes(usageAddress, usageOfChild(task, news.child))
    return news.tid ?? news.child.pid
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
  const {select, isNonBlocking} = selectionById(task, which, id)
  const effective = isNonBlocking ? options | WNOHANG : options
  try {
    return waitFor(task, select, effective, (news) => {
      if (news === undefined && isNonBlocking && !(options & WNOHANG)) throw new Errno(EAGAIN)
      if (usageAddress !== 0 && news !== undefined)
        task.memory.writeBytes(usageAddress, usageOfChild(task, news.child))
      storeInfo(task, infoAddress, news)
      return 0
    })
  } catch (error) {
    // The fields are stored in this case, too.
    if (error instanceof Errno && error.code === ECHILD) storeInfo(task, infoAddress, undefined)
    throw error
  }
}

function selectionOf({process}: Task, pid: number): Selection {
  if (pid === -1) return () => true
  if (pid > 0) return (_child, own) => own === pid
  const group = pid === 0 ? process.job.group : -pid
  return (child) => child.job.group === group
}

function selectionById(task: Task, which: number, id: number): {select: Selection; isNonBlocking: boolean} {
  switch (which) {
    case P_ALL:
      return {select: () => true, isNonBlocking: false}
    case P_PID:
      if (id <= 0) throw new Errno(EINVAL)
      return {select: (_child, own) => own === id, isNonBlocking: false}
    case P_PGID: {
      if (id < 0) throw new Errno(EINVAL)
      const group = id === 0 ? task.process.job.group : id
      return {select: (child) => child.job.group === group, isNonBlocking: false}
    }
    case P_PIDFD: {
      if (id < 0) throw new Errno(EINVAL)
      const file = task.fds.get(id)
      if (!(file instanceof PidFile)) throw new Errno(EBADF)
      return {select: (child) => child === file.process, isNonBlocking: (file.flags & O_NONBLOCK) !== 0}
    }
    default:
      throw new Errno(EINVAL)
  }
}

/** @param finish stores the report; undefined: nothing yet, and the caller does not wait */
function waitFor(
  task: Task,
  select: Selection,
  options: number,
  finish: (news: News | undefined) => number,
): number {
  const {process, kernel} = task
  const attempt = (): number => {
    const children = [...process.family.children].filter(
      (child) => select(child, child.pid) && isOfKind(child, options) && isAwaited(child, options),
    )
    const tracees = [...process.family.tracees].filter(({tracee}) => select(tracee.process, tracee.tid))
    if (children.length + tracees.length === 0) throw new Errno(ECHILD)
    const trapped = tracees.find(({isNews}) => isNews)
    if (trapped !== undefined) return finish(takeNews(trapped, options))
    const news = newsOf(children, options)
    if (news === undefined) return options & WNOHANG ? finish(undefined) : BLOCKED
    // Before it is reported: a fault there does not bring it back.
    if (!(options & WNOWAIT)) {
      if (news.child.exit !== undefined) reap(kernel, news.child)
      else news.child.family.stopNews = undefined
    }
    return finish(news)
  }
  const result = attempt()
  if (result !== BLOCKED) return result
  return task.block({queues: [process.family.news], restart: 'sa-restart', retry: attempt})
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
