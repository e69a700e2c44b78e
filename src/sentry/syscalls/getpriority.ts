// getpriority(2), setpriority(2), ioprio_get(2), ioprio_set(2): kept and reported; the scheduler does not weigh them.

import {CAP_SYS_ADMIN, CAP_SYS_NICE, hasCapability} from '../../abi/capability.ts'
import {LEAST_NICE, NICEST} from '../../abi/clone.ts'
import {EACCES, EINVAL, EPERM, Errno, ESRCH} from '../../abi/errno.ts'
import type {Process} from '../core/process.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {isOwner, isPrivileged, mayBeNice} from '../task/cpu/may-schedule.ts'
import {processArgument, taskOf} from '../task/process-argument.ts'

const PRIO_PROCESS = 0
const PRIO_PGRP = 1
const PRIO_USER = 2

/** The kernel's answer is 20 - nice, so that it is never negative. */
const OFFSET = 20

export const getpriority: Syscall = (task, args) => {
  const tasks = tasksOf(task, args.int32(0), args.int32(1))
  return OFFSET - Math.min(...tasks.map(({scheduling}) => scheduling.nice))
}

/** Of several tasks, changes those that may be changed. */
export const setpriority: Syscall = (task, args) => {
  const nice = Math.max(LEAST_NICE, Math.min(NICEST, args.int32(2)))
  let error: number | undefined
  for (const target of tasksOf(task, args.int32(0), args.int32(1))) {
    if (!isOwner(task, target) && !isPrivileged(task)) error = EPERM
    else if (nice < target.scheduling.nice && !mayBeNice(target, nice) && !isPrivileged(task)) error = EACCES
    else target.scheduling.nice = nice
  }
  if (error !== undefined) throw new Errno(error)
  return 0
}

/** PRIO_PROCESS is one task, by its tid; a group or user stands for all its tasks. @throws Errno EINVAL, ESRCH */
function tasksOf(task: Task, which: number, who: number): Task[] {
  if (which === PRIO_PROCESS) return [taskOf(task, who)]
  const found = [...task.kernel.tasks.values()].filter(({process, credentials}) => {
    if (which === PRIO_PGRP) return process.job.group === (who || task.process.job.group)
    if (which === PRIO_USER) return credentials.ruid === (who || task.credentials.ruid)
    throw new Errno(EINVAL)
  })
  if (found.length === 0) throw new Errno(ESRCH)
  return found
}

const CLASS_SHIFT = 13
const CLASS_MASK = 7
const DATA_MASK = 0x1fff
const CLASS_NONE = 0
const CLASS_REAL_TIME = 1
const CLASS_IDLE = 3
const LEVELS = 8

export const ioprioGet: Syscall = (task, args) => {
  const processes = processesOf(task, args.int32(0) - 1, args.int32(1))
  return processes[0].attributes.ioPriority
}

export const ioprioSet: Syscall = (task, args) => {
  const value = args.int32(2)
  const ioClass = (value >> CLASS_SHIFT) & CLASS_MASK
  const data = value & DATA_MASK
  if (ioClass > CLASS_IDLE) throw new Errno(EINVAL)
  if (ioClass === CLASS_NONE && data !== 0) throw new Errno(EINVAL)
  if (ioClass !== CLASS_IDLE && data % LEVELS !== data) throw new Errno(EINVAL)
  const {capabilities} = task.credentials
  const mayRealTime = hasCapability(capabilities, CAP_SYS_ADMIN) || hasCapability(capabilities, CAP_SYS_NICE)
  if (ioClass === CLASS_REAL_TIME && !mayRealTime) throw new Errno(EPERM)
  for (const process of processesOf(task, args.int32(0) - 1, args.int32(1)))
    process.attributes.ioPriority = value
  return 0
}

/** `which` is one of PRIO_*; ioprio's kinds are these plus one. @throws Errno EINVAL, ESRCH when there is none */
function processesOf(task: Task, which: number, who: number): Process[] {
  if (which === PRIO_PROCESS) return [processArgument(task, who)]
  const found = [...task.kernel.processes.values()].filter((process) => {
    if (which === PRIO_PGRP) return process.job.group === (who || task.process.job.group)
    if (which === PRIO_USER)
      return process.tasks.some(({credentials}) => credentials.ruid === (who || task.credentials.ruid))
    throw new Errno(EINVAL)
  })
  if (found.length === 0) throw new Errno(ESRCH)
  return found
}
