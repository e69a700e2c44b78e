// askHandler: puts the sentry's question to the owner's function, and turns its answer into a verdict.

import {errnoByName, errnoName} from '../../abi/errno.ts'
import {badArgument, type HvError} from '../../errors.ts'
import type {CallEnd, HookedCall, Question, Verdict} from '../../sentry/outside/hooks/hooked-call.ts'
import type {SyscallHandlers, SyscallHooks, SyscallOutcome, SyscallVerdict} from './on-syscall.ts'

const MAX_ERRNO = 4095

/** What the sentry must know of them. */
export function hookedCalls(handlers: SyscallHandlers): HookedCall[] {
  return Object.keys(handlers).map((name) => {
    const {before, after} = hooksOf(handlers, name)
    return {name, before: before !== undefined, after: after !== undefined}
  })
}

/** @throws what the handler throws; HvError BAD_ARGUMENT for an invalid verdict */
export async function askHandler(handlers: SyscallHandlers, question: Question): Promise<Verdict> {
  const {id: _, end, ...call} = question
  const {before, after} = hooksOf(handlers, call.name)
  if (end === undefined) return toVerdict(call.name, (await before?.(call)) ?? undefined)
  await after?.(call, outcomeOf(end))
  return 'go'
}

/** The owner is asked about hooked calls alone; a sentry that was broken into may name others. */
function hooksOf(handlers: SyscallHandlers, name: string): SyscallHooks {
  if (!Object.hasOwn(handlers, name)) return {}
  const given = handlers[name]
  return typeof given === 'function' ? {before: given} : given
}

function outcomeOf({result, errno, interrupted = false}: CallEnd): SyscallOutcome {
  return {result, errno: errno === undefined ? undefined : errnoName(errno), interrupted}
}

function toVerdict(name: string, given: SyscallVerdict | undefined): Verdict {
  if (given === undefined) return 'go'
  const isVerdict = typeof given === 'object' && 'errno' in given !== 'result' in given
  if (!isVerdict) throw bad(name, 'it returned neither {errno} nor {result}')
  if ('errno' in given) {
    const errno = typeof given.errno === 'string' ? errnoByName(given.errno) : given.errno
    if (errno === undefined || !Number.isInteger(errno) || errno < 1 || errno > MAX_ERRNO)
      throw bad(name, `there is no errno ${given.errno}`)
    return {errno}
  }
  const result = Number(given.result)
  if (!Number.isSafeInteger(result) || result < 0) throw bad(name, `${given.result} is no result`)
  return {result}
}

function bad(name: string, what: string): HvError {
  return badArgument(
    `onSyscall's handler of ${name}: ${what}`,
    'return {errno}, {result}, or nothing to let the call be made',
  )
}
