// Names of signals and of sets of them.

import * as signal from '../../../abi/signal.ts'
import type {SignalSet} from '../../../abi/signal-set.ts'

/** As in abi, except that the first real-time signal has a name of its own. */
export function signalName(number: number): string {
  return number === signal.SIGRTMIN ? 'SIGRTMIN' : signal.signalName(number)
}

/** `[INT TERM]`, or `~[KILL]` when most are set. */
export function signalSet(set: SignalSet): string {
  const members = [...set]
  if (members.length > signal.NSIG / 2) return `~${list([...set.inverted()])}`
  return list(members)
}

function list(signals: readonly number[]): string {
  return `[${signals.map((number) => signalName(number).replace(/^SIG/, '')).join(' ')}]`
}
