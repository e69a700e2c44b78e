// runLinux: runs one Linux program under the sentry, on the calling thread, from options to its end.

import {constants, openSync} from 'node:fs'
import {getPriority} from 'node:os'
import {resolve} from 'node:path'
import {O_ACCMODE, O_RDONLY, O_WRONLY} from '../abi/open-flags.ts'
import {addon} from '../addon.ts'
import {arch} from '../arch/index.ts'
import {isBareMetal} from '../elf/bare-metal.ts'
import {fileReader} from '../elf/file-reader.ts'
import {parseElf} from '../elf/parse.ts'
import type {ImageConfig} from '../image/open-image.ts'
import {Jail} from '../jail/jail.ts'
import {ownDirectories} from '../jail/own-directories.ts'
import {DEFAULT_MEMORY_BYTES} from '../platform/choice.ts'
import {type OpenedPlatform, openPlatform} from '../platform/open.ts'
import {type HostProgram, openHostProgram} from '../sentry/outside/host-program.ts'
import type {ProgramResult} from '../sentry/outside/program-result.ts'
import {runToEnd} from '../sentry/outside/run-to-end.ts'
import {type ProgramOptions, Sentry} from '../sentry/outside/sentry.ts'
import {HostTty} from '../sentry/tty/host-tty.ts'
import type {FileDescription} from '../vfs/file.ts'
import {openHostStream} from '../vfs/host-terminal.ts'
import {nativeHost} from '../vfs/native-host.ts'
import type {FoundBare} from './bare.ts'
import type {CoreFile} from './core.ts'
import type {GdbRun} from './gdb.ts'
import {openGuestFiles, unpackStats} from './guest-files.ts'
import {hostLimits} from './host-limits.ts'
import {imageProgram} from './image-program.ts'
import type {RunOptions, RunResult} from './options.ts'
import {passSignals, stopWith} from './pass-signals.ts'
import {runPledge} from './pledge.ts'
import {rehearseIfCold} from './rehearse-if-cold.ts'
import {foldersOf} from './show-program.ts'
import {loadTrace, RunTrace} from './trace.ts'
import type {Watchdog} from './watchdog.ts'
import {writablePaths} from './writable-paths.ts'

/** Runs it, or returns what its file shows it to be instead. @throws HvError */
export async function runLinux(options: RunOptions, watchdog: Watchdog): Promise<RunResult | FoundBare> {
  // First, because it runs a program, too.
  await rehearseIfCold(options.platform, options.code)
  // Measuring is not possible in a jail.
  if (options.stats) await (await import('../platform/compare.ts')).measureAll()
  const {memoryBytes = DEFAULT_MEMORY_BYTES, cpus} = options
  // A guest's tree holds Linux programs only.
  const isOnHost = options.root === undefined && options.image === undefined
  const onHost = isOnHost ? openHostProgram(options.program) : undefined
  const isUndecided = onHost !== undefined && options.machine === undefined
  const server =
    options.gdb && (await (await import('./gdb-server.ts')).listenForGdb(options.gdb, options, isUndecided))
  const gdb = server && new (await import('./gdb.ts')).GdbRun(server)
  const core = options.core ? new (await import('./core.ts')).CoreFile(options.core) : undefined
  const jail = Jail.begin(options.jail ?? 'best', writablePaths(options))
  jail.limit(hostLimits(options), options.cgroupParent)
  const opened = await openPlatform(options.platform, memoryBytes, cpus)
  using platform = opened.platform
  const kvmError = isUndecided ? addon.holdKvm() : 0
  const fds = options.suggestsPromises ? [0, 2, 2] : [0, 1, 2]
  const terminal = openTerminal(fds)
  const files = await openGuestFiles(options, foldersOf(options, onHost))
  const pledge = await runPledge(options)
  // The jail sets it to 0.
  const umask = process.umask()
  try {
    if (terminal !== undefined) nativeHost.files.guardTerminal(terminal)
    await loadTrace(options.trace)
    options.code?.keep()
    const caller = platform.name === 'ptrace' ? 'ptrace' : 'kvm'
    const hasTerminal = terminal !== undefined
    jail.close({
      roots: files.roots,
      ...(onHost !== undefined && {files: [onHost.fd]}),
      directories: [...ownDirectories(process.env), ...(files.libraryFolders ?? [])],
      ...{caller, hasTerminal, isUndecided, accepts: gdb !== undefined, dropTo: options.dropTo},
      dumps: isUndecided && core !== undefined,
    })
    if (isUndecided) {
      if (isBareGuest(onHost)) return {fd: onHost.fd, jail, kvmError, server, core}
      addon.dropKvm()
      jail.decide({caller, hasTerminal, accepts: gdb !== undefined})
    }
    const shown = await files.read().finally(options.onRead)
    const sentry = new Sentry(platform, {
      ...options,
      ...shown,
      terminal,
      ...(gdb && {patchCalls: 'never'}),
    })
    const program = {
      ...programOf(options, shown.config),
      onHost,
      umask,
      nice: getPriority(),
      streams: fds.map((fd, guestFd) => openStream(sentry, fd, guestFd)),
      restrict: pledge.restrict,
    }
    const result = await runTraced(sentry, program, options, {watchdog, gdb, core})
    const stats = {...result.stats, ...unpackStats(shown.unpacked)}
    return {...result, stats, promises: pledge.suggestion(), platform: platformOf(opened), jail: jail.layers}
  } finally {
    nativeHost.files.restoreTerminal()
  }
}

/** What observes the run. */
interface Watching {
  watchdog: Watchdog
  gdb: GdbRun | undefined
  core: CoreFile | undefined
}

/** Returns when the program has ended, and the sentry with it. */
async function runTraced(
  sentry: Sentry,
  program: ProgramOptions,
  options: RunOptions,
  {watchdog, gdb, core}: Watching,
): Promise<ProgramResult> {
  const {kernel} = sentry
  kernel.budget.onMuch = options.onMuch
  const trace = new RunTrace(kernel, options.trace)
  try {
    await trace.begin()
    watchdog.start()
    const result = await runToEnd(sentry, program, {
      timeoutMs: options.timeoutMs,
      cpuTimeoutMs: options.cpuTimeoutMs,
      onLoaded: (process) => {
        passSignals(sentry, process, trace)
        stopWith(sentry, process, options)
        core?.begin(kernel)
        gdb?.begin(
          kernel,
          process,
          program.onHost && Buffer.from(resolve(options.program)).toString('latin1'),
        )
      },
      whilePaused: async () => {
        await trace.catchUp()
        await gdb?.serve()
      },
    })
    await gdb?.close()
    sentry.dispose()
    return result
  } finally {
    trace.close()
  }
}

function programOf(
  {program, args, env, cwd, image, entrypoint, givenEnv = {}}: RunOptions,
  config: ImageConfig | undefined,
): Pick<ProgramOptions, 'program' | 'args' | 'env' | 'cwd'> {
  if (config === undefined) return {program, args, env, cwd}
  const named = image === undefined ? program : entrypoint
  return imageProgram(config, {program: named, args, env: givenEnv, cwd}, env)
}

function platformOf({platform, reason}: OpenedPlatform): RunResult['platform'] {
  return {name: platform.name, reason, costs: platform.costs}
}

/** Whether the file says so. */
function isBareGuest({fd, name}: HostProgram): boolean {
  try {
    return isBareMetal(parseElf(fileReader(fd), name, arch.name))
  } catch {
    // The sentry reports what is wrong with it.
    return false
  }
}

/**
 * The terminal that hv was started in, if one of these leads to it. It is opened again where possible: non-blocking mode belongs to the
 * open file description, which others share.
 */
function openTerminal(fds: readonly number[]): number | undefined {
  const given = fds.find((fd) => HostTty.isControlling(nativeHost.files, fd))
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
    if (HostTty.isControlling(nativeHost.files, fd))
      return sentry.openTerminal(nativeHost.files.hostFlags(fd) & O_ACCMODE)
    return openHostStream(sentry.kernel.vfs, fd, guestFd === 0 ? O_RDONLY : O_WRONLY)
  } catch {
    return undefined
  }
}
