// Watchdog: ends the command's process a second after the guest's time, should the sentry be stuck.

import {addon} from '../addon.ts'
import type {RunOptions} from './options.ts'

/** How long the sentry has to stop the guest by itself. */
const GRACE_MS = 1000
const NS_PER_MS = 1e6

export class Watchdog {
  readonly #options: Pick<RunOptions, 'timeoutMs' | 'ifStuck'>

  constructor(options: Pick<RunOptions, 'timeoutMs' | 'ifStuck'>) {
    this.#options = options
  }

  /** The guest's time begins. */
  start(): void {
    const {timeoutMs, ifStuck} = this.#options
    if (timeoutMs === undefined || ifStuck === undefined) return
    const deadlineNs = addon.monotonicNs() + (timeoutMs + GRACE_MS) * NS_PER_MS
    addon.startWatchdog(deadlineNs, ifStuck.status, ifStuck.line)
  }

  /** Also when it was not started. */
  stop(): void {
    addon.stopWatchdog()
  }
}
