// ProcessCarrier: a sentry in a process of its own, which ends with its owner and cannot take it along.

import {type ChildProcess, spawn} from 'node:child_process'
import {Socket} from 'node:net'
import {HvError, printable} from '../errors.ts'
import {packageFile} from '../package-file.ts'
import {type Carrier, type CarrierEvents, HEAP_MB} from './carrier.ts'
import {encodeFrame, type Frame, FrameReader} from './frames.ts'
import type {ProcessRequest, Reply, Request, RunRequest, SentrySettings} from './protocol.ts'
import {checkedReply} from './replies.ts'

/** Of what it wrote last to standard error: why V8 gave up, for one. */
const LAST_WORDS = 2048

export class ProcessCarrier implements Carrier {
  readonly #child: ChildProcess
  readonly #socket: Socket
  readonly #events: CarrierEvents
  readonly #reader = new FrameReader()
  #pieces: Record<1 | 2, Uint8Array[]> = {1: [], 2: []}
  /** How much more output may come in this run, for each descriptor. */
  #room: Record<1 | 2, number> = {1: 0, 2: 0}
  #lastWords = ''

  constructor(settings: SentrySettings, events: CarrierEvents) {
    this.#events = events
    this.#child = spawn(
      process.execPath,
      [`--max-old-space-size=${HEAP_MB}`, packageFile('dist/process.cjs')],
      {
        argv0: 'hv-sandbox',
        // Where V8's bytecode and the costs of traps are kept.
        env: environment('HOME', 'XDG_CACHE_HOME'),
        // A terminal's signals are for the owner.
        detached: true,
        stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
      },
    )
    // Without descriptors for them there are none.
    const [, , stderr, socket] = this.#child.stdio ?? []
    this.#socket = (socket as Socket | undefined) ?? new Socket()
    this.#child.on('error', (error) => {
      this.#fail(new HvError('HOST_SYSCALL', `no process for the sandbox: ${error.message}`))
      events.exited()
    })
    // All that it said has been heard by then.
    this.#child.once('close', (code, signal) => this.#exited(code, signal))
    ;(stderr as Socket | undefined)?.setEncoding('utf8').on('data', (text: string) => {
      this.#lastWords = (this.#lastWords + text).slice(-LAST_WORDS)
    })
    // It may end while something is being said: its end tells more.
    this.#socket.on('error', () => {})
    this.#socket.on('data', (chunk: Buffer) => this.#read(chunk))
    this.#say({kind: 'settings', settings})
  }

  send(request: Request): void {
    if (request.kind === 'run') this.#sayRun(request)
    else this.#say(request)
  }

  tellToStop(run: number): void {
    this.#say({kind: 'stop', run})
  }

  took(): void {
    this.#say({kind: 'taken'})
  }

  ref(): void {
    this.#child.ref()
    this.#socket.ref()
  }

  unref(): void {
    this.#child.unref()
    this.#socket.unref()
    ;(this.#child.stderr as Socket | null)?.unref()
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  leave(): void {
    this.kill()
  }

  #sayRun({stdin, ...rest}: RunRequest): void {
    this.#room = {1: rest.maxOutputBytes, 2: rest.maxOutputBytes}
    this.#pieces = {1: [], 2: []}
    this.#say({...rest, stdin: new Uint8Array(0)}, stdin)
  }

  #say(request: ProcessRequest, bytes?: Uint8Array): void {
    if (this.#socket.writable) this.#socket.write(encodeFrame(request, bytes))
  }

  #read(chunk: Buffer): void {
    let replies: Reply[]
    try {
      replies = this.#reader.push(chunk).flatMap((frame) => this.#take(frame))
    } catch (error) {
      if (!(error instanceof HvError)) throw error
      this.#fail(error)
      this.kill()
      return
    }
    for (const reply of replies) {
      try {
        this.#events.received(reply)
      } catch (error) {
        // A listener's: it goes to this process, as from any event, and the next reply to its receiver.
        process.nextTick(() => {
          throw error
        })
      }
    }
  }

  /** With what JSON has no words for. @throws HvError SANDBOX_FAILED */
  #take({message, bytes}: Frame): Reply[] {
    const reply = checkedReply(message)
    switch (reply.kind) {
      case 'output':
        this.#keep(reply.fd, bytes)
        return []
      case 'finished': {
        const stdout = this.#output(1)
        const stderr = this.#output(2)
        return [{kind: 'finished', finished: {...reply.finished, stdout, stderr}}]
      }
      case 'asks': {
        const args = reply.question.args.map(BigInt)
        const paths = reply.question.paths.map((path) => path ?? undefined)
        return [{...reply, question: {...reply.question, args, paths}}]
      }
      default:
        return [reply as Reply]
    }
  }

  #keep(fd: 1 | 2, bytes: Uint8Array): void {
    if (!(this.#room[fd] >= bytes.length))
      throw new HvError('SANDBOX_FAILED', 'the sandbox failed: it says too much')
    this.#room[fd] -= bytes.length
    this.#pieces[fd].push(bytes)
  }

  #output(fd: 1 | 2): Uint8Array<ArrayBuffer> {
    const pieces = this.#pieces[fd]
    this.#pieces[fd] = []
    return new Uint8Array(Buffer.concat(pieces))
  }

  #exited(code: number | null, signal: string | null): void {
    const how = signal === null ? `has ended with ${code}` : `was killed by ${signal}`
    const [words] = printable(this.#lastWords.trim().replaceAll('\n', ' | ')).match(/^.{1,300}/) ?? []
    const why = words === undefined ? '' : ` (${words})`
    this.#fail(new HvError('SANDBOX_DIED', `the sandbox's process ${how}${why}`, 'make a new one'))
    this.#socket.destroy()
    this.#events.exited()
  }

  #fail(error: HvError): void {
    this.#events.failed(error)
  }
}

function environment(...names: string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  )
}
