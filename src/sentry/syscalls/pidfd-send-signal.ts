// pidfd_send_signal(2).

import {EINVAL, EPERM, Errno, ESRCH} from '../../abi/errno.ts'
import {SI_TKILL, SI_USER, SIGINFO_BYTES, type SignalInfo, signalOf} from '../../abi/siginfo.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {groupMembers, infoFrom, maySignal, requireOwnCode, signalAll} from '../signals/send.ts'
import {signalOrZero} from '../signals/signal-argument.ts'
import {type ProcessIdentity, pidFileOrDirectory} from '../task/pidfd.ts'

const PIDFD_SIGNAL_THREAD = 1
const PIDFD_SIGNAL_THREAD_GROUP = 2
const PIDFD_SIGNAL_PROCESS_GROUP = 4
const SCOPES = [PIDFD_SIGNAL_THREAD, PIDFD_SIGNAL_THREAD_GROUP, PIDFD_SIGNAL_PROCESS_GROUP]

export const pidfdSendSignal: Syscall = (task, args) => {
  const signal = args.int32(1)
  const infoAddress = args.address(2)
  const flags = args.uint32(3)
  if (flags !== 0 && !SCOPES.includes(flags)) throw new Errno(EINVAL)
  const to = pidFileOrDirectory(task, args.int32(0))
  const scope = flags || (to.thread === undefined ? PIDFD_SIGNAL_THREAD_GROUP : PIDFD_SIGNAL_THREAD)
  const info = infoArgument(task, to, infoAddress, signal, scope)
  if (scope === PIDFD_SIGNAL_PROCESS_GROUP) return signalGroup(task, to.pid, signal, info)

  if (to.isGone) throw new Errno(ESRCH)
  signalOrZero(signal)
  const {process} = to
  if (!maySignal(task, process, signal)) throw new Errno(EPERM)
  const target = to.thread ?? process.tasks[0]
  if (signal === 0 || process.exit !== undefined || target === undefined) return 0
  if (scope === PIDFD_SIGNAL_THREAD) target.signals.raise(signal, info)
  else process.signals.raise(signal, info)
  return 0
}

/** @throws Errno EFAULT; EINVAL: for another signal; EPERM: it claims to be from the kernel or kill(2) */
function infoArgument(
  task: Task,
  to: ProcessIdentity,
  address: number,
  signal: number,
  scope: number,
): SignalInfo {
  if (address === 0) return infoFrom(task, signal, scope === PIDFD_SIGNAL_THREAD ? SI_TKILL : SI_USER)
  const info = task.memory.readBytes(address, SIGINFO_BYTES)
  if (signalOf(info) !== signal) throw new Errno(EINVAL)
  requireOwnCode(info, to.pid === task.tid && scope !== PIDFD_SIGNAL_PROCESS_GROUP)
  return info
}

/** The group whose number is the pid. */
function signalGroup(task: Task, group: number, signal: number, info: SignalInfo): number {
  signalOrZero(signal)
  if (signalAll(task, groupMembers(task.kernel, group), signal, info) === 0) throw new Errno(EPERM)
  return 0
}
