// rt_sigaction(2).

import {EINVAL, Errno} from '../../abi/errno.ts'
import {
  NSIG,
  SA_EXPOSE_TAGBITS,
  SA_NOCLDSTOP,
  SA_NOCLDWAIT,
  SA_NODEFER,
  SA_ONSTACK,
  SA_RESETHAND,
  SA_RESTART,
  SA_RESTORER,
  SA_SIGINFO,
  SIGKILL,
  SIGSTOP,
} from '../../abi/signal.ts'
import {SignalSet} from '../../abi/signal-set.ts'
import type {Syscall} from '../core/syscall.ts'
import {checkSetSize} from '../signals/signal-argument.ts'
import type {SignalAction} from '../signals/signal-handlers.ts'

// The kernel's struct sigaction, the same on x86_64 and arm64.
const ACTION_BYTES = 32
const FLAGS = 8
const RESTORER = 16
const MASK = 24

/** Linux clears all other flags, so that a program can find out which ones it supports. */
const KNOWN_FLAGS =
  SA_NOCLDSTOP |
  SA_NOCLDWAIT |
  SA_SIGINFO |
  SA_EXPOSE_TAGBITS |
  SA_RESTORER |
  SA_ONSTACK |
  SA_RESTART |
  SA_NODEFER |
  SA_RESETHAND

export const rtSigaction: Syscall = (task, args) => {
  const signal = args.int32(0)
  const newAction = args.address(1)
  const oldAction = args.address(2)
  checkSetSize(args.address(3))
  const wanted = newAction === 0 ? undefined : decode(task.memory.readBytes(newAction, ACTION_BYTES))
  if (signal < 1 || signal > NSIG) throw new Errno(EINVAL)
  if (wanted !== undefined && (signal === SIGKILL || signal === SIGSTOP)) throw new Errno(EINVAL)

  const old = task.process.signals.action(signal)
  if (wanted !== undefined) task.process.signals.setAction(signal, wanted)
  if (oldAction !== 0) task.memory.writeBytes(oldAction, encode(old))
  return 0
}

function decode(bytes: Uint8Array): SignalAction {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const mask = SignalSet.fromBytes(bytes, MASK)
  mask.delete(SIGKILL)
  mask.delete(SIGSTOP)
  return {
    handler: Number(view.getBigUint64(0, true)),
    flags: (view.getUint32(FLAGS, true) & KNOWN_FLAGS) >>> 0,
    restorer: Number(view.getBigUint64(RESTORER, true)),
    mask,
  }
}

function encode(action: SignalAction): Uint8Array {
  const bytes = new Uint8Array(ACTION_BYTES)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, BigInt(action.handler), true)
  view.setBigUint64(FLAGS, BigInt(action.flags), true)
  view.setBigUint64(RESTORER, BigInt(action.restorer), true)
  bytes.set(action.mask.toBytes(), MASK)
  return bytes
}
