// What a failure to start a traced process means, and how to fix it.

import {EACCES, EAGAIN, ENOMEM, EOPNOTSUPP, EPERM} from '../../abi/errno.ts'
import {HvError} from '../../errors.ts'
import type {Failure} from '../../vm/open-error.ts'

const SEE_CHECK = 'run `hv check` to see why'

/** All processes of the guest were killed, and a sentry in its jail cannot make new ones. */
export function lostProcesses(error: Failure): HvError {
  if (error.errno !== EPERM) return ptraceError(error)
  const message = `the guest's processes were killed from outside, and in its jail hv starts no others (${error.message})`
  return new HvError('PTRACE_UNUSABLE', message, 'make a new sandbox', {cause: error})
}

/** @param error from the addon: `errno` is the host's error, and the message names the call */
export function ptraceError(error: Failure): HvError {
  const [problem, nextStep] = meaningOf(error)
  const code = error.errno === ENOMEM ? 'OUT_OF_MEMORY' : 'PTRACE_UNUSABLE'
  return new HvError(code, problem, nextStep, {cause: error})
}

function meaningOf({errno, message}: Failure): [problem: string, nextStep: string] {
  switch (errno) {
    case EPERM:
      return [`this user may not trace a process (${message})`, SEE_CHECK]
    case EACCES:
      return [
        `this host lets no memory file be executed (${message})`,
        'set the sysctl vm.memfd_noexec to 1 or 0, or allow it in its security policy',
      ]
    case EAGAIN:
      return [
        `this host starts no more processes (${message})`,
        'end some, or raise the limit (ulimit -u, pids.max)',
      ]
    case EOPNOTSUPP:
      return ['the ptrace platform needs a host with pages of 4 KiB', 'give kvm as `platform`']
    case ENOMEM:
      return ['the host has no memory for the guest', 'give a smaller `memoryBytes`']
    default:
      return [`no process can be traced here: ${message}`, SEE_CHECK]
  }
}
