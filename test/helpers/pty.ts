// Pty: a command in a real pseudo-terminal: what a person types, sees, and finds afterwards.
// Node has no way to open one; Python's standard library has, and CI has Python for node-gyp anyway.

import {type ChildProcessWithoutNullStreams, spawn} from 'node:child_process'
import {readdirSync, readFileSync} from 'node:fs'
import {createInterface} from 'node:readline'
import {setTimeout as sleep} from 'node:timers/promises'
import {fileURLToPath} from 'node:url'
import {onTestFinished} from 'vitest'

const DRIVER = fileURLToPath(new URL('terminal-driver.py', import.meta.url))
/** Far longer than anything takes: a test that waits in vain fails after it. */
const TIMEOUT_MS = 60_000
const SIGCONT = 18
/** The pause between two looks at what runs. */
const LOOK_MS = 10

interface Answer {
  pid?: number
  output?: string
  modes?: unknown
  stopped?: number
  status?: number
}

export class Pty {
  /** All that was shown, and how much of it `expect` has passed. */
  output = ''
  #passed = 0
  #pid: number | undefined
  #status: number | undefined
  #stopped: number | undefined
  #modes: string | undefined
  readonly #driver: ChildProcessWithoutNullStreams
  #changed: () => void = () => {}

  /** `background`: another job has the terminal. */
  constructor(command: readonly string[], {background = false} = {}) {
    this.#driver = spawn('python3', [DRIVER, background ? 'background' : 'foreground', ...command], {
      env: {PATH: process.env.PATH, HOME: process.env.HOME, TERM: 'xterm'},
    })
    this.#driver.stderr.pipe(process.stderr)
    createInterface({input: this.#driver.stdout}).on('line', (line) => this.#take(JSON.parse(line)))
    onTestFinished(() => void this.#driver.stdin.end())
  }

  type(text: string): void {
    this.#ask({write: text})
  }

  resize(rows: number, columns: number): void {
    this.#ask({size: [rows, columns]})
  }

  /** Stops reading what the terminal shows, like a connection that hangs. */
  hold(): void {
    this.#ask({hold: true})
  }

  /** Gives the command's job the terminal and continues it, as a shell's fg does. */
  resume(): void {
    this.#stopped = undefined
    this.#ask({foreground: true})
    this.#ask({signal: SIGCONT})
  }

  kill(signal: number): void {
    this.#ask({signal})
  }

  /** What stty shows, as one string to compare. */
  async modes(): Promise<string> {
    this.#modes = undefined
    this.#ask({modes: true})
    return this.#until('modes', () => this.#modes)
  }

  /** Waits until what was shown since the last time matches. */
  async expect(wanted: RegExp): Promise<string> {
    return this.#until(String(wanted), () => {
      const match = wanted.exec(this.output.slice(this.#passed))
      if (match === null) return undefined
      this.#passed += match.index + match[0].length
      return match[0]
    })
  }

  /** Waits until the command, and all that it started, waits too: no thread runs, or ran since the last look. */
  async idle(): Promise<void> {
    const pid = await this.pid()
    const endMs = Date.now() + TIMEOUT_MS
    for (let last: string | undefined; Date.now() < endMs; await sleep(LOOK_MS)) {
      const now = switchesOf(pid)
      if (now !== undefined && now === last) return
      last = now
    }
    throw new Error(`never idle, at ${JSON.stringify(this.output.slice(this.#passed))}`)
  }

  /** The command's process. */
  async pid(): Promise<number> {
    return this.#until('a pid', () => this.#pid)
  }

  /** The exit status; negative: a signal. */
  async status(): Promise<number> {
    return this.#until('the end', () => this.#status)
  }

  /** The signal that stopped it. */
  async stopped(): Promise<number> {
    return this.#until('stop', () => this.#stopped)
  }

  #ask(request: object): void {
    this.#driver.stdin.write(`${JSON.stringify(request)}\n`)
  }

  #take({pid, output, modes, stopped, status}: Answer): void {
    if (pid !== undefined) this.#pid = pid
    if (output !== undefined) this.output += output
    if (modes !== undefined) this.#modes = JSON.stringify(modes)
    if (stopped !== undefined) this.#stopped = stopped
    if (status !== undefined) this.#status = status
    this.#changed()
  }

  async #until<T>(what: string, look: () => T | undefined): Promise<T> {
    const endMs = Date.now() + TIMEOUT_MS
    for (;;) {
      const found = look()
      if (found !== undefined) return found
      const leftMs = endMs - Date.now()
      if (leftMs <= 0) throw new Error(`no ${what} in ${JSON.stringify(this.output.slice(this.#passed))}`)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs)
        this.#changed = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }
}

/** How often each thread of a process and of its children left its processor; `undefined` while one of them runs. */
function switchesOf(pid: number): string | undefined {
  let switches = ''
  try {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      const folder = `/proc/${pid}/task/${thread}`
      const status = readFileSync(`${folder}/status`, 'utf8')
      if (/^State:\s+[RD]/m.test(status)) return undefined
      switches += `${thread} ${/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1]}\n`
      for (const child of readFileSync(`${folder}/children`, 'utf8').match(/\d+/g) ?? []) {
        const below = switchesOf(Number(child))
        if (below === undefined) return undefined
        switches += below
      }
    }
  } catch {
    // A process or thread has just ended.
    return undefined
  }
  return switches
}
