// serve: a sandbox's sentry: makes it, and handles each of its owner's requests.

import {ENOMEM, Errno} from '../../abi/errno.ts'
import {SocketLink} from '../../broker/link.ts'
import {attempt} from '../../errors.ts'
import type {CodeCache} from '../../kept-code.ts'
import {
  type Launch,
  type LaunchOptions,
  type LoadedGuest,
  launch,
  type OpenedGuest,
  type PreparedGuest,
  type RunningGuest,
} from '../../launch/launch.ts'
import {hostLimits, openSentry} from '../../launch/open-sentry.ts'
import type {OpenedPlatform} from '../../platform/open.ts'
import type {FileResult} from '../../sentry/outside/files/operations.ts'
import {OwnerFiles} from '../../sentry/outside/files/owner-files.ts'
import {HookedCalls} from '../../sentry/outside/hooks/hooked-calls.ts'
import type {HostProgram} from '../../sentry/outside/host-program.ts'
import {Listeners} from '../../sentry/outside/net/listeners.ts'
import type {Sentry} from '../../sentry/outside/sentry.ts'
import {processesOf, usageOf} from '../../sentry/outside/usage-of.ts'
import {gainsNothing, restriction, unveilRulesOf} from '../../sentry/pledge/restrict.ts'
import {isOutgrown} from '../../sentry/task/outgrown.ts'
import {
  type BrokerEnds,
  type FileRequest,
  type Request,
  type SentrySettings,
  toWire,
} from '../protocol/messages.ts'
import {EventBatches} from './event-batches.ts'
import type {SentryPort} from './port.ts'
import {ServedConnections} from './served-connections.ts'
import type {Surroundings} from './served-program.ts'
import {ServedPrograms} from './served-programs.ts'
import {warmUpServed} from './warm-up-served.ts'
import {WorkerTrace} from './worker-trace.ts'

/** The first run takes twice as long as the third; eight did no better than three. */
const WARM_UPS = 3

/** What a process does for its jail; a thread has none. */
export interface Confinement extends Pick<LaunchOptions, 'launchErrnos'> {
  /** What V8 has made of hv's own code, stored before the jail closes. */
  code: CodeCache
}

/** Until the owner disposes of the sandbox, or the sandbox fails. */
export async function serve(
  port: SentryPort,
  settings: SentrySettings,
  confinement?: Confinement,
): Promise<void> {
  const jail = confinement === undefined ? 'none' : settings.jail
  const onFailure = (error: unknown): void => {
    port.post({kind: 'failed', error: toWire(error)})
    port.close()
  }
  const options = {...settings, ...confinement, jail, onFailure}
  await launch(() => open(port, settings, confinement?.code), options).catch(() => {})
}

/** A sentry is a guest like any, which runs not one program but those that its owner asks for. @throws HvError BAD_ARGUMENT */
async function open(
  port: SentryPort,
  settings: SentrySettings,
  code: CodeCache | undefined,
): Promise<OpenedGuest<object>> {
  const restrict = restriction(settings)
  const hooks = await hooksOf(settings)
  const prepare = async (launch: Launch): Promise<PreparedGuest<object>> => {
    const {opened, needs, make} = await openSentry(settings, launch)
    const warmUps = settings.warmsUp ? await storeWarmUps(code?.directory) : []
    const load = async (): Promise<LoadedGuest<object>> => {
      const broker = linkOf(settings.brokerEnds)
      if (broker !== undefined) launch.use(broker)
      const {sentry, shown} = await make({broker})
      const around = {
        ...{sentry, port, config: shown.config, hooks},
        ...{restrict, noNewPrivileges: gainsNothing(settings)},
      }
      if (warmUps.length > 0) warmUpServed(around, warmUps)
      return {start: () => start(around, settings, opened, launch)}
    }
    return {needs: {...needs, hasChildren: false}, load}
  }
  return {limits: hostLimits(settings), mayBeMachine: false, platform: settings.platform, prepare}
}

function start(
  around: Surroundings,
  settings: SentrySettings,
  {platform, reason}: OpenedPlatform,
  launch: Launch,
): RunningGuest<object> {
  const {sentry, port} = around
  const {kernel} = sentry
  const files = ownerFiles(sentry, settings)
  const connections = new ServedConnections(port, sentry, files, settings)
  const listeners = new Listeners(kernel)
  const batches = new EventBatches(port, kernel.timers, () => programs.isOneToStop)
  const trace = new WorkerTrace(kernel, batches, (error) =>
    port.post({kind: 'traced', ...(error !== undefined && {error: toWire(error)})}),
  )
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
      case 'connect':
      case 'data':
      case 'window':
      case 'close':
        connections.take(request)
        break
      case 'ports':
        listeners.ask(request.known, (version, ports) =>
          port.post({kind: 'ports', id: request.id, version, ports}),
        )
        break
      default:
        programs.hear(request)
    }
  }
  /** @returns whether the owner has disposed of the sandbox */
  const receive = async (request: Request): Promise<boolean> => {
    take(request)
    await programs.work()
    if (!shallClose || programs.areBusy) return false
    shallClose = false
    connections.close()
    files.close()
    sentry.dispose()
    launch.letGo()
    port.close()
    return true
  }
  const end = (): Promise<object> =>
    new Promise((resolve, reject) => {
      const serving = port.serve(async (request) => {
        if (await receive(request)) resolve({})
      })
      Promise.resolve(serving).catch(reject)
    })
  port.post({
    kind: 'ready',
    platform: {name: platform.name, reason, costs: platform.costs},
    jail: launch.jail.layers,
  })
  return {end}
}

function linkOf(ends: BrokerEnds | undefined): SocketLink | undefined {
  return ends && new SocketLink(ends.questions, ends.answers)
}

function ownerFiles({kernel, credentials}: Sentry, {unveil}: SentrySettings): OwnerFiles {
  const context = {root: kernel.rootMount.top, credentials}
  return new OwnerFiles(kernel, credentials, unveil && (() => unveilRulesOf(unveil, context)))
}

function answerFile(port: SentryPort, files: OwnerFiles, {id, operation, bytes}: FileRequest): void {
  const answered = ({answer, bytes: given = new Uint8Array(0)}: FileResult): void =>
    port.post({kind: 'filed', id, answer, bytes: given})
  try {
    const now = files.answer(operation, bytes, answered)
    if (now !== undefined) answered(now)
  } catch (error) {
    const errno = error instanceof Errno ? error.code : isOutgrown(error) ? ENOMEM : undefined
    if (errno === undefined) port.post({kind: 'failed', error: toWire(error)})
    else port.post({kind: 'filed', id, errno, bytes: new Uint8Array(0)})
  }
}

/** Opens them now, since a jailed process opens nothing. */
async function storeWarmUps(directory: string | undefined): Promise<HostProgram[]> {
  if (directory === undefined) return []
  const {storePrograms} = await import('../../sentry/outside/warm-up.ts')
  // A warm-up is no more than that.
  return attempt(() => storePrograms(directory, WARM_UPS)) ?? []
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
