// Names of signals' flags and codes: sigaction(2), sigaltstack(2), siginfo_t.

import * as siginfo from '../../../abi/siginfo.ts'
import * as signal from '../../../abi/signal.ts'
import type {SignalSet} from '../../../abi/signal-set.ts'
import {enumeration, flagWord, type Names, pick, startingWith} from '../text/number.ts'

/** As in abi, except that the first real-time signal has a name of its own. */
export function signalName(number: number): string {
  return number === signal.SIGRTMIN ? 'SIGRTMIN' : signal.signalName(number)
}

export const actionFlags = flagWord(
  pick(
    signal,
    'SA_RESTORER SA_ONSTACK SA_RESTART SA_NODEFER SA_RESETHAND SA_SIGINFO SA_NOCLDSTOP SA_NOCLDWAIT SA_EXPOSE_TAGBITS',
  ),
  'SA_???',
)
export const maskHow = enumeration(pick(signal, 'SIG_BLOCK SIG_UNBLOCK SIG_SETMASK'), 'SIG_???')
export const stackFlags = flagWord(pick(signal, 'SS_ONSTACK SS_DISABLE SS_AUTODISARM'), 'SS_???')

/** asm-generic/siginfo.h: codes that count up from 1, by signal. */
const codes: Readonly<Record<number, string>> = {
  [signal.SIGILL]: 'ILL_ILLOPC ILL_ILLOPN ILL_ILLADR ILL_ILLTRP ILL_PRVOPC ILL_PRVREG ILL_COPROC ILL_BADSTK',
  [signal.SIGFPE]: 'FPE_INTDIV FPE_INTOVF FPE_FLTDIV FPE_FLTOVF FPE_FLTUND FPE_FLTRES FPE_FLTINV FPE_FLTSUB',
  [signal.SIGSEGV]: 'SEGV_MAPERR SEGV_ACCERR SEGV_BNDERR SEGV_PKUERR',
  [signal.SIGBUS]: 'BUS_ADRALN BUS_ADRERR BUS_OBJERR',
  [signal.SIGTRAP]: 'TRAP_BRKPT TRAP_TRACE TRAP_BRANCH TRAP_HWBKPT',
  [signal.SIGCHLD]: 'CLD_EXITED CLD_KILLED CLD_DUMPED CLD_TRAPPED CLD_STOPPED CLD_CONTINUED',
  [signal.SIGIO]: 'POLL_IN POLL_OUT POLL_MSG POLL_ERR POLL_PRI POLL_HUP',
}
const anyCode: Names = startingWith(siginfo, 'SI_')
const anyCodeName = enumeration(anyCode, 'SI_???')

export function codeName(signo: number, code: number): string {
  const name = code > 0 ? codes[signo]?.split(' ')[code - 1] : undefined
  if (name !== undefined) return name
  return Object.values(anyCode).includes(code) ? anyCodeName(code) : String(code)
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
