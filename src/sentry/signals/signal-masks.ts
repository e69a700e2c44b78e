// The signal sets that /proc/PID/status and stat show: 16 hexadecimal digits each (man 5 proc_pid_status).

import {NSIG, SIG_DFL, SIG_IGN} from '../../abi/signal.ts'
import {SignalSet} from '../../abi/signal-set.ts'
import type {ProcProcess} from '../../vfs/fs/proc-source.ts'
import type {ProcessSignals} from './process-signals.ts'
import type {TaskSignals} from './task-signals.ts'

/** @param task undefined: for a zombie */
export function signalMasks(process: ProcessSignals, task: TaskSignals | undefined): ProcProcess['signals'] {
  const ignored = new SignalSet()
  const caught = new SignalSet()
  for (let signal = 1; signal <= NSIG; signal++) {
    const {handler} = process.action(signal)
    if (handler === SIG_IGN) ignored.add(signal)
    else if (handler !== SIG_DFL) caught.add(signal)
  }
  return {
    pending: maskText(task?.pending.set ?? new SignalSet()),
    sharedPending: maskText(process.pending.set),
    blocked: maskText(task?.mask ?? new SignalSet()),
    ignored: maskText(ignored),
    caught: maskText(caught),
  }
}

/** 16 digits. */
export function maskText({low, high}: SignalSet): string {
  return [high, low].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('')
}
