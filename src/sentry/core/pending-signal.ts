// PendingSignal: a signal that was sent and not yet taken.

import type {SignalInfo} from '../../abi/siginfo.ts'

/** What became of a signal. Lost: there was no place for it, or nobody is left to take it. */
export type Fate = 'delivered' | 'ignored' | 'lost'

export interface PendingSignal {
  readonly signal: number
  readonly info: SignalInfo
  /** Called when the signal is taken or dropped: a timer may then send its next one. */
  readonly taken?: (fate: Fate) => void
  /** The timer that sent it. */
  readonly timer?: object
  /** It is a POSIX timer's: its place was reserved when the timer was made. */
  readonly isReserved?: boolean
}

export type OfTimer = Pick<PendingSignal, 'taken' | 'timer' | 'isReserved'>
