// runProgram: runs one guest on the calling thread, from options to its end: a Linux program, a bare machine or a kernel's.

import type {RunOptions, RunResult} from './options.ts'
import {Watchdog} from './watchdog.ts'

/** @throws HvError */
export async function runProgram(options: RunOptions): Promise<RunResult> {
  const watchdog = new Watchdog(options)
  try {
    const result = await runWatched(options, watchdog)
    return options.stats ? await compared(result) : result
  } finally {
    watchdog.stop()
  }
}

/** Adds the comparison with the other platform, if that is clearly faster. */
async function compared(result: RunResult): Promise<RunResult> {
  const {platform, stats} = result
  if (platform === undefined) return result
  const {fasterPlatform} = await import('../platform/compare.ts')
  const {exits, polled} = stats
  return {...result, faster: fasterPlatform(platform.name, platform.costs, {exits, polled})}
}

async function runWatched(options: RunOptions, watchdog: Watchdog): Promise<RunResult> {
  watchdog.start()
  const {kernel} = options
  if (kernel !== undefined) return (await import('./kernel.ts')).runKernelMachine(options, kernel, watchdog)
  if (options.machine === 'bare') return (await import('./bare.ts')).runBareMetal(options, watchdog)
  // A kernel's machine needs none of the sentry.
  const result = await (await import('./run-linux.ts')).runLinux(options, watchdog)
  if (!('fd' in result)) return result
  return (await import('./bare.ts')).runFoundBare(options, result, watchdog)
}
