// timerfd_create(2), timerfd_settime(2), timerfd_gettime(2).

import {CAP_WAKE_ALARM} from '../../abi/capability.ts'
import {EINVAL, Errno} from '../../abi/errno.ts'
import {O_CLOEXEC, O_NONBLOCK} from '../../abi/open-flags.ts'
import {
  CLOCK_BOOTTIME,
  CLOCK_BOOTTIME_ALARM,
  CLOCK_MONOTONIC,
  CLOCK_REALTIME,
  CLOCK_REALTIME_ALARM,
  toNs,
} from '../../abi/time.ts'
import {requireCapability} from '../core/credentials.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {openFile} from '../fd/descriptor-argument.ts'
import {monotonicDeadlineNs} from '../time/clocks.ts'
import {encodeTimerspec, readTimerspec} from '../time/time-argument.ts'
import {TimerFdDescription} from '../time/timerfd.ts'

const TFD_TIMER_ABSTIME = 1
const TFD_TIMER_CANCEL_ON_SET = 2

const CLOCKS = [CLOCK_MONOTONIC, CLOCK_REALTIME, CLOCK_BOOTTIME]
const ALARM_CLOCKS = [CLOCK_REALTIME_ALARM, CLOCK_BOOTTIME_ALARM]

export const timerfdCreate: Syscall = (task, args) => {
  const clock = args.int32(0)
  const flags = args.int32(1)
  if (flags & ~(O_CLOEXEC | O_NONBLOCK)) throw new Errno(EINVAL)
  const wakesHost = ALARM_CLOCKS.includes(clock)
  if (!wakesHost && !CLOCKS.includes(clock)) throw new Errno(EINVAL)
  if (wakesHost) requireCapability(task.credentials, CAP_WAKE_ALARM)
  return task.fds.install(new TimerFdDescription(task.kernel, clock, flags), flags)
}

export const timerfdSettime: Syscall = (task, args) => {
  const flags = args.int32(1)
  const oldAddress = args.address(3)
  if (flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)) throw new Errno(EINVAL)
  const setting = readTimerspec(task, args.address(2))
  const file = timerfd(task, args.int32(0))
  const old = encodeTimerspec(file.timer.intervalNs, file.timer.remainingNs)
  const valueNs = toNs(setting.value)
  file.forgetExpirations()
  const intervalNs = toNs(setting.interval)
  if (valueNs === 0) file.timer.disarm(intervalNs)
  else {
    const absolute = (flags & TFD_TIMER_ABSTIME) !== 0
    const deadlineNs = absolute
      ? monotonicDeadlineNs(task, file.clock, setting.value)
      : file.timer.nowNs() + valueNs
    file.timer.arm(deadlineNs, intervalNs)
  }
  if (oldAddress !== 0) task.memory.writeBytes(oldAddress, old)
  return 0
}

export const timerfdGettime: Syscall = (task, args) => {
  const {timer} = timerfd(task, args.int32(0))
  task.memory.writeBytes(args.address(1), encodeTimerspec(timer.intervalNs, timer.remainingNs))
  return 0
}

/** @throws Errno EBADF, EINVAL */
function timerfd(task: Task, fd: number): TimerFdDescription {
  const file = openFile(task, fd)
  if (!(file instanceof TimerFdDescription)) throw new Errno(EINVAL)
  return file
}
