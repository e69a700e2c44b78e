// getrlimit(2), setrlimit(2), prlimit(2).

import {CAP_SYS_RESOURCE} from '../../abi/capability.ts'
import {EINVAL, EPERM, Errno, ESRCH} from '../../abi/errno.ts'
import {type Credentials, requireCapability} from '../core/credentials.ts'
import type {Process} from '../core/process.ts'
import {type Limit, RLIMIT_CPU, RLIMIT_NLIMITS, RLIMIT_NOFILE, UNLIMITED} from '../core/resource-limits.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {processArgument} from '../task/process-argument.ts'
import {enforceCpuLimit} from '../time/process-timers.ts'

const RLIMIT_BYTES = 16
const RLIM_INFINITY = 0xffff_ffff_ffff_ffffn

export const getrlimit: Syscall = (task, args) => {
  task.memory.writeBytes(args.address(1), encode(task.process.limits.get(resource(args.int32(0)))))
  return 0
}

export const setrlimit: Syscall = (task, args) => {
  const which = resource(args.int32(0))
  setLimit(task, task.process, which, decode(task.memory.readBytes(args.address(1), RLIMIT_BYTES)))
  return 0
}

export const prlimit64: Syscall = (task, args) => {
  const pid = args.int32(0)
  const which = resource(args.int32(1))
  const newLimit = args.address(2)
  const oldLimit = args.address(3)
  const wanted = newLimit === 0 ? undefined : decode(task.memory.readBytes(newLimit, RLIMIT_BYTES))
  const target = processArgument(task, pid)
  if (target.tasks[0] === undefined) throw new Errno(ESRCH)
  if (target !== task.process) requireSameUser(task, target.tasks[0].credentials)

  const old = target.limits.get(which)
  if (wanted !== undefined) setLimit(task, target, which, wanted)
  if (oldLimit !== 0) task.memory.writeBytes(oldLimit, encode(old))
  return 0
}

function resource(value: number): number {
  if (value < 0 || value >= RLIMIT_NLIMITS) throw new Errno(EINVAL)
  return value
}

/** prlimit(2): the caller's real ids equal all ids of the other, or it has CAP_SYS_RESOURCE. @throws Errno EPERM */
function requireSameUser(task: Task, {ruid, euid, suid, rgid, egid, sgid}: Credentials): void {
  const own = task.credentials
  const isUser = [ruid, euid, suid].every((uid) => uid === own.ruid)
  const isGroup = [rgid, egid, sgid].every((gid) => gid === own.rgid)
  if (!isUser || !isGroup) requireCapability(own, CAP_SYS_RESOURCE)
}

function setLimit(task: Task, target: Process, which: number, limit: Limit): void {
  if (limit.soft > limit.hard) throw new Errno(EINVAL)
  if (which === RLIMIT_NOFILE && limit.hard > target.limits.maxOpenFiles) throw new Errno(EPERM)
  const raises = limit.hard > target.limits.get(which).hard
  if (raises) requireCapability(task.credentials, CAP_SYS_RESOURCE)
  target.limits.set(which, limit)
  if (which === RLIMIT_NOFILE) for (const {fds} of target.tasks) fds.limit = limit.soft
  if (which === RLIMIT_CPU) enforceCpuLimit(task.kernel, target)
}

function encode(limit: Readonly<Limit>): Uint8Array {
  const word = (value: number) => (value === UNLIMITED ? RLIM_INFINITY : BigInt(value))
  return new Uint8Array(BigUint64Array.of(word(limit.soft), word(limit.hard)).buffer)
}

function decode(bytes: Uint8Array): Limit {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const number = (offset: number) => {
    const value = view.getBigUint64(offset, true)
    return value === RLIM_INFINITY ? UNLIMITED : Number(value)
  }
  return {soft: number(0), hard: number(8)}
}
