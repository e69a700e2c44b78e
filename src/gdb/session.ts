// Session: one gdb's conversation with a target: turns packets into requests to the target, and back. Knows no sockets.

import {COMMANDS} from './commands.ts'
import {OpenFiles} from './files.ts'
import {encodePacket, PacketReader} from './packet.ts'
import {NextProgram} from './programs.ts'
import {answerQuery} from './queries.ts'
import {parseActions, parsePlain, VCONT_ACTIONS} from './resume.ts'
import {stopReply} from './stop-reply.ts'
import type {Resumption, Stop, Target} from './target.ts'
import {parseBytes, parseProcess, textToHex} from './words.ts'

/** While the program runs, gdb waits; a client that sends more than this without waiting is not gdb. */
const MAX_QUEUED = 64
const SIGINT = 2
const MONITOR_HELP = 'monitor exit: ends the program, or machine, and hv\n'

/** What commands and queries see of a session. */
export interface Conversation {
  readonly target: Target
  /** gdb's features, without their `+`. */
  features: ReadonlySet<string>
  /** The thread whose registers are read. */
  thread: number
  /** The thread that c and s resume; undefined: all. */
  steppedThread: number | undefined
  /** The rest of an answer that is sent in pieces. */
  untold: number[]
  /** What it has said of the program that it may start. */
  readonly next: NextProgram
  stopAcks(): void
}

/** What a session does at its other end. */
export interface SessionEnds {
  /** @param bytes latin1 */
  send(bytes: string): void
  /** gdb has finished, or is misbehaving. */
  close(): void
}

export class Session implements Conversation {
  readonly target: Target
  readonly #ends: SessionEnds
  readonly #reader: PacketReader
  features: ReadonlySet<string> = new Set()
  thread = 0
  steppedThread: number | undefined
  untold: number[] = []
  readonly next = new NextProgram()
  #acks = true
  #lastSent = ''
  /** The target runs; gdb waits for its next stop, or queued packets do. */
  #isRunning = true
  /** gdb asked for that stop and is told of it. */
  #isAwaited = false
  /** ^C came, and no stop by SIGINT has been told since. */
  #isInterrupted = false
  #lastStop: Stop | undefined
  /** Packets that came while the target ran. */
  #queued: string[] = []
  #isOver = false
  readonly #files: OpenFiles | undefined

  /** Stops the target, and hands it to gdb. */
  constructor(target: Target, ends: SessionEnds) {
    this.target = target
    this.#ends = ends
    this.#files = target.files && new OpenFiles(target.files)
    this.#reader = new PacketReader({
      packet: (payload) => this.#packet(payload),
      garbled: () => this.#acknowledge('-'),
      interrupt: () => this.#interrupt(),
      again: () => {
        if (this.#acks && this.#lastSent !== '') ends.send(this.#lastSent)
      },
    })
    target.onStop = (stop) => this.#stopped(stop)
    target.interrupt(0)
  }

  /** Takes what gdb has sent, in pieces of any length. */
  receive(bytes: Uint8Array): void {
    if (!this.#isOver) this.#reader.push(bytes)
  }

  /** gdb went away without a word. */
  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.target.onStop = undefined
    if (this.target.programs !== undefined) this.target.programs.stays = false
    this.#files?.closeAll()
  }

  stopAcks(): void {
    this.#acks = false
  }

  #packet(payload: string): void {
    if (this.#isOver) return
    this.#acknowledge('+')
    if (!this.#isRunning) this.#obey(payload)
    else if (this.#queued.push(payload) > MAX_QUEUED) this.#close()
  }

  #acknowledge(sign: string): void {
    if (this.#acks) this.#ends.send(sign)
  }

  #reply(payload: string): void {
    this.#lastSent = encodePacket(payload)
    this.#ends.send(this.#lastSent)
  }

  /** Another stop may be told first, from which gdb lets the program go on: the ^C stops it then. */
  #interrupt(): void {
    this.#isInterrupted = true
    if (this.#isRunning) this.target.interrupt(SIGINT)
  }

  #stopped(stop: Stop): void {
    this.#isRunning = false
    this.#lastStop = stop
    if ('thread' in stop) this.thread = stop.thread
    else if (!this.target.threads().includes(this.thread)) this.thread = this.target.threads()[0] ?? 0
    if (this.#isAwaited) this.#tell(stop)
    this.#isAwaited = false
    while (!this.#isRunning && !this.#isOver && this.#queued.length > 0) this.#obey(this.#queued.shift()!)
  }

  #tell(stop: Stop): void {
    if (stop.what === 'signal' && stop.signal === SIGINT) this.#isInterrupted = false
    this.#reply(stopReply(stop, this.target, this.features))
  }

  #obey(packet: string): void {
    const letter = packet[0] ?? ''
    const text = packet.slice(1)
    if (letter === 'v') this.#obeyNamed(packet)
    else if (packet.startsWith('qRcmd,')) this.#monitor(packet.slice('qRcmd,'.length))
    else if (letter === 'q' || letter === 'Q') this.#reply(answerQuery(packet, this))
    else if (letter === '?') this.#reply(stopReply(this.#lastStop!, this.target, this.features))
    else if (/^[cCsS]$/.test(letter)) this.#resume(parsePlain(packet, this.steppedThread))
    else if (letter === 'k') this.#kill(false)
    else if (letter === 'D') this.#detach(text.slice(1))
    else if (packet === '!') this.#stay()
    else this.#reply(Object.hasOwn(COMMANDS, letter) ? COMMANDS[letter](text, this) : '')
  }

  #obeyNamed(packet: string): void {
    if (packet === 'vCont?') this.#reply(VCONT_ACTIONS)
    else if (packet.startsWith('vCont;'))
      this.#resume(parseActions(packet.slice('vCont'.length), this.target))
    else if (packet.startsWith('vRun;')) this.#run(packet.slice('vRun;'.length))
    else if (packet.startsWith('vKill;')) this.#killProcess(packet.slice('vKill;'.length))
    else if (packet.startsWith('vFile:'))
      this.#reply(this.#files?.answer(packet.slice('vFile:'.length)) ?? '')
    else this.#reply('')
  }

  #resume(resumptions: readonly Resumption[] | undefined): void {
    if (resumptions === undefined || this.#isGone) {
      this.#reply('E01')
      return
    }
    this.#isRunning = true
    this.#isAwaited = true
    this.target.resume(resumptions)
    if (this.#isInterrupted) this.target.interrupt(SIGINT)
  }

  /** gdb's `target extended-remote`. */
  #stay(): void {
    const {programs} = this.target
    if (programs !== undefined) programs.stays = true
    this.#reply(programs === undefined ? '' : 'OK')
  }

  get #stays(): boolean {
    return this.target.programs?.stays === true
  }

  /** The answer is the program's first stop. */
  #run(words: string): void {
    const {programs} = this.target
    const request = this.next.requestOf(words)
    if (programs === undefined) this.#reply('')
    else if (!this.#stays || request === undefined || !this.#isGone || !programs.run(request))
      this.#reply('E01')
    else {
      this.#isInterrupted = false
      this.#isRunning = true
      this.#isAwaited = true
    }
  }

  get #isGone(): boolean {
    return this.target.threads().length === 0 && this.target.hasUntold !== true
  }

  /** @param isAnswered gdb waits for an answer, not for the stop */
  #kill(isAnswered: boolean): void {
    if (!isAnswered) this.end()
    this.#isRunning = true
    this.target.kill()
    if (isAnswered) this.#reply('OK')
    else this.#ends.close()
  }

  #killProcess(pid: string): void {
    const process = this.#one(pid)
    if (process === undefined) this.#reply('E01')
    else if (process === 'all') this.#kill(true)
    else {
      this.target.kill(process)
      this.#leaveProcess()
    }
  }

  /** gdb's command `monitor`. */
  #monitor(hex: string): void {
    const command = Buffer.from(parseBytes(hex) ?? []).toString('latin1')
    if (command !== 'exit') {
      this.#reply(textToHex(MONITOR_HELP))
      return
    }
    this.#reply('OK')
    this.#kill(false)
  }

  /** A process that is not the only one. @returns `all` for the only one; undefined when there is no such process */
  #one(pid: string): number | 'all' | undefined {
    const processes = this.target.processes?.()
    if (processes === undefined) return 'all'
    const named = this.#named(pid)
    return processes.length < 2 && named !== undefined ? 'all' : named
  }

  /** @returns undefined when there is no such process */
  #named(pid: string): number | 'all' | undefined {
    return pid === '' ? this.target.processOf!(this.thread) : parseProcess(pid, this.target)
  }

  #detach(pid: string): void {
    const process = this.#stays ? this.#named(pid) : this.#one(pid)
    if (process === undefined) this.#reply('E01')
    else if (process === 'all') {
      this.#reply('OK')
      this.end()
      this.target.detach()
      this.#ends.close()
    } else {
      this.target.detach(process)
      this.#leaveProcess()
    }
  }

  /** A process is gone, others are not. */
  #leaveProcess(): void {
    const threads = this.target.threads()
    if (!threads.includes(this.thread)) this.thread = threads[0] ?? 0
    this.#reply('OK')
  }

  #close(): void {
    this.end()
    this.#ends.close()
  }
}
