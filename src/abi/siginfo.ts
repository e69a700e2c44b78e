// siginfo_t, 128 bytes, as sigaction(2) and asm-generic/siginfo.h lay it out: signo, errno, code, then a union at 16.

import {SIGCHLD, SIGIO, SIGRTMIN, SIGSYS} from './signal.ts'
import {viewOf} from './view.ts'

export const SIGINFO_BYTES = 128

export const SI_USER = 0
export const SI_KERNEL = 0x80
export const SI_QUEUE = -1
export const SI_TIMER = -2
export const SI_MESGQ = -3
export const SI_TKILL = -6

export const CLD_EXITED = 1
export const CLD_KILLED = 2
export const CLD_DUMPED = 3
export const CLD_TRAPPED = 4
export const CLD_STOPPED = 5
export const CLD_CONTINUED = 6

/** SIGSYS: seccomp(2) refused a call. */
export const SYS_SECCOMP = 1

const SIGPOLL = SIGIO
/** POLL_HUP, the last of SIGPOLL's codes. */
const NSIGPOLL = 6

const SIGNO = 0
const ERRNO = 4
const CODE = 8
const UNION = 16

/** The bytes that the guest sees. Kept as bytes because rt_sigqueueinfo(2) lets a program choose them. */
export type SignalInfo = Uint8Array

export function signalOf(info: SignalInfo): number {
  return viewOf(info).getInt32(SIGNO, true)
}

export function codeOf(info: SignalInfo): number {
  return viewOf(info).getInt32(CODE, true)
}

/** Only signo and code, as the kernel itself sends. */
export function plainInfo(signal: number, code: number): SignalInfo {
  const info = new Uint8Array(SIGINFO_BYTES)
  const view = viewOf(info)
  view.setInt32(SIGNO, signal, true)
  view.setInt32(CODE, code, true)
  return info
}

/** kill(2) (SI_USER) and tgkill(2) (SI_TKILL). */
export function killInfo(signal: number, code: number, pid: number, uid: number): SignalInfo {
  const info = plainInfo(signal, code)
  const view = viewOf(info)
  view.setInt32(UNION, pid, true)
  view.setUint32(UNION + 4, uid, true)
  return info
}

/** A fault: si_addr. An address in the kernel's half may be given as the negative number with the same 64 bits. */
export function faultInfo(signal: number, code: number, address: number | bigint): SignalInfo {
  const info = plainInfo(signal, code)
  viewOf(info).setBigUint64(UNION, BigInt.asUintN(64, BigInt(address)), true)
  return info
}

/** SIGCHLD: `code` is CLD_*; `status` an exit status or a signal. */
export function childInfo(
  signal: number,
  code: number,
  child: {pid: number; uid: number; status: number; userTicks: number; systemTicks: number},
): SignalInfo {
  const info = killInfo(signal, code, child.pid, child.uid)
  const view = viewOf(info)
  view.setInt32(UNION + 8, child.status, true)
  view.setBigInt64(UNION + 16, BigInt(child.userTicks), true)
  view.setBigInt64(UNION + 24, BigInt(child.systemTicks), true)
  return info
}

/** A POSIX timer; `value` is the sigval's 8 bytes. */
export function timerInfo(signal: number, timerId: number, overrun: number, value: bigint): SignalInfo {
  const info = plainInfo(signal, SI_TIMER)
  const view = viewOf(info)
  view.setInt32(UNION, timerId, true)
  view.setInt32(UNION + 4, overrun, true)
  view.setBigUint64(UNION + 8, value, true)
  return info
}

/** A message came into an empty POSIX queue: mq_notify(3). */
export function messageInfo(signal: number, pid: number, uid: number, value: bigint): SignalInfo {
  const info = killInfo(signal, SI_MESGQ, pid, uid)
  viewOf(info).setBigUint64(UNION + 8, value, true)
  return info
}

/** A file descriptor that became ready: for SIGIO, and for the signal that F_SETSIG chose. */
export function pollInfo(signal: number, code: number, band: number, fd: number): SignalInfo {
  const info = plainInfo(signal, code)
  const view = viewOf(info)
  view.setInt32(UNION, band, true)
  view.setInt32(UNION + 8, fd, true)
  return info
}

/** SIGSYS: a call that seccomp(2) refused. @param address behind its instruction @param reason the filter's data */
export function seccompInfo(call: {
  address: bigint
  number: number
  auditArch: number
  reason: number
}): SignalInfo {
  const info = plainInfo(SIGSYS, SYS_SECCOMP)
  const view = viewOf(info)
  view.setInt32(ERRNO, call.reason, true)
  view.setBigUint64(UNION, call.address, true)
  view.setInt32(UNION + 8, call.number, true)
  view.setInt32(UNION + 12, call.auditArch, true)
  return info
}

export function setTimerOverrun(info: SignalInfo, overrun: number): void {
  viewOf(info).setInt32(UNION + 4, overrun, true)
}

/** Where a part of a siginfo_t stands in struct signalfd_siginfo. */
type Part = readonly [from: number, to: number, bytes: number]

const SENDER: Part = [UNION, 12, 8]
const VALUE: readonly Part[] = [
  [UNION + 8, 44, 4],
  [UNION + 8, 48, 8],
]

/** `struct signalfd_siginfo` (128 bytes) of an info: signalfd(2). */
export function signalfdInfo(info: SignalInfo): Uint8Array {
  const out = new Uint8Array(128)
  out.set(info.subarray(0, CODE + 4))
  for (const [from, to, bytes] of partsOf(signalOf(info), codeOf(info)))
    out.set(info.subarray(from, from + bytes), to)
  return out
}

function partsOf(signal: number, code: number): readonly Part[] {
  if (code === SI_TIMER) return [[UNION, 24, 4], [UNION + 4, 32, 4], ...VALUE]
  if (code <= 0) return code < 0 ? [SENDER, ...VALUE] : [SENDER]
  if (code <= NSIGPOLL && (signal === SIGPOLL || signal >= SIGRTMIN))
    return [
      [UNION + 8, 20, 4],
      [UNION, 28, 4],
    ]
  // ssi_syscall, ssi_call_addr, ssi_arch.
  if (signal === SIGSYS)
    return [
      [UNION + 8, 84, 4],
      [UNION, 88, 8],
      [UNION + 12, 96, 4],
    ]
  if (signal === SIGCHLD) return [SENDER, [UNION + 8, 40, 4], [UNION + 16, 56, 16]]
  return [[UNION, 72, 8]]
}
