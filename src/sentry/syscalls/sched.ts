// sched_yield(2), sched_getaffinity(2), sched_setscheduler(2) and the like, getcpu(2). sched_setattr(2): sched-attr.ts.

import {
  MAX_REAL_TIME_PRIORITY,
  MIN_REAL_TIME_PRIORITY,
  NORMAL_POLICIES,
  REAL_TIME_POLICIES,
  SCHED_DEADLINE,
  SCHED_RESET_ON_FORK,
} from '../../abi/clone.ts'
import {EINVAL, Errno} from '../../abi/errno.ts'
import type {Syscall} from '../core/syscall.ts'
import {mayChangeScheduling, requireOwner, requirePolicy} from '../task/cpu/may-schedule.ts'
import {YIELDED} from '../task/cpu/scheduler.ts'
import {maskOf} from '../task/cpu/scheduling.ts'
import {targetOf, taskOf} from '../task/process-argument.ts'

/** A long: affinity masks are made of them, and no guest has more CPUs than one has bits. */
const MASK_BYTES = 8

/** Its slice is over: the next task that waits for a CPU goes before it. */
export const schedYield: Syscall = (task) => {
  task.sliceEndNs = YIELDED
  return 0
}

export const schedGetaffinity: Syscall = (task, args) => {
  const length = args.uint32(1)
  // Linux counts the bits in 32 bits.
  const bits = (length * 8) >>> 0
  const {cpus} = task.kernel.platform
  if (bits < cpus || length % MASK_BYTES !== 0) throw new Errno(EINVAL)
  const {scheduling} = taskOf(task, args.int32(0))
  task.memory.writeBigUint64(args.address(2), scheduling.allowed(cpus))
  return MASK_BYTES
}

export const schedSetaffinity: Syscall = (task, args) => {
  const mask = new BigUint64Array(1)
  const length = Math.min(args.uint32(1), MASK_BYTES)
  new Uint8Array(mask.buffer).set(task.memory.readBytes(args.address(2), length))
  const target = taskOf(task, args.int32(0))
  requireOwner(task, target)
  const {cpus} = task.kernel.platform
  if ((mask[0] & maskOf(cpus)) === 0n) throw new Errno(EINVAL)
  target.scheduling.restrict(mask[0], cpus)
  task.kernel.move(target)
  return 0
}

export const schedGetscheduler: Syscall = (task, args) => {
  const {policy, resetsOnFork} = targetOf(task, args).scheduling
  return policy | (resetsOnFork ? SCHED_RESET_ON_FORK : 0)
}

export const schedSetscheduler: Syscall = (task, args) => {
  const asked = args.int32(1)
  const address = args.address(2)
  if (asked < 0 || address === 0 || args.int32(0) < 0) throw new Errno(EINVAL)
  const priority = task.memory.readInt32(address)
  const target = targetOf(task, args)
  const policy = asked & ~SCHED_RESET_ON_FORK
  const resetsOnFork = (asked & SCHED_RESET_ON_FORK) !== 0
  requirePolicy(policy, priority)
  mayChangeScheduling(task, target, {
    policy,
    resetsOnFork,
    nice: target.scheduling.nice,
  })
  Object.assign(target.scheduling, {policy, resetsOnFork})
  return 0
}

export const schedGetparam: Syscall = (task, args) => {
  const address = args.address(1)
  if (address === 0) throw new Errno(EINVAL)
  targetOf(task, args)
  task.memory.writeInt32(address, 0)
  return 0
}

/** All available policies have priority 0 only. */
export const schedSetparam: Syscall = (task, args) => {
  const address = args.address(1)
  if (address === 0) throw new Errno(EINVAL)
  const priority = task.memory.readInt32(address)
  const target = targetOf(task, args)
  requirePolicy(target.scheduling.policy, priority)
  mayChangeScheduling(task, target, target.scheduling)
  return 0
}

export const schedGetPriorityMax: Syscall = (_, args) => priorityBound(args.int32(0), MAX_REAL_TIME_PRIORITY)
export const schedGetPriorityMin: Syscall = (_, args) => priorityBound(args.int32(0), MIN_REAL_TIME_PRIORITY)

/** SCHED_OTHER has no round-robin slice: answers as a kernel without load. */
export const schedRrGetInterval: Syscall = (task, args) => {
  targetOf(task, args)
  task.memory.writeBytes(args.address(1), new Uint8Array(16))
  return 0
}

/** There is only one node. */
export const getcpu: Syscall = (task, args) => {
  for (const [index, value] of [task.scheduling.cpu, 0].entries()) {
    const address = args.address(index)
    if (address !== 0) task.memory.writeUint32(address, value)
  }
  return 0
}

function priorityBound(policy: number, realTime: number): number {
  if (REAL_TIME_POLICIES.includes(policy)) return realTime
  if (NORMAL_POLICIES.includes(policy) || policy === SCHED_DEADLINE) return 0
  throw new Errno(EINVAL)
}
