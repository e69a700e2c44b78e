// MachineProgram: one program in a machine, from its start to its end, as its owner is told of it.

import {SIGKILL, signalName} from '../../../abi/signal.ts'
import {HvError} from '../../../errors.ts'
import type {MachineOrder} from '../../../machine/program/order.ts'
import type {ProgramLink, ProgramStreams} from '../../../machine/program/program-link.ts'
import type {StopSignal} from '../../../stop-signal.ts'
import type {SandboxExit} from '../options.ts'
import type {MachineStreams} from './machine-streams.ts'

/** How long a machine may take to kill a program. */
const KILL_MS = 10_000

/** What a machine does for its programs. */
export interface ProgramMachineParts {
  /** Within it the machine has to start a program. */
  readonly startTimeoutMs: number
  /** @throws HvError */
  start(order: MachineOrder, streams: ProgramStreams, onEnd: () => void, onStart: () => void): ProgramLink
  /** How a program ended. @throws HvError */
  endOf(order: MachineOrder, link: ProgramLink): Pick<SandboxExit, 'exitCode'> & {signal: number | null}
}

interface ProgramLimits {
  readonly timeoutMs?: number
  readonly signal?: StopSignal | undefined
}

/**
 * @param ends where its output goes
 * @returns how it ended; undefined: the signal had aborted before
 * @throws HvError
 */
export async function runInMachine(
  parts: ProgramMachineParts,
  order: MachineOrder,
  {streams, ends}: {streams: MachineStreams; ends: ProgramStreams},
  {timeoutMs = 0, signal}: ProgramLimits,
): Promise<SandboxExit | undefined> {
  if (signal?.aborted) return undefined
  const beginNs = process.hrtime.bigint()
  let timedOut = false
  const timers: NodeJS.Timeout[] = []
  let kill = (): void => {}
  try {
    let link: ProgramLink | undefined
    await new Promise<void>((resolve, reject) => {
      const failed = (what: string): void => {
        reject(new HvError('SANDBOX_FAILED', `the machine does not ${what} a program`, 'close the machine'))
        link?.abandon()
      }
      kill = () => {
        streams.signal(SIGKILL)
        timers.push(setTimeout(failed, KILL_MS, 'end'))
      }
      const starting = setTimeout(failed, parts.startTimeoutMs, 'start')
      timers.push(starting)
      link = parts.start(order, ends, resolve, () => {
        clearTimeout(starting)
        streams.started()
      })
      streams.began(link)
      signal?.addEventListener('abort', kill, {once: true})
      if (timeoutMs > 0)
        timers.push(
          setTimeout(
            () => {
              timedOut = true
              kill()
            },
            Math.min(timeoutMs, 2 ** 31 - 1),
          ),
        )
    })
    const stats = {runNs: Number(process.hrtime.bigint() - beginNs)}
    // Its time was up, though it may have ended by itself in the meantime.
    if (timedOut)
      return {exitCode: null, signal: null, timedOut, timedOutBy: 'time', outOfMemory: false, stats}
    const {exitCode, signal: number} = parts.endOf(order, link!)
    const name = number === null ? null : signalName(number)
    return {exitCode, signal: name, timedOut, outOfMemory: false, stats}
  } finally {
    for (const timer of timers) clearTimeout(timer)
    signal?.removeEventListener('abort', kill)
    streams.finish()
  }
}
