// serve: a sandbox's sentry: makes it, and handles each of its owner's requests.

import {Jail} from '../../jail/jail.ts'
import type {LaunchErrnos} from '../../jail/layer.ts'
import type {CodeCache} from '../../kept-code.ts'
import {type GuestFiles, openGuestFiles} from '../../launch/guest-files.ts'
import {hostLimits} from '../../launch/host-limits.ts'
import {rehearseIfCold} from '../../launch/rehearse-if-cold.ts'
import {writablePaths} from '../../launch/writable-paths.ts'
import {openPlatform} from '../../platform/open.ts'
import {HookedCalls} from '../../sentry/outside/hooks/hooked-calls.ts'
import type {HostProgram} from '../../sentry/outside/host-program.ts'
import {Sentry} from '../../sentry/outside/sentry.ts'
import {processesOf, usageOf} from '../../sentry/outside/usage-of.ts'
import {restriction} from '../../sentry/pledge/restrict.ts'
import {type Request, type SentrySettings, toWire} from '../protocol/messages.ts'
import {answerFile, ownerFiles} from './answer-file.ts'
import {EventBatches} from './event-batches.ts'
import type {SentryPort} from './port.ts'
import {rehearseServed} from './rehearse-served.ts'
import type {Surroundings} from './served-program.ts'
import {ServedPrograms} from './served-programs.ts'
import {WorkerTrace} from './worker-trace.ts'

/** The first run takes twice as long as the third; eight did no better than three. */
const REHEARSALS = 3

/** What a process does for its jail; a thread has none. */
export interface Confinement {
  /** Directories of hv's own that it loads from later. */
  directories: readonly string[]
  /** What V8 has made of hv's own code, stored before the jail closes. */
  code: CodeCache
  /** Which namespaces it was started in; undefined: it was not meant to be in any. */
  launchErrnos: LaunchErrnos | undefined
}

/** Until the owner disposes of the sandbox, or the sandbox fails. */
export async function serve(
  port: SentryPort,
  settings: SentrySettings,
  confinement?: Confinement,
): Promise<void> {
  try {
    await start(port, settings, confinement)
  } catch (error) {
    port.post({kind: 'failed', error: toWire(error)})
    port.close()
  }
}

async function start(
  port: SentryPort,
  settings: SentrySettings,
  confinement: Confinement | undefined,
): Promise<void> {
  const restrict = restriction(settings)
  const hooks = await hooksOf(settings)
  await rehearseIfCold(settings.platform, confinement?.code)
  const choice = confinement === undefined ? 'none' : settings.jail
  const jail = Jail.begin(choice, writablePaths(settings), confinement?.launchErrnos)
  jail.limit(hostLimits(settings), settings.cgroupParent)
  const {platform, reason} = await openPlatform(settings.platform, settings.memoryBytes, settings.cpus)
  let shown: GuestFiles
  let sentry: Sentry
  let rehearsals: HostProgram[] = []
  try {
    const files = await openGuestFiles(settings)
    if (settings.rehearses) rehearsals = await storeRehearsals(confinement?.code.directory)
    confinement?.code.keep()
    jail.close({
      roots: files.roots,
      directories: [...(confinement?.directories ?? []), ...(files.libraryFolders ?? [])],
      caller: platform.name === 'ptrace' ? 'ptrace' : 'kvm',
      hasTerminal: false,
      dropTo: settings.dropTo,
    })
    shown = await files.read()
    sentry = new Sentry(platform, {...settings, ...shown})
  } catch (error) {
    platform[Symbol.dispose]()
    throw error
  }
  const {kernel} = sentry
  const files = ownerFiles(sentry, settings)
  const batches = new EventBatches(port, kernel.timers, () => programs.isOneToStop)
  const trace = new WorkerTrace(kernel, batches, (error) =>
    port.post({kind: 'traced', ...(error !== undefined && {error: toWire(error)})}),
  )
  const around = {sentry, port, config: shown.config, restrict, hooks}
  if (rehearsals.length > 0) rehearseServed(around, rehearsals)
  const programs = new ServedPrograms(around, batches, () => trace.catchUp())
  let shallClose = false
  const take = (request: Request): void => {
    switch (request.kind) {
      case 'run':
        programs.add(request)
        break
      case 'trace':
        // A running guest waits for what is not loaded yet.
        if (!trace.request(request)) kernel.pause()
        break
      case 'verdict':
        programs.answer(request)
        break
      case 'file':
        answerFile(port, files, request)
        break
      case 'usage':
        port.post({
          kind: 'used',
          ...(request.of === 'stats' ? {stats: usageOf(sentry)} : {processes: processesOf(kernel)}),
        })
        break
      case 'dispose':
        shallClose = true
        break
      default:
        programs.hear(request)
    }
  }
  const receive = async (request: Request): Promise<void> => {
    take(request)
    await programs.work()
    if (!shallClose || programs.areBusy) return
    shallClose = false
    files.close()
    sentry.dispose()
    platform[Symbol.dispose]()
    port.close()
  }
  port.post({
    kind: 'ready',
    platform: {name: platform.name, reason, costs: platform.costs},
    jail: jail.layers,
  })
  await port.serve(receive)
}

/** Opens them now, since a jailed process opens nothing. */
async function storeRehearsals(directory: string | undefined): Promise<HostProgram[]> {
  if (directory === undefined) return []
  const {storePrograms} = await import('../../sentry/outside/rehearsal.ts')
  try {
    return storePrograms(directory, REHEARSALS)
  } catch {
    // Rehearsals only warm up.
    return []
  }
}

/**
 * With all that a trace knows of arguments; loaded only for owners that have handlers.
 * @throws HvError BAD_ARGUMENT: there are no such calls
 */
async function hooksOf({hooked}: SentrySettings): Promise<Surroundings['hooks']> {
  if (hooked.length === 0) return undefined
  const {argumentDecoder} = await import('../../sentry/trace/decode-arguments.ts')
  const decode = argumentDecoder()
  const make: Surroundings['hooks'] = (post) => new HookedCalls(hooked, decode, post)
  // Throws if it does not know a name.
  make(() => {})
  return make
}
