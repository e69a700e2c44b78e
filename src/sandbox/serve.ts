// serve: a sandbox's sentry, which runs programs one after another, and stops them when its owner says so.

import {O_WRONLY} from '../abi/open-flags.ts'
import {killInfo, SI_USER} from '../abi/siginfo.ts'
import {SIGKILL} from '../abi/signal.ts'
import {Jail} from '../jail/jail.ts'
import type {CodeCache} from '../kept-code.ts'
import {openPlatform} from '../platform/open.ts'
import {type GuestFiles, guestFiles} from '../run/guest-files.ts'
import {rehearseIfCold} from '../run/rehearse-if-cold.ts'
import {HookedCalls} from '../sentry/hooked-calls.ts'
import type {Kernel} from '../sentry/kernel.ts'
import {restriction} from '../sentry/pledge/restrict.ts'
import {runToEnd} from '../sentry/run-to-end.ts'
import {Sentry} from '../sentry/sentry.ts'
import type {Task} from '../sentry/task.ts'
import type {DecodeArguments} from '../sentry/trace/decode-arguments.ts'
import {host} from '../vfs/host-calls.ts'
import {HostStream} from '../vfs/host-stream.ts'
import {answerFile, ownerFiles} from './answer-file.ts'
import {EventBatches} from './event-batches.ts'
import {LimitNews} from './limit-news.ts'
import {LiveStreams} from './live-streams.ts'
import type {SentryPort} from './port.ts'
import {programOf} from './program-of.ts'
import {
  type Finished,
  type LiveRequest,
  type Request,
  type RunRequest,
  type SentrySettings,
  toWire,
} from './protocol.ts'
import {startPulse} from './pulse.ts'
import {Output, openInput, openOutput} from './streams.ts'
import {WorkerTrace} from './worker-trace.ts'

const EPOLLIN = 1

/** What a process does for its jail; a thread has none. */
export interface Confinement {
  /** Directories of hv's own that it loads from later. */
  directories: readonly string[]
  /** What V8 made of hv's own code, kept before the jail closes. */
  code: CodeCache
}

/** Until the owner disposes of the sandbox, or it fails. */
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
  /** Of the run that is under way, or was last. */
  let run = 0
  /** What is for it, if it is live and runs. */
  let live: ((request: LiveRequest) => void) | undefined
  /** What is for a live run that has not begun. */
  const early: LiveRequest[] = []
  /** The last run that is over. */
  let ended = 0
  const hooked = new HookedCalls(
    settings.hooked,
    settings.hooked.length > 0 ? await loadDecoder() : () => [],
    (question) => port.post({kind: 'asks', run, question}),
  )
  await rehearseIfCold(settings.platform, confinement?.code)
  const jail = Jail.begin(confinement === undefined ? 'none' : settings.jail)
  const {platform, reason} = await openPlatform(settings.platform, settings.memoryBytes, settings.cpus)
  let shown: GuestFiles
  let sentry: Sentry
  try {
    shown = await guestFiles(settings)
    sentry = new Sentry(platform, {...settings, ...shown})
    confinement?.code.keep()
    jail.close({
      roots: sentry.hostRoots,
      directories: [...(confinement?.directories ?? []), ...(shown.libraryFolders ?? [])],
      traces: platform.name === 'ptrace',
      hasTerminal: false,
      dropTo: settings.dropTo,
    })
  } catch (error) {
    platform[Symbol.dispose]()
    throw error
  }
  const {kernel} = sentry
  const files = ownerFiles(sentry, settings)
  const batches = new EventBatches(port, kernel.timers, () => port.shallStop(run))
  const trace = new WorkerTrace(kernel, batches, (error) =>
    port.post({kind: 'traced', ...(error !== undefined && {error: toWire(error)})}),
  )
  let turn = Promise.resolve()
  const take = (request: Request): void => {
    if (request.kind === 'trace') {
      if (trace.request(request)) return
      // Now if a guest runs, which has to wait for it; else when its turn comes.
      kernel.pause()
      turn = turn.then(() => trace.catchUp())
      return
    }
    if (request.kind === 'verdict') {
      hooked.answer(request.id, request.verdict)
      return
    }
    if (request.kind === 'file') {
      answerFile(port, files, request)
      return
    }
    if (isLive(request)) {
      if (request.run === run && live !== undefined) live(request)
      else if (request.run > ended) early.push(request)
      return
    }
    turn = turn.then(async () => {
      if (request.kind === 'run') {
        run = request.id
        await answer(sentry, port, request, {
          config: shown.config,
          restrict: (task) => {
            if (settings.hooked.length > 0) hooked.attach(task)
            restrict(task)
          },
          heard: () => port.listen(),
          listens: (hear) => {
            live = hear
            if (hear !== undefined) for (const said of early.splice(0)) if (said.run === run) hear(said)
          },
          whilePaused: () => trace.catchUp(),
        })
        ended = run
        early.length = 0
        // What came after the program's end, or before the sentry failed.
        batches.flush()
        hooked.forget()
        return
      }
      files.close()
      sentry.dispose()
      platform[Symbol.dispose]()
      port.close()
    })
  }
  const receive = async (request: Request): Promise<void> => {
    take(request)
    // More may have been asked for meanwhile.
    let before: Promise<void>
    do {
      before = turn
      await before
    } while (before !== turn)
  }
  port.post({
    kind: 'ready',
    platform: {name: platform.name, reason, costs: platform.costs},
    jail: jail.layers,
  })
  await port.serve(receive)
}

/** What a run does besides running. */
interface RunHooks {
  config: GuestFiles['config']
  restrict: (task: Task) => void
  /** The owner said something while the guest ran. */
  heard: () => void
  /** From now on, what is for a live run goes there; undefined: nowhere. */
  listens: (take: ((request: LiveRequest) => void) | undefined) => void
  whilePaused: () => Promise<void>
}

async function answer(sentry: Sentry, port: SentryPort, request: RunRequest, hooks: RunHooks): Promise<void> {
  let finished: Finished
  try {
    finished = await run(sentry, port, request, hooks)
  } catch (error) {
    port.post({kind: 'failed', error: toWire(error)})
    return
  }
  port.post({kind: 'finished', finished})
}

async function run(
  sentry: Sentry,
  port: SentryPort,
  request: RunRequest,
  hooks: RunHooks,
): Promise<Finished> {
  const {kernel} = sentry
  const news = new LimitNews((hit) => port.post({kind: 'limit', run: request.id, hit}), kernel.timers)
  const onFull = (): void => news.hit('output')
  const stdout = new Output(request.maxOutputBytes, onFull)
  const stderr = new Output(request.maxOutputBytes, onFull)
  const outputs = request.outputs ?? []
  const streams =
    request.live === 'none'
      ? undefined
      : new LiveStreams((reply) => port.post(reply), kernel, request.live === 'all' && outputs.length === 0)
  const whole = [() => openInput(request.stdin), () => openOutput(stdout), () => openOutput(stderr)]
  const pipes = [undefined, ...outputs.map((fd) => new HostStream(fd, O_WRONLY))]
  const program = {
    ...programOf(request, hooks.config),
    onHost: request.onHost,
    streams: whole.map((open, fd) => streams?.files[fd] ?? pipes[fd] ?? open()),
    restrict: hooks.restrict,
  }
  let isLoaded = false
  listenToLimits(kernel, news)
  kernel.platform.watch(port.fd, EPOLLIN)
  const stopPulse = port.needsPulse ? startPulse(kernel.timers) : undefined
  try {
    const result = await runToEnd(sentry, program, {
      timeoutMs: request.timeoutMs,
      whilePaused: hooks.whilePaused,
      onLoaded: (process) => {
        isLoaded = true
        if (streams !== undefined) {
          port.post({kind: 'started', pid: process.pid})
          hooks.listens((said) => {
            if (said.kind === 'signal')
              process.signals.raise(said.signal, killInfo(said.signal, SI_USER, 0, 0))
            else streams.take(said)
          })
        }
        kernel.onReady = (fd) => {
          if (fd !== port.fd) return
          hooks.heard()
          if (port.shallStop(request.id)) process.signals.raise(SIGKILL)
        }
      },
    })
    const outputTruncated = stdout.truncated || stderr.truncated
    return {result, stdout: stdout.take(), stderr: stderr.take(), outputTruncated}
  } finally {
    if (!isLoaded) streams?.abandon()
    streams?.finish()
    for (const fd of outputs) {
      kernel.hostWatch.forget(fd)
      host.hostClose(fd)
    }
    stopPulse?.()
    hooks.listens(undefined)
    kernel.onReady = undefined
    listenToLimits(kernel, undefined)
    news.flush()
    kernel.platform.watch(port.fd, 0)
  }
}

function listenToLimits(kernel: Kernel, news: LimitNews | undefined): void {
  const memory = news && ((): void => news.hit('memory'))
  kernel.platform.memory.onFull = memory
  kernel.budget.onFull = memory
  kernel.pids.onFull = news && (() => news.hit('tasks'))
  kernel.onOutOfMemory = news && (({pid}) => news.hit('oom', pid))
}

/** With all that a trace knows of arguments: for who has handlers alone. */
async function loadDecoder(): Promise<DecodeArguments> {
  const {argumentDecoder} = await import('../sentry/trace/decode-arguments.ts')
  return argumentDecoder()
}

function isLive(request: Request): request is LiveRequest {
  return ['input', 'room', 'shut', 'signal'].includes(request.kind)
}
