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
"$@" 0<> input 2> errors > output
status=$?
touch ended
cat output
cat errors >&2
exit $status
`
const UNTIL_IT_WAITS = 'until grep -qs "waiting for gdb" $1/errors || test -e $1/ended; do sleep 0.1; done'

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
    const number = this.#started++
    const [folder, here] = [`/tmp/${basename(this.directory)}-${number}`, join(this.directory, `${number}`)]
    const hv = ['node', '/hv/dist/bin/hv.cjs', 'run', '--gdb', `unix:${folder}/socket`, ...argv]
    const outcome = this.#inside(['sh', '-c', RUN, 'sh', folder, ...hv], {timeoutMs})
    // Callers that await it still see the failure.
    outcome.catch(() => {})
    await this.#inside(['sh', '-c', UNTIL_IT_WAITS, 'sh', folder])
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
