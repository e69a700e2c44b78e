// What seccomp(2) and prctl(2) do to a task's filters: PR_SET_SECCOMP, PR_GET_SECCOMP, SECCOMP_SET_MODE_*.

import {BPF_MAXINSNS, SOCK_FILTER_BYTES, SOCK_FPROG_BYTES} from '../../abi/bpf.ts'
import {CAP_SYS_ADMIN, hasCapability} from '../../abi/capability.ts'
import {EACCES, EINVAL, Errno, ESRCH} from '../../abi/errno.ts'
import * as abi from '../../abi/seccomp.ts'
import {viewOf} from '../../abi/view.ts'
import type {Arguments} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {type BpfProgram, isValidFilter} from '../seccomp/check-program.ts'
import {releaseSeccomp, SeccompFilter, seccompMode} from '../seccomp/filter.ts'
import {publishResults} from './cached-results.ts'

const TSYNC = abi.SECCOMP_FILTER_FLAG_TSYNC
const TSYNC_ESRCH = abi.SECCOMP_FILTER_FLAG_TSYNC_ESRCH
/** Nobody can listen: without SECCOMP_FILTER_FLAG_NEW_LISTENER. */
const FLAGS = TSYNC | TSYNC_ESRCH | abi.SECCOMP_FILTER_FLAG_LOG | abi.SECCOMP_FILTER_FLAG_SPEC_ALLOW

/** PR_SET_SECCOMP. */
export function setSeccomp(task: Task, args: Arguments): number {
  switch (args.address(1)) {
    case abi.SECCOMP_MODE_STRICT:
      return setStrict(task)
    case abi.SECCOMP_MODE_FILTER:
      return addFilter(task, 0, args.address(2))
    default:
      throw new Errno(EINVAL)
  }
}

export function getSeccomp(task: Task): number {
  return seccompMode(task.seccomp)
}

export function setStrict(task: Task): number {
  if (task.seccomp instanceof SeccompFilter) throw new Errno(EINVAL)
  task.seccomp = 'strict'
  return 0
}

/** @param address of a struct sock_fprog @returns 0, or with TSYNC the id of a thread that has other filters */
export function addFilter(task: Task, flags: number, address: number): number {
  if (flags & ~FLAGS) throw new Errno(EINVAL)
  const program = readProgram(task, address)
  if (!isValidFilter(program) || task.seccomp === 'strict') throw new Errno(EINVAL)
  const before = task.seccomp
  const others = flags & TSYNC ? task.process.tasks.filter((other) => other !== task) : []
  const different = others.find((other) => !isAncestor(other, before))
  if (different !== undefined) {
    if (flags & TSYNC_ESRCH) throw new Errno(ESRCH)
    return different.tid
  }

  const filter = new SeccompFilter(program, before, task.kernel.budget)
  for (const each of [task, ...others]) {
    releaseSeccomp(each.seccomp)
    each.seccomp = filter.share()
    publishResults(each)
  }
  filter.release()
  return 0
}

/** All filters of `other` are also the caller's. */
function isAncestor({seccomp: other}: Task, callers: SeccompFilter | undefined): boolean {
  if (other === undefined) return true
  return other !== 'strict' && callers?.descendsFrom(other) === true
}

/** @throws Errno EFAULT, EINVAL; EACCES: the task may still gain privileges that its filter would harm */
function readProgram({memory, process, credentials}: Task, address: number): BpfProgram {
  const header = memory.readBytes(address, SOCK_FPROG_BYTES)
  const view = viewOf(header)
  const length = view.getUint16(0, true)
  if (length === 0 || length > BPF_MAXINSNS) throw new Errno(EINVAL)
  const {hasNoNewPrivileges} = process.attributes
  if (!hasNoNewPrivileges && !hasCapability(credentials.capabilities, CAP_SYS_ADMIN)) throw new Errno(EACCES)
  const start = Number(view.getBigUint64(8, true))
  if (start === 0) throw new Errno(EINVAL)
  const bytes = memory.readBytes(start, length * SOCK_FILTER_BYTES)
  return new Uint32Array(Uint8Array.from(bytes).buffer)
}
