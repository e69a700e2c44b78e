// Passes hv's signals from its terminal and from kill(1) to the guest, and stops hv when the guest stops.

import {EPOLLIN} from '../abi/poll.ts'
import {
  SIGCONT,
  SIGHUP,
  SIGINT,
  SIGQUIT,
  SIGTERM,
  SIGTSTP,
  SIGUSR1,
  SIGUSR2,
  SIGWINCH,
} from '../abi/signal.ts'
import {addon} from '../addon.ts'
import type {Process} from '../sentry/core/process.ts'
import type {Sentry} from '../sentry/outside/sentry.ts'
import {signalGroup} from '../sentry/tty/groups.ts'
import {nativeHost} from '../vfs/native-host.ts'
import type {GdbProgram} from './gdb.ts'
import type {RunOptions} from './options.ts'
import type {RunTrace} from './trace.ts'

const PASSED_SIGNALS = [SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGTERM, SIGCONT, SIGTSTP, SIGWINCH]
const NS_PER_MS = 1e6

/** What ends a program that has not begun to run. */
const ENDING_SIGNALS: readonly number[] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM]

/**
 * Signals from the terminal's keys and size go to the job in its foreground; those that a process sent go to the process that hv was
 * started for, or that gdb has started last. SIGUSR2 is hv's own. While the program stands still and no gdb is there for it, which could let it take signals, they end it.
 */
export function passSignals(
  {kernel, terminal}: Sentry,
  first: () => Process,
  trace: RunTrace,
  gdb: GdbProgram | undefined,
): void {
  const fd = addon.catchSignals([...PASSED_SIGNALS, SIGUSR2])
  kernel.platform.watch(fd, EPOLLIN)
  kernel.takeHostSignals = () => {
    for (const {signal, isOfTerminal} of addon.takeSignals()) {
      if (signal === SIGUSR2) {
        trace.toggle()
        continue
      }
      if (signal === SIGCONT) nativeHost.files.returnToTerminal()
      if (gdb?.isAlone === true && ENDING_SIGNALS.includes(signal)) gdb.end(signal)
      else if (isOfTerminal && terminal !== undefined) terminal.signalFromHost(signal, first())
      else first().signals.raise(signal)
    }
  }
  kernel.observers.push({
    ready: (ready) => {
      if (ready === fd) kernel.takeHostSignals!()
    },
  })
}

/**
 * When the process that hv was started for stops, hv stops, as the shell that started hv expects, but no longer than its time allows. When
 * hv continues, so does that process's job. Jobs of a shell in the guest stop and go on without hv.
 */
export function stopWith(
  {kernel, terminal}: Sentry,
  first: () => Process,
  {timeoutMs = Number.POSITIVE_INFINITY}: RunOptions,
): void {
  const deadlineNs = addon.monotonicNs() + timeoutMs * NS_PER_MS
  kernel.observers.push({
    stopped: (stopped, signal) => {
      if (stopped !== first()) return
      if (!addon.suspend(signal, deadlineNs) && terminal !== undefined) terminal.isAlone = true
      signalGroup(kernel.processes.values(), stopped.job.group, SIGCONT)
    },
  })
}
