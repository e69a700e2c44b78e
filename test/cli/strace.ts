// Traces of one program from strace, natively, and from `hv trace`, made comparable: answers that may differ between two
// kernels are replaced. Each replacement says why.

import {spawnSync} from 'node:child_process'
import {mkdirSync, mkdtempSync, readFileSync, rmSync} from 'node:fs'
import {hostname, tmpdir} from 'node:os'
import {join} from 'node:path'
import {stepMs} from '../../ci/budgets.mjs'
import {guestEnvironment} from '../../src/launch/options.ts'
import {HV} from './hv.ts'

const TIMEOUT_MS = stepMs('command')
/** The environment that hv gives a guest. */
const ENV = guestEnvironment()

/**
 * Both see the host's files: hv through `--root /`. What the program makes goes into the same directory, empty each time: SCRATCH
 * in an argument names it.
 */
export class TraceBench {
  readonly #folder = mkdtempSync(join(tmpdir(), 'hv-strace-'))
  readonly #scratch = join(this.#folder, 'scratch')
  readonly #file = join(this.#folder, 'trace')

  native(program: string, args: readonly string[]): string[] {
    // -f puts the pid at the start of each line.
    const lines = this.#run('strace', ['-f', '-o', this.#file, program, ...this.#named(args)])
    const pid = lines[0].split(' ')[0]
    const own = lines.map((line) => line.slice(pid.length).trimStart())
    // hv loads the program itself: no call of the guest does it.
    return withoutIgnoredSignals(comparable(own.slice(1), pid))
  }

  underHv(flags: readonly string[], program: string, args: readonly string[]): string[] {
    const given = [
      '--root',
      '/',
      '--hostname',
      hostname(),
      '--env',
      `TMPDIR=${this.#scratch}`,
      '--volume',
      `${this.#scratch}:${this.#scratch}:rw`,
    ]
    const words = [HV, 'trace', '-f', '-o', this.#file, ...given, ...flags, program, ...this.#named(args)]
    return comparable(this.#run(process.execPath, words), '2')
  }

  #named(args: readonly string[]): string[] {
    return args.map((arg) => arg.replaceAll('SCRATCH', this.#scratch))
  }

  dispose(): void {
    rmSync(this.#folder, {recursive: true})
  }

  #run(command: string, args: string[]): string[] {
    rmSync(this.#scratch, {recursive: true, force: true})
    mkdirSync(this.#scratch)
    const {error, stderr} = spawnSync(command, args, {
      cwd: '/',
      env: {...ENV, TMPDIR: this.#scratch},
      stdio: ['ignore', 'pipe', 'pipe'],
      encoding: 'latin1',
      timeout: TIMEOUT_MS,
    })
    if (error !== undefined) throw error
    const text = readFileSync(this.#file, 'latin1')
    if (text === '') throw new Error(`${command} traced nothing: ${stderr}`)
    return text.trimEnd().split('\n')
  }
}

/** glibc asks the vDSO; hv's answers only after the first call for the time (src/sentry/time/clock.ts). */
const CLOCK_CALLS = /^(time|gettimeofday|clock_gettime)\(/
/** These show the process's number. */
const PID_CALLS = /^(getpid|gettid|set_tid_address|kill|tkill|tgkill)\(/
const RANDOM_CALLS = /^getrandom\(/
/** Addresses, and words as large: programs have the same addresses in both, but stack, heap and mappings have random ones. */
const ADDRESS = /0x[0-9a-f]{5,}/g
/** The name of check.h's scratch directory: mkdtemp(3). */
const RANDOM_NAME = /guest-\w{6}/g

/** @param pid of the process */
function comparable(lines: readonly string[], pid: string): string[] {
  const names = new Map<string, string>()
  // Names follow the order of appearance: one address always has the same name, and another has another.
  const named = (text: string): string => {
    if (!names.has(text)) names.set(text, `<${names.size}>`)
    return names.get(text)!
  }
  const shown = lines
    .filter((line) => !CLOCK_CALLS.test(line))
    .map((line) =>
      // hv has no rseq(2): glibc does without.
      line.startsWith('rseq(') ? 'rseq' : line.replace(RANDOM_NAME, named).replace(ADDRESS, named),
    )
    .map((line) => (PID_CALLS.test(line) ? line.replaceAll(new RegExp(`\\b${pid}\\b`, 'g'), '<pid>') : line))
    // A guest's first process has no parent.
    .map((line) =>
      line.replace(`si_pid=${pid}`, 'si_pid=<pid>').replace(/^(getppid\(\) += )\d+/, '$1<parent>'),
    )
    // Node's pipes are UNIX sockets, which hv shows its guest as pipes: src/vfs/host-stream.ts.
    .map((line) => line.replace('st_mode=S_IFSOCK|', 'st_mode=S_IFIFO|'))
    .map((line) => (RANDOM_CALLS.test(line) ? line.replace(/"[^"]*"/, '<bytes>') : line))
    // Replaced texts differ in length, and so does the space after them.
    .map((line) => line.replace(/ += /, ' = '))
  // mkdtemp(3) asks again when the bytes would make an uneven choice.
  return shown.filter((line, i) => !(RANDOM_CALLS.test(line) && line === shown[i - 1]))
}

/** A traced process gets even ignored signals, so that its tracer sees them: ptrace(2). hv's is not traced. */
function withoutIgnoredSignals(lines: readonly string[]): string[] {
  const ignored = new Set(['SIGCHLD', 'SIGURG', 'SIGWINCH', 'SIGCONT'])
  return lines.filter((line) => {
    const [, signal, handler] = /^rt_sigaction\((\w+), \{sa_handler=([^,]+),.* = 0$/.exec(line) ?? []
    if (handler === 'SIG_IGN') ignored.add(signal)
    else if (handler !== undefined && handler !== 'SIG_DFL') ignored.delete(signal)
    const [, came] = /^--- (\w+) /.exec(line) ?? []
    return came === undefined || !ignored.has(came)
  })
}
