// runProgram: one program on the calling thread, from options to how it ended.

import {closeSync, constants, openSync} from 'node:fs'
import {getPriority} from 'node:os'
import {resolve} from 'node:path'
import {O_ACCMODE, O_RDONLY, O_WRONLY} from '../abi/open-flags.ts'
import {arch} from '../arch/index.ts'
import {isBareMetal} from '../elf/bare-metal.ts'
import {fileReader} from '../elf/file-reader.ts'
import {parseElf} from '../elf/parse.ts'
import {HvError, printable} from '../errors.ts'
import type {ImageConfig} from '../image/open-image.ts'
import {Jail} from '../jail/jail.ts'
import {ownDirectories} from '../jail/own-directories.ts'
import {DEFAULT_MEMORY_BYTES} from '../platform/choice.ts'
import {type OpenedPlatform, openPlatform} from '../platform/open.ts'
import {openHostProgram} from '../sentry/host-program.ts'
import {runToEnd} from '../sentry/run-to-end.ts'
import {type ProgramOptions, Sentry} from '../sentry/sentry.ts'
import {HostTty} from '../sentry/tty/host-tty.ts'
import type {FileDescription} from '../vfs/file.ts'
import {host} from '../vfs/host-calls.ts'
import {openHostStream} from '../vfs/open-host-stream.ts'
import {guestFiles} from './guest-files.ts'
import {hostLimits} from './host-limits.ts'
import {imageProgram} from './image-program.ts'
import type {RunOptions, RunResult} from './options.ts'
import {passSignals, stopWith} from './pass-signals.ts'
import {runPledge} from './pledge.ts'
import {rehearseIfCold} from './rehearse-if-cold.ts'
import {foldersOf} from './show-program.ts'
import {RunTrace} from './trace.ts'
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

/** With the other platform, if that is clearly faster. */
async function compared(result: RunResult): Promise<RunResult> {
  const {platform, stats} = result
  if (platform === undefined) return result
  const {fasterPlatform} = await import('../platform/compare.ts')
  const {exits, listened} = stats
  return {...result, faster: fasterPlatform(platform.name, platform.costs, {exits, listened})}
}

async function runWatched(options: RunOptions, watchdog: Watchdog): Promise<RunResult> {
  if (options.machine === 'bare' || (options.machine === undefined && isBareGuest(options))) {
    if (options.gdb !== undefined || options.core !== undefined) throw noProcess(options)
    const {runBareMetal} = await import('./bare.ts')
    watchdog.start()
    return runBareMetal(options)
  }
  // It runs a program, too.
  watchdog.start()
  await rehearseIfCold(options.platform, options.code)
  // What measures is not for a jail.
  if (options.stats) await (await import('../platform/compare.ts')).measureAll()
  const {memoryBytes = DEFAULT_MEMORY_BYTES, cpus} = options
  const isOnHost = options.root === undefined && options.image === undefined
  const onHost = isOnHost ? openHostProgram(options.program) : undefined
  const gdb = options.gdb && (await (await import('./gdb.ts')).GdbRun.listen(options.gdb))
  const core = options.core && new (await import('./core.ts')).CoreFile(options.core)
  const jail = Jail.begin(options.jail ?? 'best')
  jail.limit(hostLimits(options), options.cgroupParent)
  const opened = await openPlatform(options.platform, memoryBytes, cpus)
  using platform = opened.platform
  const fds = options.suggestsPromises ? [0, 2, 2] : [0, 1, 2]
  const terminal = openTerminal(fds)
  const files = await guestFiles(options, foldersOf(options, onHost))
  const sentry = new Sentry(platform, {
    ...options,
    ...files,
    terminal,
    ...(gdb && {patchCalls: 'never'}),
  })
  const {kernel} = sentry
  kernel.budget.onMuch = options.onMuch
  const trace = new RunTrace(kernel, options.trace)
  const pledge = await runPledge(options)
  const program = {
    ...programOf(options, files.config),
    onHost,
    umask: process.umask(),
    nice: getPriority(),
    streams: fds.map((fd, guestFd) => openStream(sentry, fd, guestFd)),
    restrict: pledge.restrict,
  }
  try {
    if (terminal !== undefined) host.guardTerminal(terminal)
    await trace.begin()
    options.code?.keep()
    jail.close({
      roots: sentry.hostRoots,
      directories: [...ownDirectories(process.env), ...(files.libraryFolders ?? [])],
      traces: platform.name === 'ptrace',
      hasTerminal: terminal !== undefined,
      accepts: gdb !== undefined,
      dropTo: options.dropTo,
    })
    watchdog.start()
    const result = await runToEnd(sentry, program, {
      timeoutMs: options.timeoutMs,
      cpuTimeoutMs: options.cpuTimeoutMs,
      onLoaded: (process) => {
        passSignals(sentry, process, trace)
        stopWith(sentry, process, options)
        if (core) core.begin(kernel)
        gdb?.begin(kernel, process, onHost && Buffer.from(resolve(options.program)).toString('latin1'))
      },
      whilePaused: async () => {
        await trace.catchUp()
        await gdb?.serve()
      },
    })
    await gdb?.close()
    sentry.dispose()
    return {...result, promises: pledge.suggestion(), platform: platformOf(opened), jail: jail.layers}
  } finally {
    host.restoreTerminal()
    trace.close()
  }
}

function noProcess({program}: RunOptions): HvError {
  const message = `${printable(program)} is a bare-metal guest: gdb and core files are for Linux programs`
  return new HvError('BAD_ARGUMENT', message, 'leave them out')
}

function programOf(
  {program, args, env, cwd, entrypoint, givenEnv = {}}: RunOptions,
  config: ImageConfig | undefined,
): Pick<ProgramOptions, 'program' | 'args' | 'env' | 'cwd'> {
  if (config === undefined) return {program, args, env, cwd}
  return imageProgram(config, {program: entrypoint, args, env: givenEnv, cwd}, env)
}

function platformOf({platform, reason}: OpenedPlatform): RunResult['platform'] {
  return {name: platform.name, reason, costs: platform.costs}
}

/** What the file says; in a guest's tree there are Linux programs alone. */
function isBareGuest({program, root, image}: RunOptions): boolean {
  if (root !== undefined || image !== undefined) return false
  let fd: number | undefined
  try {
    // A fifo would be waited for.
    fd = openSync(program, constants.O_RDONLY | constants.O_NONBLOCK)
    return isBareMetal(parseElf(fileReader(fd), program, arch.name))
  } catch {
    // The sentry says what is wrong with it.
    return false
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

/**
 * The terminal that hv was started in, if one of these leads to it. Opened anew where that can be: not to wait in a write is a
 * property of what is open, and that others share.
 */
function openTerminal(fds: readonly number[]): number | undefined {
  const given = fds.find(HostTty.isControlling)
  if (given === undefined) return undefined
  try {
    return openSync('/dev/tty', constants.O_RDWR | constants.O_NONBLOCK | constants.O_NOCTTY)
  } catch {
    return given
  }
}

/** A standard stream; undefined when the descriptor is closed. */
function openStream(sentry: Sentry, fd: number, guestFd: number): FileDescription | undefined {
  try {
    if (HostTty.isControlling(fd)) return sentry.openTerminal(host.hostFlags(fd) & O_ACCMODE)
    return openHostStream(fd, guestFd === 0 ? O_RDONLY : O_WRONLY)
  } catch {
    return undefined
  }
}
