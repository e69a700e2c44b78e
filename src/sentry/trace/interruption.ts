// How strace names the end of a wait that a signal ended: the kernel's own code, which programs never see.

import {EINTR} from '../../abi/errno.ts'
import type {Restart} from '../wait.ts'
import type {Outcome} from './call-record.ts'

/** Calls that the kernel goes on with by restart_syscall(2), with the time that remains. */
const resumable: ReadonlySet<string> = new Set(['poll', 'nanosleep', 'clock_nanosleep', 'futex'])
/** Calls that fail with a plain EINTR: signal(7). */
const final: ReadonlySet<string> = new Set([
  'rt_sigtimedwait',
  'epoll_wait',
  'epoll_pwait',
  'epoll_pwait2',
  'semtimedop',
  'io_getevents',
])

export function interruption(callName: string, restart: Restart): Outcome {
  if (restart === 'sa-restart') {
    return {kind: 'interrupted', name: 'ERESTARTSYS', text: 'To be restarted if SA_RESTART is set'}
  }
  if (final.has(callName)) return {kind: 'error', code: EINTR}
  return resumable.has(callName)
    ? {kind: 'interrupted', name: 'ERESTART_RESTARTBLOCK', text: 'Interrupted by signal'}
    : {kind: 'interrupted', name: 'ERESTARTNOHAND', text: 'To be restarted if no handler'}
}
