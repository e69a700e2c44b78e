// What a failure to start a traced process means, and how to fix it.

import {EACCES, EAGAIN, ENOMEM, EOPNOTSUPP, EPERM} from '../../abi/errno.ts'
import {HvError} from '../../errors.ts'

/** All processes of the guest were killed, and a sentry in its jail cannot make new ones. */
export function lostProcesses(error: Error & {errno?: number}): HvError {
  if (error.errno !== EPERM) return ptraceError(error)
  const message = `the guest's processes were killed from outside, and in its jail hv starts no others (${error.message})`
  return new HvError('PTRACE_UNUSABLE', message, 'make a new sandbox', {cause: error})
}

/** @param error from the addon: `errno` is the host's error, and the message names the call */
export function ptraceError(error: Error & {errno?: number}): HvError {
  const options = {cause: error}
  switch (error.errno) {
    case EPERM:
      return new HvError(
        'PTRACE_UNUSABLE',
        `this user may not trace a process (${error.message})`,
        'run `hv check` to see why',
        options,
      )
    case EACCES:
      return new HvError(
        'PTRACE_UNUSABLE',
        `this host lets no memory file be executed (${error.message})`,
        'set the sysctl vm.memfd_noexec to 1 or 0, or allow it in its security policy',
        options,
      )
    case EAGAIN:
      return new HvError(
        'PTRACE_UNUSABLE',
        `this host starts no more processes (${error.message})`,
        'end some, or raise the limit (ulimit -u, pids.max)',
        options,
      )
    case EOPNOTSUPP:
      return new HvError(
        'PTRACE_UNUSABLE',
        'the ptrace platform needs a host with pages of 4 KiB',
        'give kvm as `platform`',
        options,
      )
    case ENOMEM:
      return new HvError(
        'OUT_OF_MEMORY',
        'the host has no memory for the guest',
        'give a smaller `memoryBytes`',
        options,
      )
    default:
      return new HvError(
        'PTRACE_UNUSABLE',
        `no process can be traced here: ${error.message}`,
        'run `hv check` to see why',
        options,
      )
  }
}
