// GdbInBed: Debian's gdb runs here, and hv's socket is in the bed.

import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {basename, join} from 'node:path'
import {afterAll} from 'vitest'
import {stepMs} from '../../ci/budgets.mjs'
import {runGdb} from '../cli/gdb/gdb.ts'
import type {Forward, Inside, Outcome} from './matrix.ts'

export const KERNEL_MS = stepMs('bedKernel')
const COMMAND_MS = stepMs('bedCommand')
const HV = '/hv/dist/bin/hv.cjs'
/** How long gdb waits for an answer; its own default is two seconds. */
const ANSWER_S = COMMAND_MS / 1000

export type Architecture = 'x86_64' | 'arm64'

/** What differs: names, where a function returns to, how it returns 7, and after how many breakpoints the next one is in memory. */
export const WORDS = {
  x86_64: {
    gdb: 'i386:x86-64',
    pc: '$rip',
    argument: '$rdi',
    general: '$r9',
    vector: '$xmm3.v2_int64',
    home: '*(long *)$sp',
    leave: 'set $sp = $stack + 8\nset $rax = 7',
    firstStep: 2,
    branch: 'jmp',
    kernel: 'vmlinux',
    // QEMU's SVM does not intercept INT3: a breakpoint in memory would be the guest's.
    otherBreakpoints: 0,
  },
  arm64: {
    gdb: 'aarch64',
    pc: '$pc',
    argument: '$x0',
    general: '$x9',
    vector: '$v3.d.u',
    home: '$lr',
    leave: 'set $sp = $stack\nset $x0 = 7',
    firstStep: 4,
    branch: 'b',
    kernel: 'vmlinuz',
    otherBreakpoints: 6,
  },
}

/** hv in the bed, waiting for gdb. */
export interface Debugged {
  /** In the bed: `input`, a pipe, and `output`. */
  readonly folder: string
  /** hv's outcome, when it has ended. */
  readonly outcome: Promise<Outcome>
  /** Runs a script. @returns gdb's output */
  gdb(script: string): Promise<string>
}

const RUN = `
set -e
mkdir $1
mkfifo $1/input
cd $1
shift
set +e
sh -c 'echo $$ > pid; exec "$@"' sh "$@" 0<> input 2> errors > output
status=$?
touch ended
cat output
cat errors >&2
exit $status
`
const UNTIL_IT_WAITS = 'until grep -qs "waiting for gdb" $1/errors || test -e $1/ended; do sleep 0.1; done'
const UNTIL_IT_RUNS = 'until grep -qs began $1/output || test -e $1/ended; do sleep 0.1; done'
/** A socket, behind which `hv gdb` attaches for each gdb. */
const BRIDGE = `
const [folder, hv] = process.argv.slice(1)
const pid = require('fs').readFileSync(folder + '/pid', 'utf8').trim()
const attach = (socket) => require('child_process').spawn('node', [hv, 'gdb', pid], {stdio: [socket, socket, 'inherit']})
require('net').createServer({pauseOnConnect: true}, attach).listen(folder + '/socket', () => console.log('listens'))
const seen = setInterval(() => require('fs').existsSync(folder + '/ended') && process.exit(), 100)
`
const UNTIL_IT_LISTENS = 'until test -S $1/socket || test -e $1/ended; do sleep 0.1; done'

/** gdb for the tests of one bed; made where tests are declared. */
export class GdbInBed {
  readonly directory = mkdtempSync(join(tmpdir(), 'hv-gdb-'))
  readonly #inside: Inside
  readonly #forward: Forward
  #started = 0

  constructor(inside: Inside, forward: Forward) {
    this.#inside = inside
    this.#forward = forward
    afterAll(() => rmSync(this.directory, {recursive: true}))
  }

  /** @param gdbWords gdb's arguments */
  async start(
    argv: readonly string[],
    gdbWords: readonly string[],
    timeoutMs = COMMAND_MS,
  ): Promise<Debugged> {
    const folder = this.#newFolder()
    const outcome = this.#run(folder, ['--gdb', `unix:${folder}/socket`, ...argv], timeoutMs)
    await this.#inside(['sh', '-c', UNTIL_IT_WAITS, 'sh', folder])
    return this.#debugged(folder, outcome, gdbWords, timeoutMs)
  }

  /** A program that says `began`, without --gdb: gdb attaches to it while it runs. */
  async attach(argv: readonly string[], gdbWords: readonly string[]): Promise<Debugged> {
    const folder = this.#newFolder()
    const outcome = this.#run(folder, argv, COMMAND_MS)
    await this.#inside(['sh', '-c', UNTIL_IT_RUNS, 'sh', folder])
    const bridge = this.#inside(['node', '-e', BRIDGE, folder, HV], {timeoutMs: COMMAND_MS})
    bridge.catch(() => {})
    await this.#inside(['sh', '-c', UNTIL_IT_LISTENS, 'sh', folder])
    return this.#debugged(folder, outcome, gdbWords, COMMAND_MS)
  }

  #newFolder(): string {
    return `/tmp/${basename(this.directory)}-${this.#started++}`
  }

  #run(folder: string, argv: readonly string[], timeoutMs: number): Promise<Outcome> {
    const outcome = this.#inside(['sh', '-c', RUN, 'sh', folder, 'node', HV, 'run', ...argv], {timeoutMs})
    // Callers that await it still see the failure.
    outcome.catch(() => {})
    return outcome
  }

  async #debugged(
    folder: string,
    outcome: Promise<Outcome>,
    gdbWords: readonly string[],
    timeoutMs: number,
  ): Promise<Debugged> {
    const here = join(this.directory, basename(folder))
    await this.#forward(here, `${folder}/socket`)
    const first = `set remotetimeout ${ANSWER_S}\ntarget remote ${here}\n`
    return {
      folder,
      outcome,
      gdb: (script) => runGdb(this.directory, first + script, gdbWords, timeoutMs),
    }
  }
}

/** Lets gdb's program go on, and interrupts it when `condition`, a Python expression, is true. */
export const interruptedWhen = (condition: string): string => `python
import os, threading, time
def later():
  time.sleep(0.3)
  while not (${condition}): time.sleep(0.1)
  gdb.post_event(lambda: gdb.execute('interrupt'))
threading.Thread(target=later, daemon=True).start()
end
continue
`
