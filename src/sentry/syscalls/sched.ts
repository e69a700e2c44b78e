// sched_yield(2), sched_getaffinity(2), sched_setscheduler(2), sched_setattr(2) and their kin, getcpu(2): one CPU, SCHED_OTHER.

import {E2BIG, EINVAL, EPERM, Errno, ESRCH} from '../../abi/errno.ts'
import type {Task} from '../task.ts'
import type {Syscall} from './syscall.ts'

/** Processors that a guest has, in all that counts them. */
export const CPU_COUNT = 1

const SCHED_OTHER = 0
const SCHED_FIFO = 1
const SCHED_RR = 2
const SCHED_BATCH = 3
const SCHED_IDLE = 5
const SCHED_DEADLINE = 6
const SCHED_RESET_ON_FORK = 0x40000000
const NORMAL = [SCHED_OTHER, SCHED_BATCH, SCHED_IDLE]
const REAL_TIME = [SCHED_FIFO, SCHED_RR]

const MIN_REAL_TIME_PRIORITY = 1
const MAX_REAL_TIME_PRIORITY = 99

/** A long: affinity masks are counted in them. */
const MASK_BYTES = 8
const MAX_MASK_BYTES = 1024

/** Nobody else waits for the CPU that the sentry would let run first. */
export const schedYield: Syscall = () => 0

export const schedGetaffinity: Syscall = (task, args) => {
  const length = args.uint32(1)
  // Linux counts the bits in 32.
  const bits = (length * 8) >>> 0
  if (bits === 0 || length % MASK_BYTES !== 0) throw new Errno(EINVAL)
  taskOf(task, args.int32(0))
  const mask = new Uint8Array(MASK_BYTES)
  mask[0] = 2 ** CPU_COUNT - 1
  task.memory.writeBytes(args.address(2), mask)
  return MASK_BYTES
}

/** CPU 0 must be in the mask: there is no other. */
export const schedSetaffinity: Syscall = (task, args) => {
  const length = Math.min(args.uint32(1), MAX_MASK_BYTES)
  const mask = task.memory.readBytes(args.address(2), length)
  taskOf(task, args.int32(0))
  if (length === 0 || (mask[0] & 1) === 0) throw new Errno(EINVAL)
  return 0
}

export const schedGetscheduler: Syscall = (task, args) => {
  target(task, args.int32(0))
  return SCHED_OTHER
}

export const schedSetscheduler: Syscall = (task, args) => {
  const policy = args.int32(1)
  const address = args.address(2)
  if (policy < 0 || address === 0 || args.int32(0) < 0) throw new Errno(EINVAL)
  const priority = task.memory.readInt32(address)
  target(task, args.int32(0))
  checkPolicy(policy & ~SCHED_RESET_ON_FORK, priority)
  return 0
}

export const schedGetparam: Syscall = (task, args) => {
  const address = args.address(1)
  if (address === 0) throw new Errno(EINVAL)
  target(task, args.int32(0))
  task.memory.writeInt32(address, 0)
  return 0
}

export const schedSetparam: Syscall = (task, args) => {
  const address = args.address(1)
  if (address === 0) throw new Errno(EINVAL)
  const priority = task.memory.readInt32(address)
  target(task, args.int32(0))
  checkPolicy(SCHED_OTHER, priority)
  return 0
}

// struct sched_attr: size, policy, flags, nice, priority, runtime, deadline, period; then the clamps of its second version.
const FIRST_ATTR_BYTES = 48
const ATTR_BYTES = 56
const MAX_ATTR_BYTES = 4096

export const schedGetattr: Syscall = (task, args) => {
  const address = args.address(1)
  const size = args.uint32(2)
  if (address === 0 || args.uint32(3) !== 0) throw new Errno(EINVAL)
  if (size < FIRST_ATTR_BYTES || size > MAX_ATTR_BYTES) throw new Errno(EINVAL)
  target(task, args.int32(0))
  const bytes = new Uint8Array(size)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, Math.min(size, ATTR_BYTES), true)
  view.setInt32(16, task.process.nice, true)
  task.memory.writeBytes(address, bytes)
  return 0
}

export const schedSetattr: Syscall = (task, args) => {
  const address = args.address(1)
  if (address === 0 || args.int32(0) < 0 || args.uint32(2) !== 0) throw new Errno(EINVAL)
  const attr = readAttr(task, address)
  const policy = attr.getInt32(4, true)
  if (policy < 0) throw new Errno(EINVAL)
  target(task, args.int32(0))
  checkPolicy(policy, attr.getInt32(20, true))
  return 0
}

/** A longer structure than Linux knows is taken if what is behind is zero. @throws Errno EFAULT; E2BIG, the known size stored */
function readAttr({memory}: Task, address: number): DataView {
  const size = memory.readUint32(address) || FIRST_ATTR_BYTES
  const bytes = size < FIRST_ATTR_BYTES || size > MAX_ATTR_BYTES ? undefined : memory.readBytes(address, size)
  if (bytes === undefined || bytes.subarray(ATTR_BYTES).some((byte) => byte !== 0)) {
    memory.writeUint32(address, ATTR_BYTES)
    throw new Errno(E2BIG)
  }
  return new DataView(bytes.buffer)
}

export const schedGetPriorityMax: Syscall = (_, args) => priorityBound(args.int32(0), MAX_REAL_TIME_PRIORITY)
export const schedGetPriorityMin: Syscall = (_, args) => priorityBound(args.int32(0), MIN_REAL_TIME_PRIORITY)

/** SCHED_OTHER has no round-robin slice of its own: what a kernel without load answers. */
export const schedRrGetInterval: Syscall = (task, args) => {
  target(task, args.int32(0))
  task.memory.writeBytes(args.address(1), new Uint8Array(16))
  return 0
}

export const getcpu: Syscall = (task, args) => {
  for (const index of [0, 1]) {
    const address = args.address(index)
    if (address !== 0) task.memory.writeUint32(address, 0)
  }
  return 0
}

function priorityBound(policy: number, realTime: number): number {
  if (REAL_TIME.includes(policy)) return realTime
  if (NORMAL.includes(policy) || policy === SCHED_DEADLINE) return 0
  throw new Errno(EINVAL)
}

/** Real-time policies are refused, as to a program without CAP_SYS_NICE. */
function checkPolicy(policy: number, priority: number): void {
  if (NORMAL.includes(policy)) {
    if (priority !== 0) throw new Errno(EINVAL)
    return
  }
  if (policy === SCHED_DEADLINE) throw new Errno(EPERM)
  if (!REAL_TIME.includes(policy)) throw new Errno(EINVAL)
  if (priority < MIN_REAL_TIME_PRIORITY || priority > MAX_REAL_TIME_PRIORITY) throw new Errno(EINVAL)
  throw new Errno(EPERM)
}

/** @throws Errno EINVAL, ESRCH */
function target(task: Task, tid: number): Task {
  if (tid < 0) throw new Errno(EINVAL)
  return taskOf(task, tid)
}

/** @throws Errno ESRCH */
function taskOf(task: Task, tid: number): Task {
  const found = tid === 0 ? task : task.kernel.tasks.get(tid)
  if (found === undefined) throw new Errno(ESRCH)
  return found
}
