// PendingSignal: a signal that was sent and not yet taken.

import type {SignalInfo} from '../../abi/siginfo.ts'

/** What became of a signal. Lost: there was no place for it, or nobody is left to take it. */
export type Fate = 'delivered' | 'ignored' | 'lost'

export interface PendingSignal {
  readonly signal: number
  readonly info: SignalInfo
  /** The timer that sent it. */
  readonly timer?: SignalTimer
}

/** A timer that sends signals, each when its last one is no longer pending. */
export interface SignalTimer {
  /** A POSIX timer's: the signal's place was reserved when the timer was made. */
  readonly isReserved: boolean
  /** The signal is taken or dropped: it may send its next one. */
  taken(fate: Fate, pending: Omit<PendingSignal, 'timer'>): void
}

/** A timer whose ignored signals wait until they are no longer ignored. */
export interface RestingTimer {
  resend(): void
}
