// kill(2), tkill(2), tgkill(2), rt_sigqueueinfo(2), rt_tgsigqueueinfo(2).

import {EINVAL, EPERM, Errno, ESRCH} from '../../abi/errno.ts'
import {SI_TKILL} from '../../abi/siginfo.ts'
import type {Process} from '../core/process.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {groupMembers, infoFrom, maySignal, requireOwnCode, signalAll} from '../signals/send.ts'
import {readSignalInfo, signalOrZero} from '../signals/signal-argument.ts'
import {processArgument, processById} from '../task/process-argument.ts'

export const kill: Syscall = (task, args) => {
  const signal = signalOrZero(args.int32(1))
  const pid = args.int32(0)
  const allowed = signalAll(task, processesOf(task, pid), signal, infoFrom(task, signal))
  // With -1, processes that may not be signalled are no error.
  if (allowed === 0 && pid !== -1) throw new Errno(EPERM)
  return 0
}

export const tkill: Syscall = (task, args) => {
  const tid = args.int32(0)
  if (tid <= 0) throw new Errno(EINVAL)
  return signalTask(task, undefined, tid, signalOrZero(args.int32(1)))
}

export const tgkill: Syscall = (task, args) => {
  const pid = args.int32(0)
  const tid = args.int32(1)
  if (pid <= 0 || tid <= 0) throw new Errno(EINVAL)
  return signalTask(task, pid, tid, signalOrZero(args.int32(2)))
}

export const rtSigqueueinfo: Syscall = (task, args) => {
  const pid = args.int32(0)
  const signal = args.int32(1)
  const info = readSignalInfo(task, args.address(2), signal)
  requireOwnCode(info, pid === task.process.pid)
  const target = processById(task, pid)
  if (target === undefined) throw new Errno(ESRCH)
  if (!maySignal(task, target, signal)) throw new Errno(EPERM)
  if (signalOrZero(signal) !== 0 && target.exit === undefined) target.signals.raise(signal, info)
  return 0
}

export const rtTgsigqueueinfo: Syscall = (task, args) => {
  const pid = args.int32(0)
  const tid = args.int32(1)
  const signal = args.int32(2)
  const info = readSignalInfo(task, args.address(3), signal)
  if (pid <= 0 || tid <= 0) throw new Errno(EINVAL)
  requireOwnCode(info, tid === task.tid)
  return signalTask(task, pid, tid, signalOrZero(signal), info)
}

function signalTask(
  task: Task,
  pid: number | undefined,
  tid: number,
  signal: number,
  info?: Uint8Array,
): number {
  const target = task.kernel.tasks.get(tid)
  if (target === undefined || (pid !== undefined && target.process.pid !== pid)) throw new Errno(ESRCH)
  if (!maySignal(task, target.process, signal)) throw new Errno(EPERM)
  if (signal === 0) return 0
  target.signals.raise(signal, info ?? infoFrom(task, signal, SI_TKILL))
  return 0
}

/** kill(2): a pid, 0 for the caller's group, -1 for all but the caller and init, -n for group n. @throws Errno ESRCH */
function processesOf(task: Task, pid: number): Process[] {
  const {kernel} = task
  if (pid > 0) return [processArgument(task, pid)]
  const {init, processes} = kernel
  if (pid === -1) return [...processes.values()].filter((other) => other !== task.process && other !== init)
  return groupMembers(kernel, pid === 0 ? task.process.job.group : -pid)
}
