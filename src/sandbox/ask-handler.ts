// askHandler: a question of the sentry's put to the owner's function, and what that answers as a verdict.

import {errnoByName} from '../abi/errno.ts'
import type {Question, Verdict} from '../sentry/hooked-calls.ts'
import type {SyscallHandlers, SyscallVerdict} from './on-syscall.ts'

const MAX_ERRNO = 4095

/** @throws what the handler throws; TypeError for a verdict that is none */
export async function askHandler(handlers: SyscallHandlers, question: Question): Promise<Verdict> {
  const {name, pid, args, paths} = question
  // It is asked about these alone; a sentry that was broken into may say other names.
  if (!Object.hasOwn(handlers, name)) return 'go'
  return toVerdict(name, (await handlers[name]({name, pid, args, paths})) ?? undefined)
}

function toVerdict(name: string, given: SyscallVerdict | undefined): Verdict {
  if (given === undefined) return 'go'
  if ('errno' in given) {
    const errno = typeof given.errno === 'string' ? errnoByName(given.errno) : given.errno
    if (errno === undefined || !Number.isInteger(errno) || errno < 1 || errno > MAX_ERRNO)
      throw new TypeError(`onSyscall's handler of ${name}: there is no errno ${given.errno}`)
    return {errno}
  }
  const result = Number(given.result)
  if (!Number.isSafeInteger(result) || result < 0)
    throw new TypeError(`onSyscall's handler of ${name}: ${given.result} is no result; an error is {errno}`)
  return {result}
}
