// membarrier(2): a barrier on every CPU that runs the process.
//
// Tasks that run on other CPUs are made to trap, and the call ends when all have: a trap and the way back order all accesses to
// memory, and instructions (a VM exit and entry, or a stop and a return from it). A task that does not run now is resumed by the
// platform later, which is as good. With one CPU, only the caller runs.

import {EINVAL, EPERM, Errno} from '../../abi/errno.ts'
import type {Process} from '../core/process.ts'
import {BLOCKED, type Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {continuation} from '../core/wait.ts'
import type {Barrier} from '../task/cpu/barriers.ts'

const QUERY = 0
const GLOBAL = 1 << 0
const GLOBAL_EXPEDITED = 1 << 1
const REGISTER_GLOBAL_EXPEDITED = 1 << 2
const PRIVATE_EXPEDITED = 1 << 3
const REGISTER_PRIVATE_EXPEDITED = 1 << 4
const PRIVATE_EXPEDITED_SYNC_CORE = 1 << 5
const REGISTER_PRIVATE_EXPEDITED_SYNC_CORE = 1 << 6
const GET_REGISTRATIONS = 1 << 9
const COMMANDS =
  GLOBAL |
  GLOBAL_EXPEDITED |
  REGISTER_GLOBAL_EXPEDITED |
  PRIVATE_EXPEDITED |
  REGISTER_PRIVATE_EXPEDITED |
  PRIVATE_EXPEDITED_SYNC_CORE |
  REGISTER_PRIVATE_EXPEDITED_SYNC_CORE |
  GET_REGISTRATIONS

export const membarrier: Syscall = (task, args) => {
  if (args.uint32(1) !== 0) throw new Errno(EINVAL)
  const {process} = task
  const command = args.int32(0)
  switch (command) {
    case QUERY:
      return COMMANDS
    case GLOBAL:
      return waitForAll(task, () => true)
    case GLOBAL_EXPEDITED:
      return waitForAll(task, ({space: {membarriers}}) => (membarriers & REGISTER_GLOBAL_EXPEDITED) !== 0)
    case REGISTER_GLOBAL_EXPEDITED:
    case REGISTER_PRIVATE_EXPEDITED:
    case REGISTER_PRIVATE_EXPEDITED_SYNC_CORE:
      process.space.membarriers |= command
      return 0
    case PRIVATE_EXPEDITED:
    case PRIVATE_EXPEDITED_SYNC_CORE:
      // The registration's bit is the next higher one.
      if (!(process.space.membarriers & (command << 1))) throw new Errno(EPERM)
      return waitForAll(task, ({space}) => space === process.space)
    case GET_REGISTRATIONS:
      return process.space.membarriers
    default:
      throw new Errno(EINVAL)
  }
}

function waitForAll(task: Task, isMeant: (process: Process) => boolean): number {
  const progress = task.kernel.barrier((other) => isMeant(other.process))
  if (progress.pending.size === 0) return 0
  return task.block({
    queues: [progress.done],
    restart: 'never',
    onlyKillable: true,
    ...{next: passing, progress},
  })
}

const passing = continuation<Barrier>({
  name: 'membarrier',
  resume: (_task, {pending}) => (pending.size > 0 ? BLOCKED : 0),
})
