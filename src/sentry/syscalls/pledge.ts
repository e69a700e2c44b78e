// pledge(promises, execpromises): OpenBSD's pledge(2) for a guest, as call 10001.

import {EINVAL, EPERM, Errno} from '../../abi/errno.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {applyPledge} from '../pledge/pledge.ts'
import {isSubset, type Promises, parsePromises} from '../pledge/promises.ts'

const MAX_LENGTH = 1024

export const pledge: Syscall = (task, args) => {
  const {process, kernel} = task
  const before = process.restrictions.pledge?.promises
  const promises = reduced(readPromises(task, args.address(0)), before, before)
  const execPromises = reduced(readPromises(task, args.address(1)), process.restrictions.execPromises, before)
  if (promises !== undefined) applyPledge(kernel, process, promises, true)
  // For execve(2).
  if (execPromises !== undefined) process.restrictions.execPromises = execPromises
  return 0
}

/** @returns undefined for NULL, which changes nothing. @throws Errno EFAULT, EINVAL */
function readPromises(task: Task, address: number): Promises | undefined {
  if (address === 0) return undefined
  const promises = parsePromises(task.memory.readCString(address, MAX_LENGTH))
  if (typeof promises === 'string') throw new Errno(EINVAL)
  return promises
}

/** @throws Errno EPERM for more than was promised before; with the promise `error`, the set is cut instead */
function reduced(
  wanted: Promises | undefined,
  limit: Promises | undefined,
  before: Promises | undefined,
): Promises | undefined {
  if (wanted === undefined || limit === undefined || isSubset(wanted, limit)) return wanted
  if (!before?.has('error')) throw new Errno(EPERM)
  return new Set([...wanted].filter((name) => limit.has(name)))
}
