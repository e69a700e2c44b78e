// Signal arguments: numbers, sets and infos as calls take them.

import {EINVAL, Errno} from '../../abi/errno.ts'
import {SIGEVENT_BYTES} from '../../abi/ipc.ts'
import {SIGINFO_BYTES, type SignalInfo} from '../../abi/siginfo.ts'
import {NSIG, SIGKILL, SIGSTOP} from '../../abi/signal.ts'
import {SIGNAL_SET_BYTES, SignalSet} from '../../abi/signal-set.ts'
import type {Task} from '../core/task.ts'

/** Without SIGKILL and SIGSTOP, which nobody can block or wait for. @param size the call's sigsetsize argument @throws Errno EINVAL, EFAULT */
export function readSignalSet(task: Task, address: number, size: number): SignalSet {
  checkSetSize(size)
  const set = SignalSet.fromBytes(task.memory.readBytes(address, SIGNAL_SET_BYTES))
  set.delete(SIGKILL)
  set.delete(SIGSTOP)
  return set
}

/** A struct sigevent: sigval, signo, how to notify, and the thread to. @throws Errno EFAULT */
export function readSigevent({memory}: Task, address: number) {
  const bytes = memory.readBytes(address, SIGEVENT_BYTES)
  const [signal, notify, tid] = new Int32Array(bytes.buffer, 8)
  return {value: new BigUint64Array(bytes.buffer)[0], signal, notify, tid}
}

/** @throws Errno EINVAL */
export function checkSetSize(size: number): void {
  if (size !== SIGNAL_SET_BYTES) throw new Errno(EINVAL)
}

/** 0, which asks whether the target exists, or a signal. @throws Errno EINVAL */
export function signalOrZero(value: number): number {
  if (value < 0 || value > NSIG) throw new Errno(EINVAL)
  return value
}

/** A siginfo_t whose si_signo is the call's, whatever the guest wrote there. @throws Errno EFAULT */
export function readSignalInfo(task: Task, address: number, signal: number): SignalInfo {
  const info = task.memory.readBytes(address, SIGINFO_BYTES)
  new DataView(info.buffer, info.byteOffset).setInt32(0, signal, true)
  return info
}
