// Pulse: while a guest runs, the sentry's thread comes back to JavaScript now and then.
//
// Ending a thread (terminate(), the exit of the thread or process that made it) sets a flag that V8 checks, and waits.
// Nothing wakes a thread inside KVM_RUN, waitpid(2) or epoll_wait(2), and no hook runs before that wait.

import {monotonicNs} from '../../sentry/time/host-clock.ts'
import type {Timer, TimerQueue} from '../../sentry/time/timers.ts'

/** How long ending the thread takes, at most. A guest is interrupted as often; a sandbox without one has no pulse. */
const PERIOD_NS = 500_000_000

/** @returns what stops it */
export function startPulse(timers: TimerQueue): () => void {
  let next: Timer
  const beat = (): void => {
    next = timers.add(monotonicNs() + PERIOD_NS, beat)
  }
  beat()
  return () => timers.cancel(next)
}
