// set_tid_address(2), set_robust_list(2), get_robust_list(2).

import {CAP_SYS_PTRACE} from '../../abi/capability.ts'
import {EINVAL, Errno} from '../../abi/errno.ts'
import {requireCapability} from '../core/credentials.ts'
import type {Syscall} from '../core/syscall.ts'
import {taskOf} from '../task/process-argument.ts'

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
  const target = taskOf(task, args.int32(0))
  if (target.process !== task.process) requireCapability(task.credentials, CAP_SYS_PTRACE)
  task.memory.writeUint64(args.address(2), ROBUST_LIST_HEAD_BYTES)
  task.memory.writeUint64(args.address(1), target.robustList.head)
  return 0
}
