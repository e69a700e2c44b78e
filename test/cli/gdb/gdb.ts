// Debian's gdb and what it debugs: a program or a machine under `hv run --gdb`, a program natively, or a core file.

import {type ChildProcess, execFileSync, spawn, spawnSync} from 'node:child_process'
import {closeSync, mkdtempSync, openSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {stepMs} from '../../../ci/budgets.mjs'
import {HV} from '../hv.ts'

const TIMEOUT_MS = stepMs('command')
/** How long a program may take to end when gdb has left. */
const AFTERWARDS_MS = TIMEOUT_MS / 2
const QUIET = ['set pagination off', 'set confirm off', 'set width 0']

export interface Debugged {
  /** gdb's output. */
  said: string
  /** hv's exit status. */
  status: number | null
  stdout: string
  stderr: string
}

/** One for each file of tests. */
export class GdbBench {
  readonly directory = mkdtempSync(join(tmpdir(), 'hv-gdb-'))
  #program: string | undefined
  #dynamic: string | undefined
  /** The program's standard input, which a script writes to. */
  readonly input = join(this.directory, 'input')
  #hvs: ChildProcess[] = []

  constructor() {
    execFileSync('mkfifo', [this.input])
  }

  get program(): string {
    this.#program ??= this.#build('guest', '-static', '-no-pie')
    return this.#program
  }

  /** The same, with shared libraries. */
  get dynamic(): string {
    this.#dynamic ??= this.#build('dynamic')
    return this.#dynamic
  }

  #build(name: string, ...flags: string[]): string {
    const path = join(this.directory, name)
    const source = new URL('guest.c', import.meta.url).pathname
    execFileSync('gcc', ['-g', '-O0', '-pthread', ...flags, '-o', path, source])
    return path
  }

  [Symbol.dispose](): void {
    for (const hv of this.#hvs) hv.kill('SIGKILL')
    rmSync(this.directory, {recursive: true})
  }

  get socket(): string {
    return join(this.directory, 'socket')
  }

  /** Debugs the program of guest.c. */
  async debug(flags: readonly string[], args: readonly string[], ...scripts: string[]): Promise<Debugged> {
    return this.run([...flags, this.program, ...args], [this.program], scripts)
  }

  /**
   * Starts hv, waits until it waits, and runs gdb with each script in turn.
   * @param gdbWords gdb's arguments
   */
  async run(
    argv: readonly string[],
    gdbWords: readonly string[],
    scripts: readonly string[],
  ): Promise<Debugged> {
    let said = ''
    const ended = await this.serve(argv, async () => {
      for (const script of scripts) said += await this.attach(script, gdbWords)
    })
    return {said, ...ended}
  }

  /** Runs gdb with a script on what hv serves. @returns what it said */
  attach(script: string, gdbWords: readonly string[] = [this.program]): Promise<string> {
    return this.#gdb([`target remote ${this.socket}`], script, gdbWords)
  }

  /** Starts hv, and lets `debug` connect to its socket once it waits there. */
  async serve(
    argv: readonly string[],
    debug: (hv: ChildProcess) => Promise<void>,
  ): Promise<Omit<Debugged, 'said'>> {
    const words = ['run', '--gdb', `unix:${this.socket}`, ...argv]
    const input = openSync(this.input, 'r+')
    const hv = spawn(process.execPath, [HV, ...words], {stdio: [input, 'pipe', 'pipe']})
    closeSync(input)
    this.#hvs.push(hv)
    const out = {stdout: '', stderr: ''}
    const exited = new Promise<number | null>((resolve) => hv.on('close', resolve))
    hv.stdout!.on('data', (text) => {
      out.stdout += text
    })
    await new Promise<void>((resolve, reject) => {
      hv.stderr!.on('data', (text) => {
        out.stderr += text
        if (out.stderr.includes('waiting for gdb')) resolve()
      })
      hv.on('close', () => reject(new Error(`hv ended: ${out.stderr}`)))
    })
    await debug(hv)
    // gdb's script may have failed while the program stood still.
    const timer = setTimeout(() => hv.kill('SIGKILL'), AFTERWARDS_MS)
    const status = await exited
    clearTimeout(timer)
    return {status, ...out}
  }

  /** Runs the same script on the program as the host runs it. */
  async natively(args: readonly string[], script: string): Promise<string> {
    return this.#gdb([`set args ${args.join(' ')}`, 'set startup-with-shell off', 'starti'], script)
  }

  /** @param words gdb's other arguments */
  core(file: string, script: string, words: readonly string[] = [this.program]): string {
    const lines = [...QUIET, ...script.trim().split('\n')].flatMap((line) => ['-ex', line])
    const ran = spawnSync('gdb-multiarch', ['-nx', '-batch', ...lines, ...words, '-core', file], {
      encoding: 'utf8',
      timeout: TIMEOUT_MS,
    })
    return ran.stdout + ran.stderr
  }

  async #gdb(
    first: readonly string[],
    script: string,
    words: readonly string[] = [this.program],
  ): Promise<string> {
    return runGdb(this.directory, `${first.join('\n')}\n${script}`, words)
  }
}

/**
 * Runs gdb to the end of a script.
 * @param directory where the script goes
 * @param words gdb's arguments
 */
export async function runGdb(
  directory: string,
  script: string,
  words: readonly string[],
  timeout = TIMEOUT_MS,
): Promise<string> {
  const file = join(directory, 'script')
  writeFileSync(file, `${QUIET.join('\n')}\n${script}`)
  const gdb = spawn('gdb-multiarch', ['-nx', '-batch', '-x', file, ...words], {timeout})
  let said = ''
  for (const stream of [gdb.stdout, gdb.stderr])
    stream.on('data', (text) => {
      said += text
    })
  await new Promise((resolve) => gdb.on('close', resolve))
  return said
}

/** The lines of gdb's output about the program, and not about where it lies: stops, frames, values. */
export function facts(said: string): string[] {
  return said
    .split('\n')
    .filter((line) =>
      /^(\$\d|#\d|Breakpoint \d, |Old value|New value|\d+\t|Value returned|Run till)/.test(line),
    )
    .map((line) => line.replace(/0x[0-9a-f]{9,}/g, 'STACK'))
}
