// runProgram: one program on the calling thread, from options to how it ended.

import {closeSync, openSync} from 'node:fs'
import {SIGUSR2} from '../abi/signal.ts'
import {addon} from '../addon.ts'
import {arch} from '../arch/index.ts'
import {isBareMetal} from '../elf/bare-metal.ts'
import {fileReader} from '../elf/file-reader.ts'
import {parseElf} from '../elf/parse.ts'
import {type OpenedPlatform, openPlatform} from '../platform/open.ts'
import type {Kernel} from '../sentry/kernel.ts'
import type {Process} from '../sentry/process.ts'
import {DEFAULT_MEMORY_BYTES, runToEnd} from '../sentry/run-to-end.ts'
import {Sentry} from '../sentry/sentry.ts'
import type {OpenFile} from '../vfs/file.ts'
import {openHostStream} from '../vfs/host-stream.ts'
import type {RunOptions, RunResult} from './options.ts'
import {runPledge} from './pledge.ts'
import {RunTrace} from './trace.ts'
import {Watchdog} from './watchdog.ts'

/** HUP INT QUIT USR1 TERM CONT WINCH. */
const PASSED_SIGNALS = [1, 2, 3, 10, 15, 18, 28]
/** Ctrl-Z's. */
const SIGTSTP = 20
const EPOLLIN = 1

/** @throws HvError */
export async function runProgram(options: RunOptions): Promise<RunResult> {
  const watchdog = new Watchdog(options)
  try {
    return await runWatched(options, watchdog)
  } finally {
    watchdog.stop()
  }
}

async function runWatched(options: RunOptions, watchdog: Watchdog): Promise<RunResult> {
  if (options.machine === 'bare' || (options.machine === undefined && isBareGuest(options))) {
    const {runBareMetal} = await import('./bare.ts')
    watchdog.start()
    return runBareMetal(options)
  }
  const opened = await openPlatform(options.platform, options.memoryBytes ?? DEFAULT_MEMORY_BYTES)
  using platform = opened.platform
  const sentry = new Sentry(platform, options)
  const {kernel} = sentry
  const trace = new RunTrace(kernel, options.trace)
  const pledge = await runPledge(options)
  const program = {
    program: options.program,
    onHost: options.root === undefined,
    args: options.args,
    env: options.env,
    cwd: options.cwd,
    streams: (options.suggestsPromises ? [0, 2, 2] : [0, 1, 2]).map(openStream),
    restrict: pledge.restrict,
  }
  try {
    await trace.begin()
    watchdog.start()
    const result = await runToEnd(sentry, program, {
      timeoutMs: options.timeoutMs,
      onLoaded: (process) => passSignals(kernel, process, trace),
      whilePaused: () => trace.catchUp(),
    })
    sentry.dispose()
    return {...result, promises: pledge.suggestion(), platform: platformOf(opened)}
  } finally {
    trace.close()
  }
}

function platformOf({platform, reason}: OpenedPlatform): RunResult['platform'] {
  return {name: platform.name, reason}
}

/** What the file says; in a guest's tree there are Linux programs alone. */
function isBareGuest({program, root}: RunOptions): boolean {
  if (root !== undefined) return false
  let fd: number | undefined
  try {
    fd = openSync(program, 'r')
    return isBareMetal(parseElf(fileReader(fd), program, arch.name))
  } catch {
    // The sentry says what is wrong with it.
    return false
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

/**
 * What the terminal and kill(1) send to hv is the guest's, but for SIGUSR2; and for Ctrl-Z's, which stops hv when the guest is
 * stopped: in a process of its own it would run on.
 */
function passSignals(kernel: Kernel, process: Process, trace: RunTrace): void {
  const fd = addon.catchSignals([...PASSED_SIGNALS, SIGUSR2, SIGTSTP])
  kernel.platform.watch(fd, EPOLLIN)
  kernel.onReady = (ready) => {
    if (ready !== fd) return
    for (const signal of addon.takeSignals()) {
      if (signal === SIGUSR2) trace.toggle()
      else if (signal === SIGTSTP) addon.suspend()
      else process.signals.raise(signal)
    }
  }
}

/** A standard stream; undefined when the descriptor is closed. */
function openStream(fd: number): OpenFile | undefined {
  const O_RDONLY = 0
  const O_WRONLY = 1
  try {
    return openHostStream(fd, {flags: fd === 0 ? O_RDONLY : O_WRONLY})
  } catch {
    return undefined
  }
}
