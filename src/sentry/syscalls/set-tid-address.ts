// set_tid_address(2), set_robust_list(2), get_robust_list(2).

import {CAP_SYS_PTRACE} from '../../abi/capability.ts'
import {EINVAL, Errno, ESRCH} from '../../abi/errno.ts'
import {requireCapability} from '../core/credentials.ts'
import type {Syscall} from '../core/syscall.ts'

/** sizeof(struct robust_list_head). */
const ROBUST_LIST_HEAD_BYTES = 24

export const setTidAddress: Syscall = (task, args) => {
  task.clearChildTid = args.address(0)
  return task.tid
}

export const setRobustList: Syscall = (task, args) => {
  const length = args.address(1)
  if (length !== ROBUST_LIST_HEAD_BYTES) throw new Errno(EINVAL)
  task.robustList = {head: args.address(0), length}
  return 0
}

export const getRobustList: Syscall = (task, args) => {
  const tid = args.int32(0)
  const target = tid === 0 ? task : task.kernel.tasks.get(tid)
  if (target === undefined) throw new Errno(ESRCH)
  if (target.process !== task.process) requireCapability(task.credentials, CAP_SYS_PTRACE)
  const word = (value: number) => new Uint8Array(BigUint64Array.of(BigInt(value)).buffer)
  task.memory.writeBytes(args.address(2), word(ROBUST_LIST_HEAD_BYTES))
  task.memory.writeBytes(args.address(1), word(target.robustList.head))
  return 0
}
