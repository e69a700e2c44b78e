// Signals that a task cannot escape: faults. If blocked or ignored, they end it: force_sig of Linux's kernel/signal.c.

import {faultInfo, type SignalInfo} from '../../abi/siginfo.ts'
import {SIG_IGN} from '../../abi/signal.ts'
import type {Fault} from '../../platform/platform.ts'
import type {Task} from '../core/task.ts'
import {OUT_OF_MEMORY} from '../memory/fault-signal.ts'
import {DEFAULT_ACTION} from './signal-handlers.ts'

/** Raises the signal of a fault that nothing mended; deliver() acts on it. */
export function forceFault(task: Task, fault: Fault): void {
  const {signals, process} = task
  // No other fault has that signal.
  if (fault.signal === OUT_OF_MEMORY.signal) process.end.ranOut = true
  signals.fault = {
    trapNumber: fault.trapNumber,
    errorCode: fault.errorCode,
    address: fault.recordedAddress ?? signals.fault.address,
  }
  forceSignal(task, fault.signal, faultInfo(fault.signal, fault.code, fault.exactAddress ?? fault.address))
}

export function forceSignal(task: Task, signal: number, info: SignalInfo): void {
  const {signals} = task
  const blocked = signals.blocks(signal)
  if (blocked || signals.process.action(signal).handler === SIG_IGN) {
    signals.process.setAction(signal, DEFAULT_ACTION)
  }
  if (blocked) {
    const mask = signals.mask
    mask.delete(signal)
    signals.mask = mask
  }
  signals.raise(signal, info)
}
