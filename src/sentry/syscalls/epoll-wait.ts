// epoll_wait(2), epoll_pwait(2), epoll_pwait2(2).

import {EINVAL, Errno} from '../../abi/errno.ts'
import {arch} from '../../arch/index.ts'
import {BLOCKED, type Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {openFile} from '../fd/descriptor-argument.ts'
import {EpollDescription} from '../fd/epoll.ts'
import {type ReadinessWait, readinessWait, setMaskArgument, sleepOnFiles} from '../fd/readiness.ts'
import {deadlineAfterMs, readTimespecDeadline, type TimeLimit} from '../time/time-argument.ts'

const layout = arch.kernelAbi.epollEvent
/** The most that fit: EP_MAX_EVENTS of fs/eventpoll.c. */
const MAX_EVENTS = Math.floor(0x7fffffff / layout.size)
/** The most that one call reports: more come with the next one. */
const BATCH = 1024

export const epollWait: Syscall = (task, args) => {
  const deadlineNs = deadlineAfterMs(task, args.int32(3))
  return wait(task, args.int32(0), args.address(1), args.int32(2), deadlineNs)
}

export const epollPwait: Syscall = (task, args) => {
  setMaskArgument(task, args.address(4), args.address(5))
  return epollWait(task, args)
}

export const epollPwait2: Syscall = (task, args) => {
  const deadlineNs = readTimespecDeadline(task, args.address(3))
  setMaskArgument(task, args.address(4), args.address(5))
  return wait(task, args.int32(0), args.address(1), args.int32(2), deadlineNs)
}

function wait(task: Task, fd: number, address: number, maxEvents: number, deadlineNs: number): number {
  if (maxEvents <= 0 || maxEvents > MAX_EVENTS) throw new Errno(EINVAL)
  task.memory.check(address, maxEvents * layout.size)
  const epoll = openFile(task, fd)
  if (!(epoll instanceof EpollDescription)) throw new Errno(EINVAL)

  const limit: TimeLimit = {deadlineNs, address: 0, kind: 'timespec'}
  const progress = {limit, epoll, address, max: Math.min(maxEvents, BATCH)}
  const result = waiting.resume(task, progress, deadlineNs === 0)
  return result === BLOCKED ? sleepOnFiles(task, [{file: epoll, events: 1}], waiting, progress) : result
}

interface EpollWait extends ReadinessWait {
  readonly epoll: EpollDescription
  readonly address: number
  readonly max: number
}

const waiting = readinessWait<EpollWait>('epoll_wait', (task, {epoll, address, max}, expired) => {
  const {kernel} = task
  // A timerfd becomes ready when its timer is run.
  kernel.timers.runExpired(kernel.monotonicNs())
  const count = report(task, epoll, address, max)
  return count > 0 || expired ? count : BLOCKED
})

function report(task: Task, epoll: EpollDescription, address: number, max: number): number {
  const bytes = new Uint8Array(max * layout.size)
  const view = new DataView(bytes.buffer)
  let at = 0
  const count = epoll.collect(max, (events, {dataLow, dataHigh}) => {
    view.setUint32(at, events, true)
    view.setInt32(at + layout.data, dataLow, true)
    view.setInt32(at + layout.data + 4, dataHigh, true)
    at += layout.size
  })
  task.memory.writeBytes(address, bytes.subarray(0, at))
  return count
}
