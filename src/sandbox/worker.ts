// The thread behind a Sandbox: a sentry that runs programs one after another, and stops them when the bell rings.

import {parentPort, workerData} from 'node:worker_threads'
import {SIGKILL} from '../abi/signal.ts'
import {addon} from '../addon.ts'
import {openPlatform} from '../platform/open.ts'
import {runToEnd} from '../sentry/run-to-end.ts'
import {Sentry} from '../sentry/sentry.ts'
import {
  type Finished,
  type Reply,
  type Request,
  type RunRequest,
  STOP_EVERYTHING,
  toWire,
  type WorkerSettings,
} from './protocol.ts'
import {Output, openInput, openOutput} from './streams.ts'

const EPOLLIN = 1

const port = parentPort!
const settings = workerData as WorkerSettings
const stopWord = new Int32Array(settings.stopWord)

serve().catch((error) => {
  reply({kind: 'failed', error: toWire(error)})
  port.close()
})

async function serve(): Promise<void> {
  const {platform, reason} = await openPlatform(settings.platform, settings.memoryBytes)
  let sentry: Sentry
  try {
    sentry = new Sentry(platform, settings)
  } catch (error) {
    platform[Symbol.dispose]()
    throw error
  }
  let turn = Promise.resolve()
  port.on('message', (request: Request) => {
    turn = turn.then(async () => {
      if (request.kind === 'run') {
        await answer(sentry, request)
        return
      }
      sentry.dispose()
      platform[Symbol.dispose]()
      port.close()
    })
  })
  reply({kind: 'ready', platform: {name: platform.name, reason}})
}

async function answer(sentry: Sentry, request: RunRequest): Promise<void> {
  let finished: Finished
  try {
    finished = await run(sentry, request)
  } catch (error) {
    reply({kind: 'failed', error: toWire(error)})
    return
  }
  reply({kind: 'finished', finished}, [finished.stdout.buffer, finished.stderr.buffer])
}

async function run(sentry: Sentry, request: RunRequest): Promise<Finished> {
  const {kernel} = sentry
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
  }
  kernel.platform.watch(bellFd, EPOLLIN)
  try {
    const result = await runToEnd(sentry, program, {
      timeoutMs: request.timeoutMs,
      onLoaded: (process) => {
        kernel.onReady = (fd) => {
          if (fd !== bellFd) return
          // Before the look at the word: what is said after it rings again.
          addon.silenceBell(bellFd)
          if (shallStop(request.id)) process.signals.raise(SIGKILL)
        }
      },
    })
    const outputTruncated = stdout.truncated || stderr.truncated
    return {result, stdout: stdout.bytes(), stderr: stderr.bytes(), outputTruncated}
  } finally {
    kernel.onReady = undefined
    kernel.platform.watch(bellFd, 0)
  }
}

function shallStop(id: number): boolean {
  const word = Atomics.load(stopWord, 0)
  return word === id || word === STOP_EVERYTHING
}

function reply(message: Reply, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer)
}
