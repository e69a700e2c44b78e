// sched_getattr(2), sched_setattr(2).

import {
  LEAST_NICE,
  NICEST,
  SCHED_FLAG_ALL,
  SCHED_FLAG_KEEP_PARAMS,
  SCHED_FLAG_KEEP_POLICY,
  SCHED_FLAG_RESET_ON_FORK,
  SCHED_FLAG_UTIL_CLAMP,
} from '../../abi/clone.ts'
import {E2BIG, EINVAL, EOPNOTSUPP, Errno} from '../../abi/errno.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {mayChangeScheduling, requirePolicy} from '../task/cpu/may-schedule.ts'
import {targetOf} from '../task/process-argument.ts'

// struct sched_attr: size, policy, flags, nice, priority, runtime, deadline, period; then the clamps of its second version.
const POLICY = 4
const FLAGS = 8
const NICE = 16
const PRIORITY = 20
const FIRST_ATTR_BYTES = 48
const ATTR_BYTES = 56
const MAX_ATTR_BYTES = 4096

export const schedGetattr: Syscall = (task, args) => {
  const address = args.address(1)
  const size = args.uint32(2)
  if (address === 0 || args.uint32(3) !== 0) throw new Errno(EINVAL)
  if (size < FIRST_ATTR_BYTES || size > MAX_ATTR_BYTES) throw new Errno(EINVAL)
  const {policy, nice, resetsOnFork} = targetOf(task, args).scheduling
  const bytes = new Uint8Array(size)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, Math.min(size, ATTR_BYTES), true)
  view.setUint32(POLICY, policy, true)
  view.setUint32(FLAGS, resetsOnFork ? SCHED_FLAG_RESET_ON_FORK : 0, true)
  view.setInt32(NICE, nice, true)
  task.memory.writeBytes(address, bytes)
  return 0
}

export const schedSetattr: Syscall = (task, args) => {
  const address = args.address(1)
  if (address === 0 || args.int32(0) < 0 || args.uint32(2) !== 0) throw new Errno(EINVAL)
  const attr = readAttr(task, address)
  const flags = attr.getBigUint64(FLAGS, true)
  const given = attr.getInt32(POLICY, true)
  if (given < 0) throw new Errno(EINVAL)
  const target = targetOf(task, args)
  const {scheduling} = target
  const has = (flag: number): boolean => (flags & BigInt(flag)) !== 0n
  const policy = has(SCHED_FLAG_KEEP_POLICY) ? scheduling.policy : given
  const priority = has(SCHED_FLAG_KEEP_PARAMS) ? 0 : attr.getInt32(PRIORITY, true)
  const asked = Math.max(LEAST_NICE, Math.min(NICEST, attr.getInt32(NICE, true)))
  const nice = has(SCHED_FLAG_KEEP_PARAMS) ? scheduling.nice : asked
  const resetsOnFork = has(SCHED_FLAG_RESET_ON_FORK)
  if (has(SCHED_FLAG_UTIL_CLAMP)) throw new Errno(EOPNOTSUPP)
  if (flags > BigInt(SCHED_FLAG_ALL)) throw new Errno(EINVAL)
  requirePolicy(policy, priority)
  mayChangeScheduling(task, target, {policy, nice, resetsOnFork})
  Object.assign(scheduling, {policy, nice, resetsOnFork})
  return 0
}

/** A longer structure than Linux knows is accepted if the rest is zero. @throws Errno EFAULT; E2BIG, with the known size stored */
function readAttr({memory}: Task, address: number): DataView {
  const size = memory.readUint32(address) || FIRST_ATTR_BYTES
  const bytes = size < FIRST_ATTR_BYTES || size > MAX_ATTR_BYTES ? undefined : memory.readBytes(address, size)
  if (bytes === undefined || bytes.subarray(ATTR_BYTES).some((byte) => byte !== 0)) {
    memory.writeUint32(address, ATTR_BYTES)
    throw new Errno(E2BIG)
  }
  return new DataView(bytes.buffer, bytes.byteOffset)
}
