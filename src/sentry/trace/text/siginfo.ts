// siginfo_t as strace writes it.

import {codeOf, SI_KERNEL, SI_QUEUE, SI_TIMER, signalOf} from '../../../abi/siginfo.ts'
import {SIGBUS, SIGCHLD, SIGFPE, SIGILL, SIGSEGV, SIGTRAP} from '../../../abi/signal.ts'
import {codeName, signalName} from '../names/signals.ts'
import {viewOf} from '../traced-call.ts'
import {int64, pointer64} from './view.ts'

const UNION = 16
const faults: ReadonlySet<number> = new Set([SIGILL, SIGFPE, SIGSEGV, SIGBUS, SIGTRAP])

/** @param info a siginfo_t, 128 bytes */
export function showSiginfo(info: Uint8Array): string {
  const signo = signalOf(info)
  const code = codeOf(info)
  const fields = fieldsOf(viewOf(info), signo, code)
  return `{${[`si_signo=${signalName(signo)}`, `si_code=${codeName(signo, code)}`, ...fields].join(', ')}}`
}

/** Which member of the union is in use: kernel/signal.c, siginfo_layout. */
function fieldsOf(view: DataView, signo: number, code: number): string[] {
  if (code === SI_TIMER) {
    const [id, overrun] = [UNION, UNION + 4].map((offset) => view.getInt32(offset, true))
    return [`si_timerid=${id}`, `si_overrun=${overrun}`, ...sigvalOf(view)]
  }
  if (code <= 0) {
    const hasValue = code === SI_QUEUE && view.getBigUint64(UNION + 8, true) !== 0n
    return [...senderOf(view), ...(hasValue ? sigvalOf(view) : [])]
  }
  if (faults.has(signo)) return [`si_addr=${pointer64(view, UNION)}`]
  if (code === SI_KERNEL) return []
  if (signo !== SIGCHLD) return []
  const status = view.getInt32(UNION + 8, true)
  return [
    ...senderOf(view),
    `si_status=${code === 1 ? status : signalName(status)}`,
    `si_utime=${int64(view, UNION + 16)}`,
    `si_stime=${int64(view, UNION + 24)}`,
  ]
}

function senderOf(view: DataView): string[] {
  return [`si_pid=${view.getInt32(UNION, true)}`, `si_uid=${view.getUint32(UNION + 4, true)}`]
}

function sigvalOf(view: DataView): string[] {
  return [`si_int=${view.getInt32(UNION + 8, true)}`, `si_ptr=${pointer64(view, UNION + 8)}`]
}
