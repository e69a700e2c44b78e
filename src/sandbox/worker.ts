// The thread behind a Sandbox: a sentry that runs programs one after another, and stops them when the bell rings.

import {parentPort, receiveMessageOnPort, workerData} from 'node:worker_threads'
import {SIGKILL} from '../abi/signal.ts'
import {addon} from '../addon.ts'
import {openPlatform} from '../platform/open.ts'
import {HookedCalls} from '../sentry/hooked-calls.ts'
import {restriction} from '../sentry/pledge/restrict.ts'
import {runToEnd} from '../sentry/run-to-end.ts'
import {Sentry} from '../sentry/sentry.ts'
import type {Task} from '../sentry/task.ts'
import type {TraceEvent} from '../sentry/trace/event.ts'
import {EventBatches} from './event-batches.ts'
import {
  type Finished,
  type Reply,
  type Request,
  type RunRequest,
  STOP_EVERYTHING,
  toWire,
  type WorkerSettings,
} from './protocol.ts'
import {startPulse} from './pulse.ts'
import {Output, openInput, openOutput} from './streams.ts'
import {WorkerTrace} from './worker-trace.ts'

const EPOLLIN = 1

const port = parentPort!
const settings = workerData as WorkerSettings
const stopWord = new Int32Array(settings.stopWord)
/** Of the run that is under way, or was last. */
let runId = 0

serve().catch((error) => {
  reply({kind: 'failed', error: toWire(error)})
  port.close()
})

async function serve(): Promise<void> {
  const restrict = restriction(settings)
  const hooked = new HookedCalls(settings.hooked, (question) => reply({kind: 'asks', run: runId, question}))
  const {platform, reason} = await openPlatform(settings.platform, settings.memoryBytes, settings.cpus)
  let sentry: Sentry
  try {
    sentry = new Sentry(platform, settings)
  } catch (error) {
    platform[Symbol.dispose]()
    throw error
  }
  const {kernel} = sentry
  const underWay = new Int32Array(settings.underWay)
  const post = (events: TraceEvent[]): void => reply({kind: 'events', events})
  const batches = new EventBatches(post, kernel.timers, underWay, shallStop)
  const trace = new WorkerTrace(kernel, batches, (error) =>
    reply({kind: 'traced', ...(error !== undefined && {error: toWire(error)})}),
  )
  let turn = Promise.resolve()
  const receive = (request: Request): void => {
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
    turn = turn.then(async () => {
      if (request.kind === 'run') {
        await answer(sentry, request, {
          restrict: (task) => {
            if (settings.hooked.length > 0) hooked.attach(task)
            restrict(task)
          },
          bellRang: () => {
            for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port))
              receive(next.message)
          },
          whilePaused: () => trace.catchUp(),
        })
        // What came after the program's end, or before the sentry failed.
        batches.flush()
        hooked.forget()
        return
      }
      sentry.dispose()
      platform[Symbol.dispose]()
      port.close()
    })
  }
  port.on('message', receive)
  reply({kind: 'ready', platform: {name: platform.name, reason, costs: platform.costs}})
}

/** What a run does besides running. */
interface RunHooks {
  restrict: (task: Task) => void
  /** It was rung while the guest ran. */
  bellRang: () => void
  whilePaused: () => Promise<void>
}

async function answer(sentry: Sentry, request: RunRequest, hooks: RunHooks): Promise<void> {
  let finished: Finished
  try {
    finished = await run(sentry, request, hooks)
  } catch (error) {
    reply({kind: 'failed', error: toWire(error)})
    return
  }
  reply({kind: 'finished', finished}, [finished.stdout.buffer, finished.stderr.buffer])
}

async function run(sentry: Sentry, request: RunRequest, hooks: RunHooks): Promise<Finished> {
  const {kernel} = sentry
  runId = request.id
  const {bellFd, root} = settings
  const stdout = new Output(request.maxOutputBytes)
  const stderr = new Output(request.maxOutputBytes)
  const program = {
    program: request.program,
    onHost: root === undefined,
    args: request.args,
    env: request.env,
    cwd: request.cwd,
    streams: [openInput(request.stdin), openOutput(stdout), openOutput(stderr)],
    restrict: hooks.restrict,
  }
  kernel.platform.watch(bellFd, EPOLLIN)
  const stopPulse = startPulse(kernel.timers)
  try {
    const result = await runToEnd(sentry, program, {
      timeoutMs: request.timeoutMs,
      whilePaused: hooks.whilePaused,
      onLoaded: (process) => {
        kernel.onReady = (fd) => {
          if (fd !== bellFd) return
          // Before the look at the word: what is said after it rings again.
          addon.silenceBell(bellFd)
          if (shallStop()) process.signals.raise(SIGKILL)
          hooks.bellRang()
        }
      },
    })
    const outputTruncated = stdout.truncated || stderr.truncated
    return {result, stdout: stdout.bytes(), stderr: stderr.bytes(), outputTruncated}
  } finally {
    stopPulse()
    kernel.onReady = undefined
    kernel.platform.watch(bellFd, 0)
  }
}

function shallStop(): boolean {
  const word = Atomics.load(stopWord, 0)
  return word === runId || word === STOP_EVERYTHING
}

function reply(message: Reply, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer)
}
