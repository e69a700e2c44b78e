// What a Sandbox takes and gives: the public shapes. requests.ts holds what it was given to them.

import type {ProgramStart} from '../../launch/options/program.ts'
import type {SettingOptions} from '../../launch/options/settings.ts'
import type {RunStats, TimeLimit} from '../../sentry/outside/program-result.ts'
import type {BrokenPledge} from '../../sentry/pledge/broken-pledge.ts'
import type {StopSignal} from '../../stop-signal.ts'
import type {SandboxTerminalSize} from '../protocol/terminal-size.ts'
import type {SandboxNetOptions} from './net/net-options.ts'
import type {SyscallHandlers} from './on-syscall.ts'

/** Where a sandbox's sentry runs: in a process of its own, or in a worker thread of this one. @see {@link SandboxOptions} */
export type Isolation = 'process' | 'thread'

/**
 * What a sandbox shows its programs, what it allows them, and what runs them. All are optional.
 *
 * @example
 * const options: SandboxOptions = {
 *   volumes: [{host: '/etc', guest: '/data', writable: false}],
 *   tmpfs: [{guest: '/tmp', maxBytes: 1 << 20}],
 *   ...{readOnly: true, memoryBytes: 64 << 20, cpus: 1, maxTasks: 20},
 *   ...{pledge: 'stdio rpath id', unveil: {'/data': 'r'}},
 *   ...{platform: 'auto', patchCalls: 'auto', isolation: 'process', jail: 'best'},
 * }
 * await using sandbox = await Sandbox.create(options)
 * console.log((await sandbox.run('/bin/busybox', ['cat', '/data/passwd'])).stdout.slice(0, 5)) // root:
 */
export interface SandboxOptions extends SettingOptions {
  /**
   * Where the sentry runs. `process`, the default: in a process of its own, which ends with the process that made it. If it dies (out of
   * memory, `kill -9`), that is an error of this sandbox, SANDBOX_DIED. `thread`: in a worker thread.
   */
  isolation?: Isolation
  /**
   * Functions by the names of system calls. Each is asked before a program makes its call, and may fail the call or give a result in its
   * place. `{before, after}`: `after` is told how the call ended. Calls without a function cost nothing more. Calls that a pledge forbids
   * are not asked about.
   */
  onSyscall?: SyscallHandlers
  /**
   * What programs reach outside of the sandbox, who reaches them, and names that this process answers. They reach each other over loopback
   * in any case.
   */
  net?: SandboxNetOptions
  /**
   * How many connections there may be at a time between this process and programs, 1 to 16,384, those of `net.serve` included, for which
   * programs then wait. Each has 128 KiB under way in each direction, at most. And how many sockets of this host programs have for what
   * `net.allow` names, 4,096 at most; connect(2) then fails with ENFILE. And how many connections there are to the ports of `net.publish`.
   * Default: 1,024.
   */
  maxConnections?: number
}

/** How a program starts, and when it must end. @see {@link Sandbox.spawn}, {@link SandboxRunOptions} */
export interface SandboxSpawnOptions extends ProgramStart {
  /** Stops the guest. `run` and `wait` then reject with an {@link AbortError}, which has what the program had written. */
  signal?: StopSignal
  /**
   * The program's standard streams are one guest terminal, /dev/pts/N, which controls its session; true: with 80 columns and 24 rows.
   * `stdin` is its keys: they are echoed, ^C is SIGINT and ^D an end of file, according to the modes that programs set. `stdout` is what it
   * shows, standard error included; `stderr` is empty. Default: false, three pipes.
   */
  pty?: boolean | SandboxTerminal
}

/**
 * A terminal for a program.
 *
 * @example
 * const pty: SandboxTerminal = {columns: 120, rows: 40, name: 'vt100'}
 * const child = sandbox.spawn('/bin/busybox', ['sh', '-c', 'echo $TERM; stty size'], {pty})
 * for await (const line of child) console.log(line) // vt100, 40 120
 */
export interface SandboxTerminal extends Partial<SandboxTerminalSize> {
  /** TERM, if `env` has none: default `xterm`, or what the image says. */
  name?: string
}

/**
 * How a program starts, what it reads, and how what it writes comes back.
 *
 * @example
 * const script = 'cd; pwd; echo $NAME; wc -c'
 * const options: SandboxRunOptions = {env: {NAME: 'me', HOME: '/tmp'}, stdin: 'hello', timeoutMs: 60_000}
 * console.log((await sandbox.run('/bin/busybox', ['sh', '-c', script], options)).stdout) // /tmp me 5
 */
export interface SandboxRunOptions extends Omit<SandboxSpawnOptions, 'pty'> {
  /**
   * Standard input; strings are sent as UTF-8. Default: empty. A stream (a Readable, a ReadableStream, an async generator) is read as the
   * program reads: some MiB of it wait, at most. If it fails, the program is killed and `run` rejects with what the stream threw. If the
   * program does not read all of it, the rest is destroyed, as by a `break` out of its loop.
   */
  stdin?: string | Uint8Array | AsyncIterable<string | Uint8Array>
  /**
   * Limit for standard output and for standard error, in bytes each; default 64 MiB, at most 2 GiB, or as text what fits a string: half a
   * GiB. Beyond it the guest gets ENOSPC.
   */
  maxOutputBytes?: number
  /** `buffer`: output as bytes. Default: as text, from UTF-8. */
  encoding?: 'utf8' | 'buffer'
}

/** Which stream's lines, and how long they may be. @see {@link SandboxProcess.lines} */
export interface SandboxLinesOptions {
  /** Default: `stdout`. */
  from?: 'stdout' | 'stderr'
  /** Bytes of a line, at least 1, at most what fits a string: half a GiB; default 1 MiB. A longer one ends the loop with LINE_TOO_LONG. */
  maxLineBytes?: number
}

/** What a trace reports, and how much of it. Sets of names are written as for strace's -e. @see {@link Sandbox.startTrace} */
export interface SandboxTraceOptions {
  /** Names, `%classes` and `/regular expressions` of system calls, separated by commas; `!` in front: all others. Default: all. */
  calls?: string
  /** Names of signals: `SIGINT,SIGTERM`. Default: all. */
  signals?: string
  /** Any of `successful`, `failed`, `unfinished` and `detached`. Default: all. */
  statuses?: string
  /** How many bytes of a string and elements of an array to show; default 32. */
  stringLimit?: number
  /** Shows what each descriptor leads to: `3</etc/passwd>`. */
  showsPaths?: boolean
}

/**
 * How a program ended. Exactly one of `exitCode` and `signal` is set, or neither after a time-out.
 *
 * @example
 * const child = sandbox.spawn('/bin/busybox', ['sleep', '100'], {timeoutMs: 100})
 * const {exitCode, signal, timedOut, outOfMemory}: SandboxExit = await child.wait()
 * console.log(exitCode, signal, timedOut, outOfMemory) // null null true false
 */
export interface SandboxExit {
  /** 0 to 255; null after a signal or a time-out. */
  exitCode: number | null
  /** The name of the signal that killed it: `SIGSEGV`. */
  signal: string | null
  /** It was killed after `timeoutMs` or `cpuTimeoutMs`; what it had written by then is kept. */
  timedOut: boolean
  /** Which of the two: `time` or `cpu-time`. Absent: it did not time out. */
  timedOutBy?: TimeLimit
  /** It was killed because `memoryBytes` were used up and it held the most of all running programs: `signal` is `SIGKILL`. */
  outOfMemory: boolean
  /** The call that it had not promised, if SIGSYS killed it for one. */
  broken?: BrokenPledge
  /**
   * How often it made calls that hv refuses on purpose with ENOSYS, by name, and what would have left the sandbox: see `neededRules`.
   * Absent: none.
   */
  refused?: Readonly<Record<string, number>>
  /** What `net.allow` would have to say for what was refused to it: `example.com`, `10.0.0.5:5432`; 20 at most. Absent: nothing was. */
  neededRules?: readonly string[]
  /** Counters and times by name; times end in `Ns` and are nanoseconds. */
  stats: RunStats
}

/**
 * How a program ended, with what it wrote.
 *
 * @example
 * const {stdout, outputTruncated} = await sandbox.run('/bin/busybox', ['seq', '1000'], {maxOutputBytes: 4})
 * console.log([stdout, outputTruncated]) // [ '1\n2\n', true ]
 */
export interface SandboxResult<Output = string> extends SandboxExit {
  /** A string, or bytes where `encoding` is `buffer`. */
  stdout: Output
  stderr: Output
  /** The program wrote more than `maxOutputBytes`. */
  outputTruncated: boolean
}
