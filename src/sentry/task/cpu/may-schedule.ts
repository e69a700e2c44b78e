// Who may change a task's scheduling, and to what: user_check_sched_setscheduler in Linux, can_nice, check_same_owner.

import {CAP_SYS_NICE, hasCapability} from '../../../abi/capability.ts'
import {
  MAX_REAL_TIME_PRIORITY,
  MIN_REAL_TIME_PRIORITY,
  NORMAL_POLICIES,
  REAL_TIME_POLICIES,
  SCHED_DEADLINE,
  SCHED_IDLE,
} from '../../../abi/clone.ts'
import {EINVAL, EPERM, Errno} from '../../../abi/errno.ts'
import {RLIMIT_NICE} from '../../core/resource-limits.ts'
import type {Task} from '../../core/task.ts'
import type {Scheduling} from './scheduling.ts'

/** RLIMIT_NICE counts from 1 (nice value 19) to 40 (nice value -20). */
const NICE_LIMIT_OFFSET = 20

/** Real-time policies are refused, as to a program without CAP_SYS_NICE. @throws Errno EINVAL, EPERM */
export function requirePolicy(policy: number, priority: number): void {
  if (NORMAL_POLICIES.includes(policy)) {
    if (priority !== 0) throw new Errno(EINVAL)
    return
  }
  if (policy === SCHED_DEADLINE) throw new Errno(EPERM)
  if (!REAL_TIME_POLICIES.includes(policy)) throw new Errno(EINVAL)
  if (priority < MIN_REAL_TIME_PRIORITY || priority > MAX_REAL_TIME_PRIORITY) throw new Errno(EINVAL)
  throw new Errno(EPERM)
}

/** @throws Errno EPERM */
export function mayChangeScheduling(
  caller: Task,
  target: Task,
  wanted: Pick<Scheduling, 'policy' | 'nice' | 'resetsOnFork'>,
): void {
  if (isPrivileged(caller)) return
  const {scheduling} = target
  const leavesIdle = scheduling.policy === SCHED_IDLE && wanted.policy !== SCHED_IDLE
  const isNicer = wanted.nice >= scheduling.nice && !leavesIdle
  const keepsReset = !scheduling.resetsOnFork || wanted.resetsOnFork
  if ((isNicer || mayBeNice(target, wanted.nice)) && keepsReset && isOwner(caller, target)) return
  throw new Errno(EPERM)
}

/** Whether the target's own limit allows this nice value. */
export function mayBeNice({process}: Task, nice: number): boolean {
  return NICE_LIMIT_OFFSET - nice <= process.limits.get(RLIMIT_NICE).soft
}

export function isPrivileged({credentials}: Task): boolean {
  return hasCapability(credentials.capabilities, CAP_SYS_NICE)
}

/** @throws Errno EPERM */
export function requireOwner(caller: Task, target: Task): void {
  if (!isOwner(caller, target) && !isPrivileged(caller)) throw new Errno(EPERM)
}

export function isOwner({credentials: {euid}}: Task, target: Task): boolean {
  const owner = target.credentials
  return euid === owner.euid || euid === owner.ruid
}
