// stopBySignals: signals that would end this process end its machine instead, so that it can be looked into.

import type {End} from './debug/debugging.ts'

const DEADLY = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM'] as const

/** Call it before Jail.decide. The second such signal of a kind ends this process. */
export function stopBySignals(stop: (end: End) => void): Disposable {
  const heard = (_: string, signal: number): void => stop({exitCode: null, signal, timedOut: false})
  for (const name of DEADLY) process.once(name, heard)
  return {
    [Symbol.dispose]() {
      for (const name of DEADLY) process.off(name, heard)
    },
  }
}
