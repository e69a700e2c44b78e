// timer_create(2), timer_settime(2), timer_gettime(2), timer_getoverrun(2), timer_delete(2).

import {EINVAL, EOPNOTSUPP, Errno} from '../../abi/errno.ts'
import {SIGEV_NONE, SIGEV_SIGNAL, SIGEV_THREAD} from '../../abi/ipc.ts'
import {NSIG, SIGALRM} from '../../abi/signal.ts'
import {TIMER_ABSTIME, toNs} from '../../abi/time.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {readSigevent} from '../signals/signal-argument.ts'
import {clockResolutionNs, cpuClockOf, isCpuClock, isTimerClock, monotonicDeadlineNs} from '../time/clocks.ts'
import type {PosixTimer, TimerNotice} from '../time/posix-timers.ts'
import {encodeTimerspec, readTimerspec} from '../time/time-argument.ts'

const SIGEV_THREAD_ID = 4

export const timerCreate: Syscall = (task, args) => {
  const clock = args.int32(0)
  const event = args.address(1)
  const idAddress = args.address(2)
  clockResolutionNs(task, clock)
  if (!isTimerClock(clock)) throw new Errno(EOPNOTSUPP)
  const notice = event === 0 ? {signal: SIGALRM, value: undefined, task: undefined} : readNotice(task, event)
  const timers = task.process.timers.posix
  const counted = isCpuClock(clock) ? cpuClockOf(task, clock) : undefined
  const {id} = timers.create(task, clock, counted, notice)
  try {
    task.memory.writeInt32(idAddress, id)
  } catch (error) {
    timers.delete(id)
    throw error
  }
  return 0
}

export const timerSettime: Syscall = (task, args) => {
  const oldAddress = args.address(3)
  if (args.address(2) === 0) throw new Errno(EINVAL)
  const setting = readTimerspec(task, args.address(2))
  const posix = task.process.timers.posix.get(args.int32(0))
  const old = describe(posix)
  const {timer} = posix
  posix.withdraw()
  const valueNs = toNs(setting.value)
  if (valueNs === 0) {
    timer.disarm()
  } else if (args.int32(1) & TIMER_ABSTIME) {
    const deadlineNs = isCpuClock(posix.clock)
      ? valueNs
      : monotonicDeadlineNs(task, posix.clock, setting.value)
    timer.arm(deadlineNs, toNs(setting.interval))
  } else {
    timer.arm(timer.nowNs() + valueNs, toNs(setting.interval))
  }
  if (oldAddress !== 0) task.memory.writeBytes(oldAddress, old)
  return 0
}

export const timerGettime: Syscall = (task, args) => {
  const posix = task.process.timers.posix.get(args.int32(0))
  task.memory.writeBytes(args.address(1), describe(posix))
  return 0
}

export const timerGetoverrun: Syscall = (task, args) => task.process.timers.posix.get(args.int32(0)).overrun

export const timerDelete: Syscall = (task, args) => {
  task.process.timers.posix.delete(args.int32(0))
  return 0
}

function describe({timer}: PosixTimer): Uint8Array {
  return encodeTimerspec(timer.intervalNs, timer.remainingNs)
}

/** @throws Errno EINVAL, EFAULT */
function readNotice(task: Task, address: number): TimerNotice {
  const {value, signal, notify, tid} = readSigevent(task, address)
  if (notify === SIGEV_NONE) return {signal: undefined, value, task: undefined}
  if (signal < 1 || signal > NSIG) throw new Errno(EINVAL)
  switch (notify) {
    case SIGEV_SIGNAL:
    case SIGEV_THREAD:
      return {signal, value, task: undefined}
    case SIGEV_SIGNAL | SIGEV_THREAD_ID:
      return {signal, value, task: siblingTask(task, tid)}
    default:
      throw new Errno(EINVAL)
  }
}

function siblingTask(task: Task, tid: number): Task {
  const target = task.kernel.tasks.get(tid)
  if (target === undefined || target.process !== task.process) throw new Errno(EINVAL)
  return target
}
