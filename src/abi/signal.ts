// Signals as signal(7) and asm-generic/signal.h number them: the same on x86_64 and arm64.

export const SIGHUP = 1
export const SIGINT = 2
export const SIGQUIT = 3
export const SIGILL = 4
export const SIGTRAP = 5
export const SIGABRT = 6
export const SIGBUS = 7
export const SIGFPE = 8
export const SIGKILL = 9
export const SIGUSR1 = 10
export const SIGSEGV = 11
export const SIGUSR2 = 12
export const SIGPIPE = 13
export const SIGALRM = 14
export const SIGTERM = 15
export const SIGSTKFLT = 16
export const SIGCHLD = 17
export const SIGCONT = 18
export const SIGSTOP = 19
export const SIGTSTP = 20
export const SIGTTIN = 21
export const SIGTTOU = 22
export const SIGURG = 23
export const SIGXCPU = 24
export const SIGXFSZ = 25
export const SIGVTALRM = 26
export const SIGPROF = 27
export const SIGWINCH = 28
export const SIGIO = 29
export const SIGPWR = 30
export const SIGSYS = 31
/** The kernel's first real-time signal; a C library keeps some for itself. */
export const SIGRTMIN = 32
/** Signals are 1 to NSIG. */
export const NSIG = 64

export const SIG_DFL = 0
export const SIG_IGN = 1

export const SIG_BLOCK = 0
export const SIG_UNBLOCK = 1
export const SIG_SETMASK = 2

export const SA_NOCLDSTOP = 0x1
export const SA_NOCLDWAIT = 0x2
export const SA_SIGINFO = 0x4
export const SA_EXPOSE_TAGBITS = 0x800
export const SA_RESTORER = 0x04000000
export const SA_ONSTACK = 0x08000000
export const SA_RESTART = 0x10000000
export const SA_NODEFER = 0x40000000
export const SA_RESETHAND = 0x80000000

export const SS_ONSTACK = 1
export const SS_DISABLE = 2
export const SS_AUTODISARM = 0x80000000

/** What happens without a handler. No core dump is written: `core` ends the process as `terminate` does. */
export type DefaultAction = 'terminate' | 'core' | 'ignore' | 'stop'

export function defaultAction(signal: number): DefaultAction {
  switch (signal) {
    case SIGCHLD:
    case SIGCONT:
    case SIGURG:
    case SIGWINCH:
      return 'ignore'
    case SIGSTOP:
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU:
      return 'stop'
    case SIGQUIT:
    case SIGILL:
    case SIGTRAP:
    case SIGABRT:
    case SIGBUS:
    case SIGFPE:
    case SIGSEGV:
    case SIGXCPU:
    case SIGXFSZ:
    case SIGSYS:
      return 'core'
    default:
      return 'terminate'
  }
}

const names = (
  'HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT ' +
  'CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS'
).split(' ')

/** `SIGSEGV`, `SEGV`; `SIGRT_3`. 0: there is no such name. */
export function signalByName(name: string): number {
  for (let signal = 1; signal <= NSIG; signal++)
    if (signalName(signal) === name || signalName(signal) === `SIG${name}`) return signal
  return 0
}

/** `SIGSEGV`; real-time signals as strace writes them, `SIGRT_3`. */
export function signalName(signal: number): string {
  if (signal >= 1 && signal < SIGRTMIN) return `SIG${names[signal - 1]}`
  if (signal >= SIGRTMIN && signal <= NSIG) return `SIGRT_${signal - SIGRTMIN}`
  return String(signal)
}
