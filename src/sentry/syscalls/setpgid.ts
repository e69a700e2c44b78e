// setpgid(2), getpgid(2), getpgrp(2), setsid(2), getsid(2).

import {EACCES, EINVAL, EPERM, Errno, ESRCH} from '../../abi/errno.ts'
import type {Process} from '../core/process.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {processArgument} from '../task/process-argument.ts'

export const getpgrp: Syscall = (task) => task.process.job.group
export const getpgid: Syscall = (task, args) => processArgument(task, args.int32(0)).job.group
export const getsid: Syscall = (task, args) => processArgument(task, args.int32(0)).job.session

export const setpgid: Syscall = (task, args) => {
  const pid = args.int32(0) || task.process.pid
  const group = args.int32(1) || pid
  if (group < 0) throw new Errno(EINVAL)
  const target = processArgument(task, pid)
  if (target.pid !== pid) throw new Errno(EINVAL)
  if (target !== task.process && target.family.parentPid !== task.process.pid) throw new Errno(ESRCH)
  if (target !== task.process && target.job.session !== task.process.job.session) throw new Errno(EPERM)
  if (target !== task.process && target.job.hasExecuted) throw new Errno(EACCES)
  if (isSessionLeader(target)) throw new Errno(EPERM)
  if (group !== target.pid && !groupIsInSession(task, group)) throw new Errno(EPERM)
  target.job.group = group
  return 0
}

export const setsid: Syscall = (task) => {
  const {process} = task
  const {pid} = process
  const leads = [...task.kernel.processes.values()].some(({job}) => job.group === pid)
  if (isSessionLeader(process) || leads) throw new Errno(EPERM)
  process.job.session = pid
  process.job.group = pid
  process.job.terminal = undefined
  return pid
}

function isSessionLeader(process: Process): boolean {
  return process.job.session === process.pid
}

function groupIsInSession(task: Task, group: number): boolean {
  return [...task.kernel.processes.values()].some(({job}) => {
    return job.group === group && job.session === task.process.job.session
  })
}
