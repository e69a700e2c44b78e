// siginfo_t as strace writes it.

import {errnoName} from '../../../abi/errno.ts'
import * as siginfo from '../../../abi/siginfo.ts'
import * as signal from '../../../abi/signal.ts'
import {signalName} from '../names/signals.ts'
import {viewOf} from '../traced-call.ts'
import {enumeration, startingWith} from './number.ts'
import {int64, pointer64} from './view.ts'

const UNION = 16
const faults: ReadonlySet<number> = new Set([
  ...[signal.SIGILL, signal.SIGFPE, signal.SIGSEGV, signal.SIGBUS, signal.SIGTRAP],
])

/** asm-generic/siginfo.h: codes that count up from 1, by signal. */
const codes: Readonly<Record<number, string>> = {
  [signal.SIGILL]: 'ILL_ILLOPC ILL_ILLOPN ILL_ILLADR ILL_ILLTRP ILL_PRVOPC ILL_PRVREG ILL_COPROC ILL_BADSTK',
  [signal.SIGFPE]: 'FPE_INTDIV FPE_INTOVF FPE_FLTDIV FPE_FLTOVF FPE_FLTUND FPE_FLTRES FPE_FLTINV FPE_FLTSUB',
  [signal.SIGSEGV]: 'SEGV_MAPERR SEGV_ACCERR SEGV_BNDERR SEGV_PKUERR',
  [signal.SIGBUS]: 'BUS_ADRALN BUS_ADRERR BUS_OBJERR',
  [signal.SIGTRAP]: 'TRAP_BRKPT TRAP_TRACE TRAP_BRANCH TRAP_HWBKPT',
  [signal.SIGCHLD]: 'CLD_EXITED CLD_KILLED CLD_DUMPED CLD_TRAPPED CLD_STOPPED CLD_CONTINUED',
  [signal.SIGSYS]: 'SYS_SECCOMP',
  [signal.SIGIO]: 'POLL_IN POLL_OUT POLL_MSG POLL_ERR POLL_PRI POLL_HUP',
}
/** linux/audit.h */
const architectures: Readonly<Record<number, string>> = {
  3221225534: 'AUDIT_ARCH_X86_64',
  3221225655: 'AUDIT_ARCH_AARCH64',
}
const anyCode = startingWith(siginfo, 'SI_')
const anyCodeName = enumeration(anyCode, 'SI_???')

/** @param info a siginfo_t, 128 bytes */
export function showSiginfo(info: Uint8Array): string {
  const signo = siginfo.signalOf(info)
  const code = siginfo.codeOf(info)
  const fields = fieldsOf(viewOf(info), signo, code)
  return `{${[`si_signo=${signalName(signo)}`, `si_code=${codeName(signo, code)}`, ...fields].join(', ')}}`
}

/** Which member of the union is in use: kernel/signal.c, siginfo_layout. */
function fieldsOf(view: DataView, signo: number, code: number): string[] {
  if (code === siginfo.SI_TIMER) {
    const [id, overrun] = [UNION, UNION + 4].map((offset) => view.getInt32(offset, true))
    return [`si_timerid=${id}`, `si_overrun=${overrun}`, ...sigvalOf(view)]
  }
  if (code <= 0) {
    const hasValue = code === siginfo.SI_QUEUE && view.getBigUint64(UNION + 8, true) !== 0n
    return [...senderOf(view), ...(hasValue ? sigvalOf(view) : [])]
  }
  if (faults.has(signo)) return [`si_addr=${pointer64(view, UNION)}`]
  if (signo === signal.SIGSYS && code === siginfo.SYS_SECCOMP) return refusedCallOf(view)
  if (code === siginfo.SI_KERNEL) return []
  if (signo !== signal.SIGCHLD) return []
  const status = view.getInt32(UNION + 8, true)
  return [
    ...senderOf(view),
    `si_status=${code === 1 ? status : signalName(status)}`,
    `si_utime=${int64(view, UNION + 16)}`,
    `si_stime=${int64(view, UNION + 24)}`,
  ]
}

function refusedCallOf(view: DataView): string[] {
  const [call, architecture] = [view.getInt32(UNION + 8, true), view.getUint32(UNION + 12, true)]
  const reason = view.getInt32(4, true)
  return [
    ...(reason === 0 ? [] : [`si_errno=${errnoName(reason)}`]),
    `si_call_addr=${pointer64(view, UNION)}`,
    `si_syscall=${call}`,
    `si_arch=${architectures[architecture] ?? architecture}`,
  ]
}

function senderOf(view: DataView): string[] {
  return [`si_pid=${view.getInt32(UNION, true)}`, `si_uid=${view.getUint32(UNION + 4, true)}`]
}

function sigvalOf(view: DataView): string[] {
  return [`si_int=${view.getInt32(UNION + 8, true)}`, `si_ptr=${pointer64(view, UNION + 8)}`]
}

function codeName(signo: number, code: number): string {
  const name = code > 0 ? codes[signo]?.split(' ')[code - 1] : undefined
  if (name !== undefined) return name
  return Object.values(anyCode).includes(code) ? anyCodeName(code) : String(code)
}
