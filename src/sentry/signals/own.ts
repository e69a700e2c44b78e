// raiseOwn: the signal that a failing call raises against its own task: SIGPIPE, SIGXFSZ.

import {killInfo, SI_USER} from '../../abi/siginfo.ts'
import type {Task} from '../core/task.ts'

/** As if the task had sent it: send_sig(…, current, 0) of Linux's kernel/signal.c. */
export function raiseOwn(task: Task, signal: number): void {
  task.signals.raise(signal, killInfo(signal, SI_USER, task.process.pid, task.credentials.ruid))
}
