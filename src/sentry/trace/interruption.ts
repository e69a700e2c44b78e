// How strace names the end of a wait that a signal ended: the kernel's own code, which programs never see.

import {EINTR} from '../../abi/errno.ts'
import {TIMER_ABSTIME} from '../../abi/time.ts'
import type {Restart} from '../core/wait.ts'
import type {Outcome} from './call-record.ts'
import type {TracedCall} from './traced-call.ts'

/** Calls that the kernel continues through restart_syscall(2), with the time that remains. */
const resumable: ReadonlySet<string> = new Set(['poll', 'nanosleep', 'clock_nanosleep', 'futex'])
const CLOCK_NANOSLEEP_FLAGS = 1
/** Calls that fail with a plain EINTR: signal(7). */
const final: ReadonlySet<string> = new Set([
  'rt_sigtimedwait',
  'epoll_wait',
  'epoll_pwait',
  'epoll_pwait2',
  'semop',
  'semtimedop',
  'io_getevents',
])

export function interruption(call: TracedCall, restart: Restart): Outcome {
  if (restart === 'sa-restart') {
    return {kind: 'interrupted', name: 'ERESTARTSYS', text: 'To be restarted if SA_RESTART is set'}
  }
  if (final.has(call.name)) return {kind: 'error', code: EINTR}
  return isResumable(call)
    ? {kind: 'interrupted', name: 'ERESTART_RESTARTBLOCK', text: 'Interrupted by signal'}
    : {kind: 'interrupted', name: 'ERESTARTNOHAND', text: 'To be restarted if no handler'}
}

/** Whether it sleeps until a point in time: no remaining time needs to be kept. */
export function isAbsoluteSleep(call: TracedCall): boolean {
  return call.name === 'clock_nanosleep' && (call.int32(CLOCK_NANOSLEEP_FLAGS) & TIMER_ABSTIME) !== 0
}

function isResumable(call: TracedCall): boolean {
  return resumable.has(call.name) && !isAbsoluteSleep(call)
}
