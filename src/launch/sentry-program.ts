// A Linux program under the sentry, or a host file that may turn out to be a bare-metal guest: the phases of its launch.

import {constants, openSync} from 'node:fs'
import {getPriority} from 'node:os'
import {O_ACCMODE, O_RDONLY, O_WRONLY} from '../abi/open-flags.ts'
import {ADDR_NO_RANDOMIZE} from '../abi/prctl.ts'
import {addon} from '../addon.ts'
import {arch} from '../arch/index.ts'
import type {SocketLink} from '../broker/link.ts'
import {isBareMetal} from '../elf/bare-metal.ts'
import {fileReader} from '../elf/file-reader.ts'
import {parseElf} from '../elf/parse.ts'
import {attempt} from '../errors.ts'
import type {Task} from '../sentry/core/task.ts'
import {type HostProgram, openHostProgram} from '../sentry/outside/host-program.ts'
import type {ProgramOptions, Sentry} from '../sentry/outside/sentry.ts'
import {StartedProgram} from '../sentry/outside/started-program.ts'
import {gainsNothing, restriction} from '../sentry/pledge/restrict.ts'
import {Run} from '../sentry/task/run.ts'
import {HostTty} from '../sentry/tty/host-tty.ts'
import type {FileDescription} from '../vfs/file.ts'
import {openHostStream} from '../vfs/host-terminal.ts'
import {nativeHost} from '../vfs/native-host.ts'
import {AttachPoint} from './attach/attach-point.ts'
import type {GdbProgram} from './gdb.ts'
import {foldersOf, type GuestFiles, unpackStats} from './guest-files.ts'
import {programOfRun} from './guest-program.ts'
import type {Launch, LoadedGuest, OpenedGuest, PreparedGuest, RunningGuest} from './launch.ts'
import {hostLimits, type OpenedSentry, openSentry} from './open-sentry.ts'
import {refuse} from './options/unfit.ts'
import type {RunOptions, RunResult} from './options.ts'
import {passSignals, stopWith} from './pass-signals.ts'
import {tell} from './tell.ts'
import {loadTrace, RunTrace} from './trace.ts'

const NS_PER_MS = 1e6

/** What its phases share. */
interface Spec {
  options: RunOptions
  launch: Launch
  /** Its file, unless it is in the guest's tree. */
  onHost: HostProgram | undefined
  /** Of what it may reach of the network, if it may. */
  broker: SocketLink | undefined
  /** This process's descriptors that become its standard streams. */
  fds: readonly number[]
  pledge: RunPledge
  opened: OpenedSentry
  /** This process's own. */
  umask: number
}

/** @throws HvError NOT_FOUND, NOT_EXECUTABLE */
export async function openSentryProgram(options: RunOptions): Promise<OpenedGuest<RunResult>> {
  // A guest's tree holds Linux programs only.
  const isOnHost = options.root === undefined && options.image === undefined
  const onHost = isOnHost ? openHostProgram(options.program) : undefined
  const hasNetRules = (options.allowNet ?? options.denyNet ?? options.publish) !== undefined
  // What starts processes takes long to load.
  const broker = hasNetRules ? (await import('./start-broker.ts')).startBroker(options) : undefined
  return {
    limits: hostLimits(options),
    mayBeMachine: onHost !== undefined && options.machine === undefined,
    platform: options.platform,
    prepare: (launch) => prepare(options, {onHost, broker: broker && launch.use(broker)}, launch),
  }
}

async function prepare(
  options: RunOptions,
  {onHost, broker}: Pick<Spec, 'onHost' | 'broker'>,
  launch: Launch,
): Promise<PreparedGuest<RunResult>> {
  const fds = options.suggestsPromises ? [0, 2, 2] : [0, 1, 2]
  const terminal = openTerminal(fds)
  // The terminal's keeper, the broker.
  const hasChildren = terminal !== undefined || broker !== undefined
  const opened = await openSentry(options, launch, foldersOf(options, onHost))
  const isUndecided = onHost !== undefined && options.machine === undefined
  const kvmError = isUndecided ? addon.holdKvm() : 0
  const pledge = await runPledge(options)
  // A jail sets it to 0.
  const spec = {options, launch, onHost, broker, fds, opened, pledge, umask: process.umask()}
  launch.defer(() => nativeHost.files.restoreTerminal())
  if (terminal !== undefined) nativeHost.files.guardTerminal(terminal)
  await loadTrace(options.trace)
  return {
    needs: {...opened.needs, files: onHost && [onHost.fd], isUndecided, hasChildren},
    load: async () => {
      if (!isUndecided) return load(spec, terminal)
      if (isBareGuest(onHost)) {
        launch.letGo()
        return (await import('./bare-program.ts')).loadBare(options, {fd: onHost.fd, kvmError}, launch)
      }
      addon.dropKvm()
      launch.decide(opened.needs.caller, hasChildren)
      return load(spec, terminal)
    },
  }
}

async function load(spec: Spec, terminal: number | undefined): Promise<LoadedGuest<RunResult>> {
  const {options, launch, onHost, broker, fds, opened, pledge} = spec
  if (options.irqchip)
    refuse('`irqchip` is for bare-metal guests, and this is a Linux program', 'leave it out')
  const {server} = launch
  const {sentry, shown} = await opened.make({terminal, broker, ...(server && {patchCalls: 'never'})})
  const {kernel} = sentry
  const program = {
    ...{...programOfRun(options, shown.config), onHost, restrict: pledge.restrict},
    noNewPrivileges: gainsNothing(options),
    ...{umask: spec.umask, nice: getPriority()},
    // As gdb does for its own programs: what it has noted of one run holds for the next.
    ...(server && {personality: ADDR_NO_RANDOMIZE}),
    streams: openStreams(sentry, fds),
  }
  const gdb = server && new (await import('./gdb.ts')).GdbProgram(server)
  kernel.budget.onMuch = options.onMuch
  kernel.onBrokerLost = (how) =>
    tell(
      `the broker ${how === 'gone' ? 'has ended' : 'sent what no broker sends'}: programs reach nothing outside any more`,
    )
  const trace = launch.use(new RunTrace(kernel, options.trace))
  await trace.begin()
  return {start: () => start(spec, {sentry, shown, program, gdb, trace})}
}

interface SentryParts {
  sentry: Sentry
  shown: GuestFiles
  program: ProgramOptions
  gdb: GdbProgram | undefined
  trace: RunTrace
}

/** @throws HvError as Sentry.load does */
function start(spec: Spec, {sentry, shown, program, gdb, trace}: SentryParts): RunningGuest<RunResult> {
  const {options, launch, opened, pledge} = spec
  const {kernel} = sentry
  const endNs = kernel.monotonicNs() + (options.timeoutMs ?? Number.POSITIVE_INFINITY) * NS_PER_MS
  const startProgram = (what: ProgramOptions, timeoutMs: number | undefined): StartedProgram =>
    new StartedProgram(sentry, what, {...options, timeoutMs}, new Run(kernel.cpuUse.meter))
  const started = startProgram(program, options.timeoutMs)
  let last = started.process
  passSignals(sentry, () => last, trace, gdb)
  stopWith(sentry, () => last, options)
  launch.core?.beginFor(kernel)
  // It is in the guest's tree from now on.
  const first = {...program, program: program.onHost ? last.program.path : program.program, onHost: undefined}
  gdb?.begin(kernel, last, first, (changes) => {
    const what = {...first, ...changes, streams: openStreams(sentry, spec.fds)}
    const next = startProgram(
      what,
      options.timeoutMs && Math.max(1, (endNs - kernel.monotonicNs()) / NS_PER_MS),
    )
    last = next.process
    return next
  })
  const debugged = gdb ?? AttachPoint.open(kernel, last)
  const serve = async (): Promise<void> => {
    await trace.catchUp()
    await debugged?.serve()
  }
  return {
    end: async () => {
      const outlives = () => debugged?.isHeld === true
      let result = await started.toEnd(serve, outlives)
      for (let next = gdb?.takeNext(); next !== undefined; next = gdb?.takeNext())
        result = await next.toEnd(serve, outlives)
      await debugged?.report()
      sentry.dispose()
      const {platform, reason} = opened.opened
      return {
        ...{
          ...result,
          stats: {...result.stats, ...unpackStats(shown.unpacked)},
          promises: pledge.suggestion(),
        },
        platform: {name: platform.name, reason, costs: platform.costs},
      }
    },
  }
}

/** Holds the program to its promises, or finds out which it needs. */
interface RunPledge {
  /** For Sentry.load. */
  restrict?: (task: Task) => void
  /** Called when the program has ended: RunResult.promises. */
  suggestion(): string | undefined
}

/** The recorder is loaded only for runs that want it. @throws HvError BAD_ARGUMENT */
async function runPledge(options: RunOptions): Promise<RunPledge> {
  const isRestricted = options.pledge !== undefined || options.unveil !== undefined
  const restrict = isRestricted ? restriction(options) : undefined
  if (!options.suggestsPromises) return {restrict, suggestion: () => undefined}

  const {PromiseRecorder} = await import('../sentry/pledge/recorder.ts')
  let recorder: InstanceType<typeof PromiseRecorder> | undefined
  return {
    restrict(task) {
      recorder = new PromiseRecorder(task)
      restrict?.(task)
    },
    suggestion: () => recorder?.suggestion(),
  }
}

/** Whether the file says so. The sentry reports what is wrong with it. */
function isBareGuest({fd, name}: HostProgram): boolean {
  return attempt(() => isBareMetal(parseElf(fileReader(fd), name, arch.name))) ?? false
}

/**
 * The terminal that hv was started in, if one of these leads to it. It is opened again where possible: non-blocking mode belongs to the
 * open file description, which others share.
 */
function openTerminal(fds: readonly number[]): number | undefined {
  const given = fds.find((fd) => HostTty.isControlling(nativeHost.files, fd))
  if (given === undefined) return undefined
  const flags = constants.O_RDWR | constants.O_NONBLOCK | constants.O_NOCTTY
  return attempt(() => openSync('/dev/tty', flags)) ?? given
}

function openStreams(sentry: Sentry, fds: readonly number[]): (FileDescription | undefined)[] {
  return fds.map((fd, guestFd) => openStream(sentry, fd, guestFd))
}

/** A standard stream; undefined when the descriptor is closed. */
function openStream(sentry: Sentry, fd: number, guestFd: number): FileDescription | undefined {
  return attempt(() => {
    if (HostTty.isControlling(nativeHost.files, fd))
      return sentry.openTerminal(nativeHost.files.hostFlags(fd) & O_ACCMODE)
    return openHostStream(sentry.kernel.vfs, fd, guestFd === 0 ? O_RDONLY : O_WRONLY)
  })
}
