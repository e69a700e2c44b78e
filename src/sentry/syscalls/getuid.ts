// getuid(2), getgid(2), getresuid(2), getgroups(2).

import {CAP_SETGID} from '../../abi/capability.ts'
import {EINVAL, Errno} from '../../abi/errno.ts'
import {requireCapability} from '../core/credentials.ts'
import type {Arguments, Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'

const NGROUPS_MAX = 65536

export const getuid: Syscall = (task) => task.credentials.ruid
export const geteuid: Syscall = (task) => task.credentials.euid
export const getgid: Syscall = (task) => task.credentials.rgid
export const getegid: Syscall = (task) => task.credentials.egid

export const getresuid: Syscall = (task, args) => {
  const {ruid, euid, suid} = task.credentials
  return writeIds(task, args, [ruid, euid, suid])
}

export const getresgid: Syscall = (task, args) => {
  const {rgid, egid, sgid} = task.credentials
  return writeIds(task, args, [rgid, egid, sgid])
}

function writeIds({memory}: Task, args: Arguments, ids: readonly number[]): number {
  for (const [index, id] of ids.entries()) memory.writeUint32(args.address(index), id)
  return 0
}

export const getgroups: Syscall = (task, args) => {
  const size = args.int32(0)
  const {groups} = task.credentials
  if (size < 0 || (size !== 0 && size < groups.length)) throw new Errno(EINVAL)
  if (size > 0) task.memory.writeInt32s(args.address(1), groups)
  return groups.length
}

export const setgroups: Syscall = (task, args) => {
  const size = args.int32(0)
  requireCapability(task.credentials, CAP_SETGID)
  if (size < 0 || size > NGROUPS_MAX) throw new Errno(EINVAL)
  const bytes = task.memory.readBytes(args.address(1), size * 4)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const groups = Array.from({length: size}, (_, index) => view.getUint32(index * 4, true))
  task.credentials = {...task.credentials, groups}
  return 0
}
